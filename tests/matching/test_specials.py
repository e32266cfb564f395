"""Season 0: a date, or a data set that names the special, and never less than two of them."""

from __future__ import annotations

from sync.matching.facts import Episode, Subject
from sync.matching.judge import judge
from tests.matching.making import SHOW, codes, episode, index_of, known, on, said, weekly

INDEX = index_of(
    (1, "tv", "2020-01-06", "2020-03-23", "tv/100", "ひだまり日和"),
    (2, "ova", "2020-06-10", "2020-06-10", "tv/100/season/0/episode/2"),
    (3, "ova", "2020-09-09", "2020-11-11", "tv/100/season/0"),
    (4, "movie", "2021-05-05", "2021-05-05", "movie/777", "劇場版 ひだまり日和"),
    (5, "movie", "2021-05-05", "2021-05-05", "movie/778", "よその映画"),
)
SEASON, OVA = weekly(1, "2020-01-06", 12), weekly(2, "2020-06-10", 1)
PARTS = Subject(
    3,
    eps=3,
    episodes=tuple(
        Episode(3000 + n, 0, n, n, text) for n, text in ((1, "2020-09-09"), (2, "2020-10-10"), (3, "2020-11-11"))
    ),
)
FILM = weekly(4, "2021-05-05", 1)


def test_an_ova_of_one_episode_is_known_by_its_release():
    assert said(INDEX, [episode(0, 5, on("2020-06-10"))], known(SEASON, OVA)) == [(2, 1, "HIGH", True)]


def test_a_release_may_be_two_weeks_off():
    assert said(INDEX, [episode(0, 5, on("2020-06-20"))], known(SEASON, OVA)) == [(2, 1, "HIGH", True)]
    assert said(INDEX, [episode(0, 5, on("2020-07-20"))], known(SEASON, OVA))[0][2] == "special_unknown"


def test_a_special_that_a_data_set_names_still_needs_a_date():
    assert said(INDEX, [episode(0, 2)], known(SEASON, OVA)) == [(2, 1, "MEDIUM", True)]
    assert {"tmdb_episode", "airdate"} <= codes(INDEX, episode(0, 2, on("2020-06-10")), known(SEASON, OVA))


def test_the_parts_of_an_ova_are_known_by_their_dates():
    assert said(INDEX, [episode(0, 8, on("2020-10-10"))], known(SEASON, OVA, PARTS)) == [(3, 2, "HIGH", True)]


def test_a_film_of_the_same_name_and_day_is_the_special():
    items = [episode(0, 9, on("2021-05-05"))]
    assert said(INDEX, items, known(SEASON, FILM, weekly(5, "2021-05-05", 1))) == [(4, 1, "HIGH", True)]


def test_two_works_of_one_day_are_asked():
    index = index_of(
        (1, "tv", "2020-01-06", "", "tv/100"),
        (2, "ova", "2020-06-10", "", "tv/100/season/0"),
        (3, "ova", "2020-06-10", "", "tv/100/season/0"),
    )
    found = said(index, [episode(0, 4, on("2020-06-10"))], known(SEASON, OVA, weekly(3, "2020-06-10", 1)))
    assert found[0][2:] == ("LOW", True)


def test_a_special_inside_the_season_needs_its_title_beside_its_date():
    inside = Episode(1900, 1, 1, 0, "2020-02-15", name="温泉だよ！")
    season = Subject(1, eps=12, episodes=(*(SEASON.episodes or ()), inside))
    item = episode(0, 3, on("2020-02-15"), title="温泉だよ")
    best = judge(INDEX, SHOW, [item], known(season)).verdicts[0].best
    assert best is not None
    assert (best.subject_id, best.position, best.episode_id, best.confidence.name) == (1, None, 1900, "HIGH")
    assert said(INDEX, [episode(0, 3, on("2020-02-15"))], known(season)) == [(1, None, "LOW", True)]


def test_a_special_without_date_or_name_is_asked():
    assert said(INDEX, [episode(0, 7)], known(SEASON)) == [(None, None, "special_unknown", True)]


def test_a_special_on_the_day_of_a_regular_episode_is_not_that_episode():
    assert said(INDEX, [episode(0, 6, on("2020-01-13"))], known(SEASON))[0][0] is None


def test_only_what_may_have_been_released_then_is_wanted():
    wants = judge(INDEX, SHOW, [episode(0, 5, on("2020-06-10"))], known(seasons=None)).wants
    assert wants.subjects == {2}
