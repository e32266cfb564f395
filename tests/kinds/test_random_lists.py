"""Whatever stands on both sides: nothing of the user's own is lost, and a second run writes nothing."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from bgmsync.standins.world import Listed
from tests.e2e.installation import adds_up
from tests.e2e.small import entry, small_world
from tests.kinds.lists import DONE, DROPPED, WISH
from trakt.models import TraktConfig
from trakt.rules import Collected, Conflict, EpisodeRatings, Finished, Hidden, Resumed, ShowRating, Split, Watchlisted

pytestmark = pytest.mark.e2e

SEEDS = range(8)
CHOICES = {
    "rating_conflict": Conflict,
    "rating_split": Split,
    "rating_show": ShowRating,
    "rating_episodes": EpisodeRatings,
    "collected": Collected,
    "watchlisted": Watchlisted,
    "hidden": Hidden,
    "finished": Finished,
    "resumed": Resumed,
}


def media(world, rng):
    """Every film, show, season and episode of the world, in random order."""
    shows = world.trakt.shows
    rows = [{"type": "movie", "movie": movie.trakt} for movie in world.trakt.movies]
    rows += [{"type": "show", "show": show.trakt} for show in shows]
    rows += [{"type": "season", "show": show.trakt, "season": s.number} for show in shows for s in show.seasons]
    rows += [{"type": "episode", "episode": e.trakt} for show in shows for s in show.seasons for e in s.episodes[:2]]
    rng.shuffle(rows)
    return rows


def random_world(rng):
    plays = ["Clannad 1x1-22", "Attack on Titan 1x1-9", "Mushi-Shi 1x1-26", "Paprika", "Naruto 1x1-3"]
    listed = []
    world = small_world(*rng.sample(plays, 3))
    for subject in rng.sample(world.bangumi.subjects, 25):
        kind = rng.randint(1, 5)
        row = entry(subject.id, kind, rate=0 if kind == WISH else rng.choice([0, 0, 4, 7, 10]))
        tags = rng.sample(["校园", "owned", "神作", "补番"], rng.randint(0, 3))
        comment = rng.choice([None, "自己写的"])
        listed.append(row.model_copy(update={"private": rng.random() < 0.3, "comment": comment, "tags": sorted(tags)}))
    world.bangumi.users[0].collections = listed
    user = world.trakt.users[0]
    at = datetime.now(UTC).replace(microsecond=0)

    def rows(count, *types, **values):
        chosen = [row for row in media(world, rng) if row["type"] in types][:count]
        return [Listed(at=at - timedelta(days=rng.randint(1, 900)), **row, **values) for row in chosen]

    every = ("movie", "show", "season", "episode")
    user.ratings = [row.model_copy(update={"rating": rng.randint(1, 10)}) for row in rows(25, *every)]
    user.collection = rows(10, "movie", "episode")
    user.watchlist = rows(8, *every)
    user.hidden = rows(3, "show", section="dropped")
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_of_the_users_own_is_lost_and_a_second_run_writes_nothing(install, seed):
    rng = random.Random(seed)  # noqa: S311  # a repeatable world
    world = random_world(rng)
    rules = {name: rng.choice(choice.values) for name, choice in CHOICES.items()}
    installation = install(world)
    TraktConfig.objects.update(**rules)
    before = installation.shelf()
    run = installation.sync()
    after = installation.shelf()
    assert run["status"] == "succeeded"
    assert adds_up(run)
    assert all(kind["read"] == sum(kind["items"].values()) for kind in run["kinds"].values())
    for subject, row in before.items():
        now = after[subject]
        assert (now["comment"], now["private"]) == (row["comment"], row["private"])
        assert set(row["tags"]) <= set(now["tags"]) <= {*row["tags"], "owned"}
        if row["rate"] and rules["rating_conflict"] == "keep":
            assert now["rate"] == row["rate"]
        if row["type"] == DONE:
            assert now["type"] == DONE
        if row["type"] == DROPPED:
            assert now["type"] == DROPPED or rules["resumed"] == "doing"
        assert now["type"] != WISH or row["type"] == WISH
    assert [b for b in installation.breaches() if b["kind"] != "unknown"] == []
    again = installation.sync()
    assert (again["requests"], again["writes"]) == ({"trakt": 1, "bangumi": 0}, 0)
    full = installation.sync("--full")
    assert full["writes"] == 0
    assert installation.shelf() == after
