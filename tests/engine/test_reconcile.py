"""Plays that no window by date shows are found by comparing with Trakt's complete maps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sync.engine.reconcile import MARGIN, MOST_WINDOWS, plays_gone, times_missing, windows
from trakt.schemas import RejectedRow, WatchedMap

DAY = datetime(2025, 3, 1, 20, tzinfo=UTC)


def watched(**plays):
    return WatchedMap(plays={int(key[1:]): times for key, times in plays.items()})


def test_an_episode_that_the_ledger_lacks_is_missing():
    assert times_missing(watched(e1=[DAY], e2=[DAY]), {1: 1}) == [DAY]


def test_a_rewatch_that_the_ledger_lacks_is_missing_with_all_its_times():
    again = DAY + timedelta(days=9)
    assert times_missing(watched(e1=[DAY, again]), {1: 1}) == [DAY, again]


def test_nothing_is_missing_when_all_counts_agree():
    assert times_missing(watched(e1=[DAY, DAY], e2=[DAY]), {1: 2, 2: 1}) == []


def test_plays_that_trakt_has_no_more_are_counted():
    assert plays_gone(watched(e1=[DAY]), {1: 2, 2: 3}) == 4


def test_a_doubtful_map_proves_no_removal():
    map_ = watched()
    map_.rejected.append(RejectedRow(0, "x", "not an id"))
    assert plays_gone(map_, {1: 2}) == 0


def test_times_that_touch_are_read_in_one_window():
    near = DAY + MARGIN
    assert windows([near, DAY, DAY]) == [(DAY - MARGIN, near + MARGIN)]


def test_too_many_holes_are_filled_by_reading_everything():
    assert windows(DAY + timedelta(days=n) for n in range(MOST_WINDOWS + 1)) is None
    assert len(windows(DAY + timedelta(days=n) for n in range(MOST_WINDOWS)) or ()) == MOST_WINDOWS
