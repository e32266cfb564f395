"""Seasons that Trakt dates late as a whole, and those that only look so."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sync.matching.facts import Episode, Item, Listed, Subject
from sync.matching.judge import judge
from tests.matching.making import SHOW, episode, index_of, known, on, said, weekly

BEGIN = date(2020, 1, 6)
ONE = index_of((1, "tv", "2020-01-06", "2020-03-23", "tv/100"))
TWO_COURS = index_of(
    (1, "tv", "2020-01-06", "2020-03-23", "tv/100"),
    (2, "tv", "2020-07-06", "2020-09-21", "tv/100"),
)
FIRST, SECOND = weekly(1, "2020-01-06", 12), weekly(2, "2020-07-06", 12)


def late(days: int, *numbers: int, begin: date = BEGIN) -> list[Item]:
    """Items dated so many days after a weekly broadcast."""
    return [episode(1, n, on(begin + timedelta(days=days), n - 1)) for n in numbers]


def listing(items: list[Item]) -> tuple[Listed, ...]:
    return tuple(Listed(1, item.number or 0, first_aired=item.first_aired) for item in items)


def positions(found: list[tuple]) -> list[tuple]:
    return [(position, confidence) for _, position, confidence, _ in found]


@pytest.mark.parametrize("days", [-7, 2, 3, 7, 14, 21, 30])
def test_a_season_that_is_late_as_a_whole_is_told_by_its_numbers(days):
    items = late(days, *range(1, 13))
    found = said(ONE, items, known(FIRST, seasons=listing(items)))
    assert positions(found) == [(n, "HIGH") for n in range(1, 13)]


def test_the_first_plays_of_a_season_a_week_late_wait_for_trakts_list():
    judgement = judge(ONE, SHOW, late(7, 1, 2, 3, 4), known(FIRST, seasons=None))
    assert judgement.wants.seasons
    assert all(verdict.best and verdict.best.confidence.name == "LOW" for verdict in judgement.verdicts)


@pytest.mark.parametrize("numbers", [(1, 2, 3, 4), (5, 6), (7,)])
def test_trakts_list_tells_that_a_season_is_late(numbers):
    seasons = listing(late(7, *range(1, 13)))
    found = said(ONE, late(7, *numbers), known(FIRST, seasons=seasons))
    assert positions(found) == [(n, "HIGH") for n in numbers]


def test_a_play_alone_is_not_written_as_the_next_episode():
    assert said(ONE, late(7, 5), known(FIRST))[0][2] == "LOW"


def test_a_season_that_begins_with_the_second_episode_is_asked():
    """Eleven episodes, dated as the last eleven of twelve: late, or without the first?"""
    items = late(7, *range(1, 12))
    found = said(ONE, items, known(FIRST, seasons=listing(items)))
    assert {confidence for _, confidence in positions(found)} == {"LOW"}


def test_a_season_too_short_for_either_is_more_likely_late():
    items = late(7, *range(1, 9))
    found = said(ONE, items, known(FIRST, seasons=listing(items)))
    assert positions(found) == [(n, "MEDIUM") for n in range(1, 9)]


def test_a_gap_in_the_broadcast_tells_without_trakts_list():
    rows = weekly(1, "2020-01-06", 12).episodes or ()
    days = [BEGIN + timedelta(weeks=n if n < 3 else n + 1) for n in range(12)]
    subject = Subject(
        1,
        eps=12,
        episodes=tuple(Episode(row.id, 0, row.sort, 0, str(day)) for row, day in zip(rows, days, strict=True)),
    )
    items = [episode(1, n, on(days[n - 1] + timedelta(days=7))) for n in range(1, 7)]
    knowledge = known(subject, seasons=None)
    assert positions(said(ONE, items, knowledge)) == [(n, "HIGH") for n in range(1, 7)]
    assert not judge(ONE, SHOW, items, knowledge).wants


def test_one_date_that_is_out_of_step_makes_it_less_sure():
    items = late(7, *range(1, 12))
    slip = episode(1, 12, on(BEGIN, 11))
    found = said(ONE, [*items, slip], known(FIRST, seasons=listing([*items, slip])))
    assert positions(found)[:11] == [(n, "MEDIUM") for n in range(1, 12)]


def test_two_cours_that_are_late_are_told_where_both_fill_the_season():
    items = late(7, *range(1, 13)) + [episode(1, n, on(date(2020, 7, 13), n - 13)) for n in range(13, 25)]
    found = said(TWO_COURS, items, known(FIRST, SECOND, seasons=listing(items)))
    assert [row[:3] for row in found[10:14]] == [(1, 11, "HIGH"), (1, 12, "HIGH"), (2, 1, "HIGH"), (2, 2, "HIGH")]


def test_a_date_that_meets_bangumis_own_number_is_not_late():
    """The list begins with an episode 0, and Trakt leaves it out."""
    subject = weekly(1, "2020-01-06", 12, first_sort=0)
    assert positions(said(ONE, late(7, 1, 2, 3), known(subject))) == [(2, "HIGH"), (3, "HIGH"), (4, "HIGH")]


def test_the_evidence_says_how_late_the_season_is():
    items = late(7, *range(1, 13))
    best = judge(ONE, SHOW, items, known(FIRST)).verdicts[0].best
    assert best is not None
    detail = next(evidence.detail for evidence in best.evidence if evidence.code == "airdate")
    assert detail == {"aired": "2020-01-13", "late": 7, "listed": "2020-01-06"}
