"""Which subjects a season, a show or an episode is, without reading a single list of episodes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sync.engine.kinds.base import Fact
from sync.engine.kinds.ratings import Ratings
from sync.engine.kinds.where import Where
from tests.matching.making import SHOW, index_of
from trakt.rules import Rules

INDEX = index_of(
    (1, "tv", "2020-01-06", "2020-03-23", "tv/100"),
    (2, "tv", "2020-07-06", "2020-09-21", "tv/100"),
    (3, "ova", "2020-12-25", "2020-12-25", "tv/100"),
    (4, "tv", "2022-01-03", "2022-03-21", "tv/100/season/2"),
    (5, "tv", "2024-01-01", "2024-03-18", "tv/100/season/3"),
    (6, "tv", "2019-01-01", "2019-01-01", "tv/100/season/0/episode/1"),
)
YEAR_2021 = datetime(2021, 5, 1, tzinfo=UTC)
ALONE = index_of((9, "tv", "2020-01-06", "2020-03-23", "tv/100"))


def where(index=INDEX, **known):
    return Where(index, SHOW, **known)


PLACES = [
    ("a season of two cours", where().season(1), (1, 2)),
    ("OVAs under the same id are beside it", where(index_of((3, "ova", "", "", "tv/100"))).season(1), (3,)),
    ("a later season", where().season(2), (4,)),
    ("a season that no data set knows", where().season(7), ()),
    ("twelve episodes are the first cour", where().season(1, episodes=12), (1,)),
    ("twenty-four are both", where().season(1, episodes=24), (1, 2)),
    ("what began after it was rated is no part of it", where().season(1, by=datetime(2020, 5, 1, tzinfo=UTC)), (1,)),
    ("plays tell what no data set knows", where(played={7: [70]}).season(7), (70,)),
    ("plays elsewhere outweigh an id", where(played={2: [99]}).season(2), (99,)),
    ("plays in a part do not hide the rest", where(played={1: [2]}).season(1), (1, 2)),
    ("a person's word outweighs all", where(played={2: [4]}, decided={2: [55]}).season(2), (55, 4)),
    ("the whole show", where().whole, (1, 2, 4, 5)),
    ("what was begun", where(played={2: [4], 0: [6]}).begun, (4,)),
    ("what was begun, if nothing was", where().begun, (1,)),
]


@pytest.mark.parametrize(("found", "subjects"), [p[1:] for p in PLACES], ids=[p[0] for p in PLACES])
def test_where_a_season_is(found, subjects):
    assert set(found) == set(subjects)


def leads(media, rule=None, index=INDEX, season=None, number=None):
    fact = Fact(1, media, season, number, YEAR_2021, {"rating": 8})
    return Ratings().leads(fact, where(index), rule or Rules())


RATED = [
    ("a season: all its subjects", leads("season", season=1), (1, 2), ""),
    ("a season: the first", leads("season", Rules(rating_split="first"), season=1), (1,), ""),
    ("a season: asked", leads("season", Rules(rating_split="ask"), season=1), (), "several_subjects"),
    ("the specials", leads("season", season=0), (), "specials_as_a_whole"),
    ("a season that nobody knows", leads("season", season=9), (), "season_unknown"),
    ("a show of several subjects", leads("show"), (), "show_rating"),
    ("a show that is one subject", leads("show", index=ALONE), (9,), ""),
    ("a show: its first season", leads("show", Rules(rating_show="first")), (1, 2), ""),
    ("a show: every season begun by then", leads("show", Rules(rating_show="every")), (1, 2), ""),
    ("a show: never", leads("show", Rules(rating_show="never"), index=ALONE), (), "show_rating"),
    ("an episode", leads("episode", season=2, number=3), (), "episode_rating"),
    ("an episode, for the mean", leads("episode", Rules(rating_episodes="mean"), season=2, number=3), (4,), ""),
]


@pytest.mark.parametrize(("lead", "subjects", "reason"), [r[1:] for r in RATED], ids=[r[0] for r in RATED])
def test_which_subjects_a_rating_goes_to(lead, subjects, reason):
    assert (lead.subjects, lead.reason) == (subjects, reason)
