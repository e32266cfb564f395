"""What a user's settings change about a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.installation import adds_up
from tests.e2e.small import CLANNAD, MUSHISHI, entry, small_world
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e


def test_plays_before_the_start_date_are_left_out_and_come_when_it_is_moved_back(install):
    world = small_world("Clannad 1x1-10")
    for days, play in enumerate(reversed(world.trakt.users[0].plays)):
        play.watched_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days, minutes=5)
    installation = install(world)
    since = (datetime.now(UTC) - timedelta(days=4)).date()
    TraktConfig.objects.update(since=since)
    run = installation.sync()
    assert adds_up(run)
    few = len(installation.marks()[CLANNAD])
    assert 4 <= few <= 5
    TraktConfig.objects.update(since=None)
    assert installation.sync()["status"] == "succeeded"
    assert len(installation.marks()[CLANNAD]) == 10


def test_with_a_high_threshold_less_is_written_and_the_rest_is_in_review_with_candidates(install):
    world = small_world("Clannad 1x1-5", "Mushi-Shi 1x1-3")
    (show,) = (show for show in world.trakt.shows if show.title == "Mushi-Shi")
    for season in show.seasons:
        for episode in season.episodes:
            episode.first_aired = None
            episode.title = None
    for subject in world.bangumi.subjects:
        if subject.id == MUSHISHI:
            for row in subject.episodes:
                row.airdate, row.name = "", ""
    installation = install(world)
    TraktConfig.objects.update(threshold=3)
    run = installation.sync()
    assert adds_up(run)
    left = installation.query("select count(*) from sync_syncitem where state = 'review' and candidates <> '[]'")
    assert run["items"].get("review", 0) == left[0][0]
    assert CLANNAD in installation.marks()


def test_new_entries_are_private_when_the_user_says_so_and_old_ones_stay_public(install):
    installation = install(small_world("Clannad 1x1-2", "Mushi-Shi 1x1-2", listed=[entry(MUSHISHI, 3)]))
    TraktConfig.objects.update(private=True, mark_private="allow")
    installation.sync()
    private = {int(subject): row["private"] for subject, row in installation.shelf().items()}
    assert private == {CLANNAD: True, MUSHISHI: False}


def test_with_history_off_nothing_is_read_and_nothing_written(install):
    installation = install(small_world("Clannad 1x1-2"))
    TraktConfig.objects.update(history=False)
    run = installation.sync()
    assert (run["read"], run["writes"]) == (0, 0)
    assert installation.shelf() == {}
