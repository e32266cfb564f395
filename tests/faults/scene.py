"""The scene of the stateful tests: what can be watched, rated and listed on Trakt, and where on Bangumi it belongs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.e2e.small import (
    BLACK_LAGOON,
    MUSHISHI,
    ONE_PUNCH,
    PAPRIKA,
    SECOND_BARRAGE,
    entry,
    main_ids,
    small_world,
)

if TYPE_CHECKING:
    from bgmsync.standins import World

GODFATHERS, LEV, HAIKYU = 842, 118107, 84171
ON_HOLD, WISH = 4, 1
HEARD_OF = {BLACK_LAGOON, SECOND_BARRAGE, MUSHISHI, ONE_PUNCH, PAPRIKA, GODFATHERS, LEV}
NEIGHBOURS = {HAIKYU, 147359, 193619, 92705, 106207, 144852}
"""What the matching looks at besides."""


class Thing(NamedTuple):
    """Something to watch: named as a play does, and the Bangumi subject and episode that it is."""

    watched_as: dict[str, int]
    subject: int
    episode: int


class Rated(NamedTuple):
    """Something to rate or to list on Trakt: its row, and the one subject that it is."""

    row: dict[str, Any]
    subject: int


@lru_cache(maxsize=1)
def _stage() -> World:
    """Return the world before anything happened.

    A show whose one season is two cours, one of which is on hold; one that can be finished; a film; a film on a private
    wish; a special that is an OVA of its own; one that was begun, commented, tagged and rated by hand.
    """
    world = small_world()
    own = {"comment": "第一集就哭了", "tags": ["治愈", "mine"], "rate": 8}
    listed = [
        entry(MUSHISHI, 3, **own, marks={main_ids(world, MUSHISHI, 1)[0]: 2}),
        entry(SECOND_BARRAGE, ON_HOLD, comment="later"),
        entry(GODFATHERS, WISH, private=True, comment="not for everybody"),
    ]
    world = small_world(listed=listed)
    world.bangumi.subjects = [s for s in world.bangumi.subjects if s.id in HEARD_OF | NEIGHBOURS]
    return world


def make_stage() -> World:
    return _stage().model_copy(deep=True)


@lru_cache(maxsize=1)
def things() -> list[Thing]:
    """Return all that can be watched, the same in every example."""
    world = _stage()
    found = [Thing({"movie": _film(world, title)}, s, main_ids(world, s)[0]) for title, s in FILMS.items()]
    for title, season, numbers, subjects in EPISODES:
        show = next(show for show in world.trakt.shows if show.title == title)
        episodes = next(s.episodes for s in show.seasons if s.number == season)
        mains = [(subject, episode) for subject in subjects for episode in main_ids(world, subject)]
        found += [Thing({"episode": episodes[n - 1].trakt}, *mains[n - 1]) for n in numbers]
    return found


FILMS = {"Paprika": PAPRIKA, "Tokyo Godfathers": GODFATHERS}
EPISODES = [
    ("Black Lagoon", 1, range(10, 16), (BLACK_LAGOON, SECOND_BARRAGE)),
    ("One-Punch Man", 1, range(1, 13), (ONE_PUNCH,)),
    ("Mushi-Shi", 1, range(1, 5), (MUSHISHI,)),
    ("Haikyu!!", 0, range(1, 2), (LEV,)),
]
SEASON = "One-Punch Man"


def season() -> list[Thing]:
    """Return the episodes that finish a subject."""
    return [thing for thing in things() if thing.subject == ONE_PUNCH]


@lru_cache(maxsize=1)
def rated() -> list[Rated]:
    """Return what can be rated, collected and put on the watchlist."""
    world = _stage()
    show = next(show for show in world.trakt.shows if show.title == SEASON)
    found = [Rated({"type": "movie", "movie": _film(world, title)}, subject) for title, subject in FILMS.items()]
    return [*found, Rated({"type": "season", "show": show.trakt, "season": 1}, ONE_PUNCH)]


def films() -> list[Rated]:
    return rated()[: len(FILMS)]


def episodes_of(subject: int) -> list[int]:
    return main_ids(_stage(), subject)


def _film(world: World, title: str) -> int:
    return next(movie.trakt for movie in world.trakt.movies if movie.title == title)
