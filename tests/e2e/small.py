"""Small worlds of the demo's real shows: one says what was watched, and knows where it belongs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bgmsync.standins import DEMO_WORLD, World
from bgmsync.standins.world import BangumiSubject, BangumiUser, Collected, Play, TraktUser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WATCHED = re.compile(r"(?P<title>.+?)(?: (?P<season>\d+)x(?P<first>\d+)(?:-(?P<last>\d+))?)?")

CLANNAD, AFTER_STORY = 51, 876
BLACK_LAGOON, SECOND_BARRAGE = 979, 980
MUSHISHI, ONE_PUNCH, PAPRIKA, ATTACK = 340, 127563, 841, 55770

TRAKT_TOKENS = ("trakt-access-of-alice-0123456789", "trakt-refresh-of-alice-0123456789")
BANGUMI_TOKENS = ("bangumi-access-of-alice-0123456789", "bangumi-refresh-of-alice-0123456789")
FIRST_PLAY = 10_500_000_000_001
FIRST_STRANGER = 900_000_001


@lru_cache(maxsize=1)
def _demo() -> World:
    return World.load(DEMO_WORLD)


def small_world(*watched: str, listed: Iterable[Collected] = (), name: str = "alice") -> World:
    """Return a world of the demo's shows whose one user *watched* such things as ``"Clannad 1x1-22"``, ``"Paprika"``.

    They were watched in this order, the last one an hour ago. *listed* is the user's Bangumi list.
    """
    world = _demo().model_copy(deep=True)
    for subject in world.bangumi.subjects:
        subject.locked = False
    things = [thing for text in watched for thing in things_of(world, text)]
    last = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    plays = [
        Play(id=FIRST_PLAY + place, watched_at=last - timedelta(hours=6) * (len(things) - 1 - place), **thing)
        for place, thing in enumerate(things)
    ]
    listed = list(listed)
    world.bangumi.subjects += [stranger(row.subject_id) for row in listed if row.subject_id >= FIRST_STRANGER]
    world.trakt.users = [TraktUser(slug=name, access_token=TRAKT_TOKENS[0], refresh_token=TRAKT_TOKENS[1], plays=plays)]
    world.bangumi.users = [
        BangumiUser(
            id=1_000_002,
            username=name,
            access_token=BANGUMI_TOKENS[0],
            refresh_token=BANGUMI_TOKENS[1],
            collections=listed,
        )
    ]
    return world


def things_of(world: World, text: str) -> Iterator[dict[str, Any]]:
    """Name the episodes or the film that *text* says, as a play does: by Trakt's id."""
    found = WATCHED.fullmatch(text)
    assert found, text
    if found["season"] is None:
        (movie,) = (movie for movie in world.trakt.movies if movie.title == found["title"])
        yield {"movie": movie.trakt}
        return
    (show,) = (show for show in world.trakt.shows if show.title == found["title"])
    (season,) = (season for season in show.seasons if season.number == int(found["season"]))
    wanted = range(int(found["first"]), int(found["last"] or found["first"]) + 1)
    yield from ({"episode": episode.trakt} for episode in season.episodes if episode.number in wanted)


def entry(subject_id: int, kind: int, **values: Any) -> Collected:
    """Return a row of the user's Bangumi list; ``marks`` are states by episode id."""
    return Collected(subject_id=subject_id, type=kind, updated_at=datetime(2024, 5, 1, tzinfo=UTC), **values)


def strangers(count: int) -> list[Collected]:
    """Return as many rows of a long list that has nothing to do with what was watched."""
    return [entry(FIRST_STRANGER + n, 2) for n in range(count)]


def stranger(subject_id: int) -> BangumiSubject:
    return BangumiSubject(id=subject_id, name=f"Stranger {subject_id}", date="2010-01-01", platform="TV")


def main_ids(world: World, subject_id: int, count: int | None = None) -> list[int]:
    """Return the first *count* main episodes of a subject, in their order."""
    (subject,) = (subject for subject in world.bangumi.subjects if subject.id == subject_id)
    mains = sorted((e for e in subject.episodes if e.type == 0), key=lambda e: (e.disc, e.sort))
    return [episode.id for episode in mains][:count]
