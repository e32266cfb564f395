"""What hundreds of ratings, owned and wanted things cost: their pages, a write for each change, and the proof."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bgmsync.standins.world import BangumiSubject, Listed, TraktMovie
from sync.engine.index import current_index
from tests.e2e.installation import adds_up
from tests.e2e.small import small_world, strangers
from tests.kinds.lists import on_trakt

pytestmark = pytest.mark.e2e

MANY = 500
PAGE, LIST_PAGE = 250, 100


def films(count):
    """Return as many real films that one TMDB id leads to, as (TMDB id, subject)."""
    index = current_index()
    sure = (
        (tmdb, subjects[0])
        for tmdb, subjects in sorted(index.movies.items())
        if len(subjects) == 1 and index.entries[subjects[0]].form == "movie"
    )
    found, seen = [], set()
    for tmdb, subject in sure:
        if subject not in seen:
            found.append((tmdb, subject))
            seen.add(subject)
        if len(found) == count:
            return found
    raise AssertionError("too few films")


def big_world(listed=0):
    """A user who rated, owns or wants 500 films; nothing was watched. A third of the ratings go to what is listed."""
    world = small_world(listed=strangers(listed))
    user = world.trakt.users[0]
    world.trakt.movies, world.bangumi.subjects = [], []
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    for n, (tmdb, subject_id) in enumerate(films(MANY)):
        trakt = 280_000 + n
        world.trakt.movies.append(
            TraktMovie(trakt=trakt, slug=f"film-{n}", title=f"Film {n}", tmdb=tmdb, genres=["anime", "animation"])
        )
        world.bangumi.subjects.append(BangumiSubject(id=subject_id, name=f"映画{n}", platform="剧场版", eps=1))
        rows = (user.ratings, user.collection, user.watchlist)[n % 3]
        rows.append(Listed(type="movie", movie=trakt, at=at, rating=n % 10 + 1 if n % 3 == 0 else None))
    return world


def pages(rows, size):
    return max(-(-rows // size), 1)


@pytest.mark.parametrize("listed", [0, 430], ids=["empty list", "list of more than 400"])
def test_five_hundred_facts_cost_their_pages_one_write_each_and_the_pages_once_more(install, listed):
    world = big_world(listed)
    user = world.trakt.users[0]
    installation = install(world)
    run = installation.sync()
    assert run["status"] == "succeeded"
    assert adds_up(run)
    assert run["items"] == {"done": MANY}
    assert run["writes"] == MANY
    lists = [len(user.ratings), len(user.collection), 0, len(user.watchlist)]
    assert run["requests"]["trakt"] <= 1 + 1 + sum(pages(rows, PAGE) for rows in lists)
    proof = pages(listed, LIST_PAGE) + pages(listed + MANY, LIST_PAGE)
    assert run["requests"]["bangumi"] <= 1 + proof + MANY
    assert installation.breaches() == []
    again = installation.sync()
    assert again["requests"] == {"trakt": 1, "bangumi": 0}


def test_kinds_are_read_by_pages_and_each_page_is_asked_for_once(install):
    world = big_world()
    user = world.trakt.users[0]
    user.ratings = [Listed(type="movie", movie=m.trakt, at=datetime.now(UTC), rating=7) for m in world.trakt.movies]
    installation = install(world)
    run = installation.sync("--dry-run")
    assert run["kinds"]["ratings"]["read"] == MANY
    asked = Counter(r["path"] for r in installation.requests() if r["path"].startswith("/sync/ratings"))
    assert sum(asked.values()) == 2


def test_three_new_ratings_of_a_long_list_are_asked_for_one_by_one(install):
    world = small_world(listed=strangers(830))
    at = datetime.now(UTC).replace(microsecond=0)
    rows = [Listed(type="movie", movie=movie.trakt, at=at, rating=8) for movie in world.trakt.movies[:4]]
    world.trakt.users[0].ratings = rows[:1]
    installation = install(world)
    installation.sync()  # the first write, before which the whole list is kept
    on_trakt(installation, "ratings", rows)
    installation.forget_requests()
    run = installation.sync()
    assert run["kinds"]["ratings"]["items"] == {"done": 4}
    assert run["requests"]["bangumi"] <= 1 + 3 * 3
