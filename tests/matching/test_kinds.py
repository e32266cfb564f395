from __future__ import annotations

import pytest

from sync.matching.facts import Work
from sync.matching.kinds import kind_of
from tests.matching.making import index_of

INDEX = index_of((1, "tv", "2020-01-06", "", "tv/100"))


def show(*genres: str, tmdb: int = 999, told: bool = True, **fields) -> Work:
    return Work("show", tmdb=tmdb, genres=genres if told else None, **fields)


@pytest.mark.parametrize(
    ("work", "kind"),
    [
        (show("drama", "anime"), "anime"),
        (show("anime", country="cn"), "donghua"),
        (show("donghua", "animation"), "donghua"),
        (show("animation", country="jp"), "anime"),
        (show("animation", language="ja"), "anime"),
        (show("animation", country="tw"), "donghua"),
        (show("animation", country="us"), "animation"),
        (show("animation", country="us", tmdb=100), "anime"),  # a co-production that Bangumi lists
        (show("drama", "comedy", country="jp"), "live_action"),
        (show("drama", tmdb=100), "live_action"),  # the data sets slip now and then
        (show(told=False), "unknown"),
        (show(), "unknown"),
        (show(told=False, tmdb=100), "anime"),
        (show(tmdb=100, country="cn"), "donghua"),
    ],
)
def test_the_kind_follows_from_genres_then_origin_then_the_data_sets(work, kind):
    assert kind_of(work, INDEX).name == kind


def test_a_film_is_not_known_by_the_number_of_a_show():
    assert kind_of(Work("movie", tmdb=100), INDEX).name == "unknown"


def test_the_kind_says_which_rule_decided():
    assert kind_of(show("drama"), INDEX).reason == "kind_not_drawn"
