"""Why an item is where it is, step by step, from what is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sync.admin.explain import Told, Written, explain
from sync.models import MappingOverride, SubjectPlan, SyncItem

RANK = {"code": "rank", "supports": True, "detail": {"number": 3, "position": 3, "of": 12}}
AIRDATE = {"code": "airdate", "supports": True, "detail": {"aired": "2023-10-06", "listed": "2023-10-06"}}
OTHER_DATE = {"code": "other_date", "supports": False, "detail": {"aired": "2023-10-06", "listed": "2024-01-05"}}
KEYED = {"code": "tmdb_season", "supports": True, "detail": {"season": 1}}


TOLD = Told(
    state="done",
    season=1,
    kind="anime",
    kind_reason="kind_by_genre",
    genres=("anime", "fantasy"),
    ids={"TMDB": 209867, "IMDb": ""},
    keyed=(400602,),
    versions={"bangumi-data": "0.3.208"},
    evidence=(KEYED, RANK, AIRDATE),
    candidates=({"subject_id": 400602, "position": 3, "evidence": (KEYED, RANK, AIRDATE)},),
    subject_id=400602,
    position=3,
    confidence=3,
    names={400602: "Frieren", 51: "Clannad"},
)


def told(**values) -> Told:
    return replace(TOLD, **values)


def step(title: str, **values):
    return next(step for step in explain(told(**values)) if step.title == title)


def test_the_steps_come_in_the_order_in_which_they_were_gone():
    assert [step.title for step in explain(told())] == [
        "Rules of yours",
        "What kind it is",
        "Candidates",
        "Numbers",
        "Dates and titles",
        "Rivals",
        "How sure that is",
        "A last look at Bangumi's list",
        "Writing",
    ]


def test_each_step_says_what_it_looked_at_and_what_it_found():
    assert step("What kind it is").text == "Anime. Trakt's genres say so: anime, fantasy."
    candidates = step("Candidates").text
    assert "TMDB 209867" in candidates
    assert "bangumi-data 0.3.208" in candidates
    assert "Frieren" in candidates
    assert [sentence.text for sentence in step("Numbers").sentences] == ["Number 3 of the season is position 3 of 12."]
    assert step("How sure that is").text == "High; your settings ask for medium."


def test_a_persons_decision_ends_the_way_at_once():
    steps = explain(told(by_person=True, rule="season 1", written=Written(7, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))))

    assert [step.title for step in steps] == ["A rule of yours", "Writing"]
    assert "for season 1" in steps[0].text
    assert steps[1].text == "Ticked by run #7 at 2026-01-02 03:04, and read back."


def test_what_the_settings_leave_out_ends_there():
    steps = explain(told(state="skipped", reason="live_action", kind="live_action", kind_reason="kind_not_drawn"))

    assert steps[-1].title == "Your settings"


def test_a_rival_is_named_with_what_it_lacked():
    rival = {"subject_id": 51, "position": 9, "evidence": (RANK, OTHER_DATE)}
    found = step("Rivals", candidates=(*told().candidates, rival)).rivals

    assert [(rival.name, rival.why) for rival in found] == [("Clannad, position 9", "this speaks against it:")]
    assert "but Bangumi lists 2024-01-05" in found[0].sentences[0].text


def test_a_rival_for_which_less_speaks_is_said_to_be_that():
    rival = {"subject_id": 51, "position": None, "evidence": (RANK,)}

    assert step("Rivals", candidates=(*told().candidates, rival)).rivals[0].why == "less speaks for it."


@pytest.mark.parametrize("reason", ["gate_other_episode", "gate_other_subject", "gate_no_such_episode"])
def test_what_the_gate_stopped_is_told_there(reason):
    gate = step("A last look at Bangumi's list", state="review", reason=reason)

    assert gate.look.icon == "question"


def test_specials_say_that_they_need_more():
    assert "Specials always need high." in step("How sure that is", season=0).text


def test_data_that_was_swapped_since_is_said():
    assert "were changed since" in step("Candidates", data_changed=True).text


@pytest.mark.parametrize("state", SyncItem.State.values)
def test_every_state_can_be_explained(state):
    assert explain(Told(state))
    assert explain(told(state=state))


def test_the_page_gathers_what_is_stored(rows, client):
    client.force_login(rows.config.user)
    MappingOverride.objects.create(user=rows.config.user, trakt_id=7, season=2, subject_id=1)
    SyncItem.objects.filter(pk=rows.item.pk).update(
        state="done", subject_id=400602, position=3, ticked_subject_id=400602, ticked_episode_id=12, evidence=[RANK]
    )
    SubjectPlan.objects.create(run=rows.run, user=rows.config.user, subject_id=400602, mark=[12], status="done")

    page = client.get(f"/admin/sync/syncitem/{rows.item.pk}/change/").content.decode()

    assert "There is 1 about this title, but not about this episode." in page
    assert f"Ticked by run #{rows.run.pk} at" in page
    assert "bangumi-data 0.3.208" in page
    assert "This is wrong" in page
