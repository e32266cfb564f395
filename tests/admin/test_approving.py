"""The page of a plan that waits: what it says, and what its buttons do."""

from __future__ import annotations

import pytest

from sync.admin.changes import changes_of, in_ranges
from sync.models import BangumiAccount, Subject, SubjectPlan, SyncRun
from tests.admin.conftest import TRIP_SUBJECT

PLANNED = SubjectPlan.Status.PLANNED


@pytest.fixture
def waiting(rows):
    """A run of alice's whose plan waits, with a season and a film."""
    SyncRun.objects.all().delete()
    run = SyncRun.objects.create(user=rows.config.user, trigger="button", status="awaiting", stage="plan")
    Subject.objects.filter(pk=TRIP_SUBJECT).delete()
    episodes = [[100 + n, 0, n, n, "", "", ""] for n in range(1, 13)]
    Subject.objects.create(id=TRIP_SUBJECT, name_cn="旅", episodes=episodes)
    mark = [101, 102, 103, 107]
    for subject, values in ((TRIP_SUBJECT, {"mark": mark, "collect": 3}), (841, {"collect": 2, "rate": 8})):
        SubjectPlan.objects.create(run=run, user=run.user, subject_id=subject, before={"list": None}, **values)
    return run


@pytest.fixture
def page(client, waiting):
    client.force_login(waiting.user)
    return f"/admin/sync/syncrun/{waiting.pk}/"


def test_the_plan_is_shown_by_subject_with_a_tick_box_each(client, page):
    html = client.get(f"{page}change/").content.decode()

    assert html.count('name="subject"') == 2
    assert "1–3, 7" in html
    assert "Added to your list as watching" in html
    assert "Rating 8" in html
    assert "Nothing was written yet." in html


def test_the_ticked_subjects_are_approved_and_the_run_goes_on(client, page, waiting, queued):
    client.post(f"{page}approve/", {"subject": [str(TRIP_SUBJECT)]})

    waiting.refresh_from_db()
    assert (waiting.status, waiting.approved_at is not None) == ("queued", True)
    assert {p.subject_id: p.status for p in waiting.plans.all()} == {TRIP_SUBJECT: PLANNED, 841: "declined"}
    assert BangumiAccount.objects.get().approved_at


def test_no_tick_at_all_is_no_answer(client, page, waiting):
    answer = client.post(f"{page}approve/", follow=True)

    waiting.refresh_from_db()
    assert waiting.status == "awaiting"
    assert "No subject is ticked" in answer.content.decode()


def test_not_now_ends_the_run_and_says_that_nothing_was_written(client, page, waiting):
    answer = client.post(f"{page}cancel/", follow=True)

    waiting.refresh_from_db()
    assert waiting.status == "cancelled"
    assert "Nothing was written. The next run plans it anew" in answer.content.decode()


def test_a_plan_is_answered_once(client, page, waiting, queued):
    client.post(f"{page}approve/", {"subject": [str(TRIP_SUBJECT)]})

    answer = client.post(f"{page}approve/", {"subject": ["841"]}, follow=True)

    assert "answered already" in answer.content.decode()
    assert waiting.plans.get(subject_id=841).status == "declined"


def test_home_leads_to_the_plan(client, page):
    html = client.get("/admin/").content.decode()

    assert "A plan waits for your yes" in html
    assert f"{page}change/" in html


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([3], "3"),
        ([1, 2, 3], "1–3"),
        ([1, 2, 4, 6, 7], "1–2, 4, 6–7"),
        ([None, 2], "2"),
        ([12.5, 13], "12.5, 13"),
    ],
)
def test_episodes_are_named_in_stretches(numbers, text):
    assert in_ranges(numbers) == text


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"list": None}, {"collect": 3, "complete": True}, ["added to your list as watched"]),
        ({"list": 3}, {"complete": True}, ["watching becomes watched"]),
        ({"list": 3}, {}, []),
        ({"list": 2, "rate": 6}, {"rate": 8}, ["rating 8 instead of 6"]),
        ({"list": 2, "rate": 6}, {"rate": 0}, ["your rating is taken away"]),
        ({"list": 2, "tags": ["TV"]}, {"tags": ["TV", "owned"]}, ["tag owned"]),
        ({"list": 2, "tags": ["TV", "owned"]}, {"tags": ["TV"]}, ["a tag is taken away"]),
    ],
)
def test_what_becomes_of_an_entry_is_said_in_words(before, after, said):
    assert list(changes_of(SubjectPlan(before=before, **after))) == said
