"""What later runs read, write and cost: new plays, late plays, rewatches, previews, full reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.models import SubjectPlan
from tests.e2e.installation import adds_up
from tests.e2e.small import (
    AFTER_STORY,
    BLACK_LAGOON,
    CLANNAD,
    MUSHISHI,
    ONE_PUNCH,
    main_ids,
    small_world,
    strangers,
    things_of,
)
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

SUBJECT_AND_LIST = 5
"""Requests to Bangumi that a subject may cost where it completes."""


@pytest.fixture(scope="module")
def began():
    """What was watched before; the tests change copies of it."""
    return small_world("Clannad 1x1-10", "Black Lagoon 1x1-3", "Mushi-Shi 1x1-5", "One-Punch Man 1x1-11")


def watch(installation, *texts, **values):
    """Let the user watch more, at Trakt."""
    world = installation.standins.hub.world
    plays = [thing | values for text in texts for thing in things_of(world, text)]
    installation.standins.control("plays", {"user": "alice", "plays": plays})


def test_a_second_run_asks_trakt_once_and_bangumi_never(install, began):
    installation = install(began)
    assert installation.sync()["items"] == {"done": 29}
    installation.forget_requests()
    again = installation.sync()
    assert [r["path"] for r in installation.requests()] == ["/sync/last_activities"]
    assert again["requests"] == {"trakt": 1, "bangumi": 0}
    assert (again["status"], again["writes"], again["read"]) == ("succeeded", 0, 0)


@pytest.mark.parametrize("others", [0, 430], ids=["short list", "list of more than 400"])
def test_three_new_plays_cost_one_window_and_five_requests_a_subject(install, others):
    world = small_world("Clannad 1x1-10", "Black Lagoon 1x1-3", "One-Punch Man 1x1-11", listed=strangers(others))
    installation = install(world)
    installation.sync()
    installation.forget_requests()
    watch(installation, "Clannad 1x11", "Black Lagoon 1x4", "One-Punch Man 1x12")
    run = installation.sync()
    assert run["status"] == "succeeded"
    assert adds_up(run)
    assert run["requests"]["trakt"] == 2
    assert run["requests"]["bangumi"] <= 3 * SUBJECT_AND_LIST + 3
    marks = installation.marks()
    assert marks[CLANNAD] == set(main_ids(world, CLANNAD, 11))
    assert marks[BLACK_LAGOON] == set(main_ids(world, BLACK_LAGOON, 4))
    assert installation.shelf()[str(ONE_PUNCH)]["type"] == 2
    assert installation.breaches() == []


def test_a_play_added_today_for_three_years_ago_is_found(install, began):
    installation = install(began)
    installation.sync()
    old = (datetime.now(UTC) - timedelta(days=1100)).isoformat()
    watch(installation, "Mushi-Shi 1x6", watched_at=old)
    run = installation.sync()
    assert run["status"] == "succeeded"
    assert adds_up(run)
    assert installation.marks()[MUSHISHI] == set(main_ids(began, MUSHISHI, 6))


def test_a_play_of_unknown_date_is_found_later(install, began):
    installation = install(began)
    installation.sync()
    watch(installation, "Clannad 2x1", watched_at="1970-01-01T00:00:00Z")
    installation.sync()
    assert installation.marks()[AFTER_STORY] == set(main_ids(began, AFTER_STORY, 1))


def test_a_late_play_that_came_with_new_ones_is_found_within_a_week(install, began):
    installation = install(began)
    installation.sync()
    watch(installation, "Mushi-Shi 1x6", watched_at="2020-02-02T20:00:00Z")
    watch(installation, "Clannad 1x11")
    installation.sync()
    config = TraktConfig.objects.get()
    config.activities["reconciled_at"] = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    config.save()
    watch(installation, "Clannad 1x12")
    installation.sync()
    assert len(installation.marks()[MUSHISHI]) == 6
    assert len(installation.marks()[CLANNAD]) == 12


def test_the_weekly_comparison_comes_though_nothing_moved_since(install, began):
    installation = install(began)
    installation.sync()
    watch(installation, "Mushi-Shi 1x6", watched_at="2020-02-02T20:00:00Z")
    watch(installation, "Clannad 1x11")
    installation.sync()
    config = TraktConfig.objects.get()
    config.activities["reconciled_at"] = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    config.save()
    installation.sync()
    assert len(installation.marks()[MUSHISHI]) == 6
    installation.forget_requests()
    installation.sync()
    assert [r["path"] for r in installation.requests()] == ["/sync/last_activities"]


def test_a_rewatch_writes_nothing(install, began):
    installation = install(began)
    installation.sync()
    before = installation.shelf()
    watch(installation, "Clannad 1x1-3")
    run = installation.sync()
    assert run["items"]["already"] == 3
    assert run["writes"] == 0
    assert installation.shelf() == before


def test_a_preview_writes_nothing_and_the_run_after_it_writes_what_was_previewed(install, began):
    installation = install(began)
    preview = installation.sync("--dry-run")
    assert preview["items"] == {"planned": 29}
    assert installation.shelf() == {}
    assert preview["writes"] == 0
    planned = SubjectPlan.objects.filter(run_id=preview["run"])
    run = installation.sync()
    assert run["items"] == {"done": 29}
    written = SubjectPlan.objects.filter(run_id=run["run"])
    what = ("subject_id", "collect", "clear", "mark", "complete")
    assert list(written.order_by("subject_id").values(*what)) == list(planned.order_by("subject_id").values(*what))


def test_a_full_run_reads_all_again_and_writes_nothing(install, began):
    installation = install(began)
    installation.sync()
    run = installation.sync("--full")
    assert run["read"] == 29
    assert (run["status"], run["writes"]) == ("succeeded", 0)
    assert adds_up(run)


def test_a_full_run_marks_again_what_was_unmarked_only_when_it_is_played_again(install, began):
    installation = install(began)
    installation.sync()
    first = main_ids(began, CLANNAD, 1)[0]
    installation.standins.control("edit", {"user": "alice", "subject_id": CLANNAD, "marks": {str(first): 0}})
    installation.sync("--full")
    assert first not in installation.marks()[CLANNAD]
    watch(installation, "Clannad 1x1")
    installation.sync()
    assert first in installation.marks()[CLANNAD]
