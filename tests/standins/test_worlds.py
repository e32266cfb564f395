"""The worlds that tests make of real data are repeatable, consistent and untidy."""

from __future__ import annotations

from collections import Counter

import pytest

from bgmsync.standins.clock import UNKNOWN
from tests import realdata
from tests.worlds import make_world

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not realdata.DATA.is_dir(), reason="../shared/data is not beside the project"),
]


@pytest.fixture(scope="module")
def made():
    return make_world(7, shows=80, plays=1000)


def test_there_are_as_many_plays_as_asked_and_each_has_its_truth(made):
    world, truth = made
    plays = world.trakt.users[0].plays
    assert len(plays) == 1000
    assert {play.id for play in plays} == truth.plays.keys()


def test_the_same_seed_makes_the_same_world(made):
    again, _ = make_world(7, shows=80, plays=1000)
    assert again.trakt.shows == made[0].trakt.shows
    assert again.bangumi.subjects == made[0].bangumi.subjects
    assert [p.episode for p in again.trakt.users[0].plays] == [p.episode for p in made[0].trakt.users[0].plays]


def test_every_expected_episode_is_a_main_one_of_its_subject(made):
    world, truth = made
    mains = {s.id: {e.id for e in s.episodes if e.type == 0} for s in world.bangumi.subjects}
    assert all(ids <= mains[subject_id] for subject_id, ids in truth.marks().items())


def test_episode_ids_belong_to_one_subject(made):
    ids = Counter(episode.id for subject in made[0].bangumi.subjects for episode in subject.episodes)
    assert max(ids.values()) == 1


def test_all_that_life_brings_is_there(made):
    world, truth = made
    plays = world.trakt.users[0].plays
    categories = {expected.category for expected in truth.plays.values()}
    assert categories >= {"split_cour", "specials_s0", "multi_season", "movie", "ova", "live_action", "absolute_long"}
    assert sum(play.watched_at == UNKNOWN for play in plays) > 10
    repeated = Counter((play.episode, play.movie, play.watched_at) for play in plays if play.watched_at != UNKNOWN)
    assert max(repeated.values()) > 1
    assert any(show.tmdb is None and show.tvdb for show in world.trakt.shows)
    assert any(e.first_aired is None for show in world.trakt.shows for s in show.seasons for e in s.episodes)


def test_live_action_may_share_its_number_with_an_anime_of_the_other_type(made):
    world, _ = made
    live = [show.tmdb for show in world.trakt.shows if "animation" not in show.genres]
    films = [movie.tmdb for movie in world.trakt.movies if "animation" in movie.genres]
    assert set(live) & set(films)


def test_a_perfect_result_is_right_and_a_foreign_mark_is_wrong(made):
    _, truth = made
    marks = truth.marks()
    assert (truth.share_right(marks), truth.wrong(marks)) == (1.0, set())
    assert truth.wrong({1: {2}}) == {(1, 2)}
    assert truth.share_right({}) == 0
