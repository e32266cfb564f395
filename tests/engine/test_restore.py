"""What an undo puts back: pure rules of what was written, what stood before and what is there now."""

from __future__ import annotations

import pytest

from sync.bangumi.schemas import CollectionRow, CollectionType
from sync.engine.restore import Back, Found, put_back, turned_round, within
from sync.models import SubjectPlan

NONE, WISHED, WATCHED, DROPPED_EPISODE = 0, 1, 2, 3
WISH, DONE, DOING, ON_HOLD = 1, 2, 3, 4


def row(kind, rate=0, tags=()):
    return CollectionRow(
        subject_id=1, subject_type=2, type=CollectionType(kind), rate=rate, private=False, tags=tuple(tags)
    )


def plan_of(status="done", **values):
    before = {"list": WISH, "rate": 0, "tags": [], "marks": {}} | values.pop("before", {})
    return SubjectPlan(subject_id=1, status=status, before=before, **values)


def back_of(*plans, marks=None, entry=None):
    """Undo *plans*, the newest first, where Bangumi shows *marks* and *entry*."""
    return put_back([turned_round(plan) for plan in plans], Found(marks or {}, entry))


def test_a_tick_of_ours_goes_back_to_what_it_was():
    plan = plan_of(collect=DOING, mark=[7, 8], clear=[8], before={"marks": {"7": NONE, "8": DROPPED_EPISODE}})
    back = back_of(plan, marks={7: WATCHED, 8: WATCHED}, entry=row(DOING))
    assert (back.marks, back.list) == ({7: NONE, 8: DROPPED_EPISODE}, WISH)


def test_what_the_user_changed_since_stays_and_is_told():
    plan = plan_of(collect=DOING, rate=8, mark=[7], before={"marks": {"7": NONE}})
    back = back_of(plan, marks={7: DROPPED_EPISODE}, entry=row(ON_HOLD, rate=9))
    assert not back
    assert back.kept == {"marks": [7], "list": True, "rate": True}


def test_what_is_as_it_was_already_is_no_change_of_the_user():
    plan = plan_of(collect=DOING, rate=8, mark=[7], before={"marks": {"7": NONE}})
    back = back_of(plan, marks={7: NONE}, entry=row(WISH))
    assert not back
    assert (back.same, back.kept) == ({"marks": [7], "list": True, "rate": True}, {})


def test_an_entry_that_was_added_stays_without_ticks_and_rating():
    plan = plan_of(collect=DONE, rate=8, mark=[7], before={"list": None, "marks": {"7": NONE}})
    back = back_of(plan, marks={7: WATCHED}, entry=row(DONE, rate=8))
    assert (back.marks, back.list, back.rate, back.stays) == ({7: NONE}, None, 0, True)


def test_an_entry_that_the_user_took_off_the_list_is_left_alone():
    plan = plan_of(collect=DOING, mark=[7], before={"marks": {"7": NONE}})
    assert back_of(plan, entry=None).as_data() == Back(kept={"gone": True}).as_data()


def test_an_entry_that_is_not_on_the_list_as_before_is_as_it_was():
    plan = plan_of("failed", collect=DOING, mark=[7], before={"list": None, "marks": {"7": NONE}})
    assert back_of(plan, entry=None).as_data() == Back(same={"list": True, "marks": [7]}).as_data()


def test_of_several_plans_the_earliest_state_comes_back():
    first = plan_of(collect=DOING, rate=7, mark=[7], before={"marks": {"7": WISHED}})
    second = plan_of(complete=True, rate=9, mark=[8], before={"list": DOING, "rate": 7, "marks": {"8": NONE}})
    back = back_of(second, first, marks={7: WATCHED, 8: WATCHED}, entry=row(DONE, rate=9))
    assert (back.marks, back.list, back.rate, back.rated) == ({7: WISHED, 8: NONE}, WISH, 0, False)


def test_what_the_user_did_between_two_plans_ends_the_way_back():
    first = plan_of(collect=DOING, before={"list": WISH})
    second = plan_of(collect=DOING, mark=[7], before={"list": ON_HOLD, "marks": {"7": NONE}})
    assert back_of(second, first, marks={7: WATCHED}, entry=row(DOING)).list == ON_HOLD


def test_a_plan_that_was_interrupted_may_have_stopped_on_its_way():
    plan = plan_of("failed", collect=DOING, complete=True, mark=[7], before={"marks": {"7": NONE}})
    assert back_of(plan, marks={7: WATCHED}, entry=row(DOING)).list == WISH


def test_a_state_on_the_way_of_a_plan_that_is_done_is_the_users():
    plan = plan_of("done", collect=DOING, complete=True, mark=[7], before={"marks": {"7": NONE}})
    assert back_of(plan, marks={7: WATCHED}, entry=row(DOING)).list is None


def test_an_episode_that_an_interrupted_plan_may_have_cleared_gets_its_state_again():
    plan = plan_of("applying", mark=[7], clear=[7], before={"list": DOING, "marks": {"7": DROPPED_EPISODE}})
    assert back_of(plan, marks={7: NONE}, entry=row(DOING)).marks == {7: DROPPED_EPISODE}


def test_what_an_earlier_attempt_of_the_same_run_wrote_is_ours():
    tried = [{"list": [DOING], "rate": [8], "given": ["owned"], "taken": []}]
    plan = plan_of(mark=[8], before={"marks": {"7": NONE, "8": NONE}, "tried": tried})
    back = back_of(plan, marks={7: WATCHED, 8: WATCHED}, entry=row(DOING, rate=8, tags=["mine", "owned"]))
    assert (back.marks, back.list, back.rate, back.tags) == ({7: NONE, 8: NONE}, WISH, 0, ["mine"])


def test_a_wish_does_not_come_back_where_bangumi_would_drop_the_users_rating():
    plan = plan_of(collect=DOING, mark=[7], before={"marks": {"7": NONE}})
    back = back_of(plan, marks={7: WATCHED}, entry=row(DOING, rate=9))
    assert (back.marks, back.list, back.rated) == ({7: NONE}, None, True)


def test_tags_that_we_gave_go_and_those_of_the_user_stay():
    plan = plan_of(tags=["a", "owned"], before={"list": DOING, "tags": ["a"]})
    assert back_of(plan, entry=row(DOING, tags=["a", "b", "owned"])).tags == ["a", "b"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"marks": {"7": 0}, "list": 1, "rate": None, "tags": None}, ({7: 0}, 1)),
        ({"marks": {}, "list": None, "rate": None, "tags": None}, ({}, None)),
        ({"marks": {"7": 3, "8": 0}, "list": 4, "rate": 0, "tags": None}, ({8: 0}, None)),
    ],
)
def test_no_more_comes_back_than_the_preview_showed(shown, expected):
    back = within(Back(marks={7: 0, 8: 0}, list=1, rate=None), shown)
    assert (back.marks, back.list) == expected
