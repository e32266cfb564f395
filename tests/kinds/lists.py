"""Worlds with ratings, a collection, a watchlist and dropped shows: one names things, a line each."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bgmsync.standins.world import Listed
from tests.e2e.small import small_world

if TYPE_CHECKING:
    from bgmsync.standins import World
    from bgmsync.standins.world import Collected

WISH, DONE, DOING, ON_HOLD, DROPPED = 1, 2, 3, 4, 5
NAMED = re.compile(r"(?P<title>.+?)(?: (?P<season>\d+)(?:x(?P<number>\d+))?)?")
DAY = timedelta(days=1)


def thing(world: World, text: str) -> dict[str, Any]:
    """Name a film ("Paprika"), a show ("Clannad"), a season ("Clannad 2") or an episode ("Clannad 2x3")."""
    for movie in world.trakt.movies:
        if movie.title == text:
            return {"type": "movie", "movie": movie.trakt}
    titles = [show.title for show in world.trakt.shows]
    found = NAMED.fullmatch(text) if text not in titles else None
    name = found["title"] if found else text
    (show,) = (show for show in world.trakt.shows if show.title == name)
    if found is None or found["season"] is None:
        return {"type": "show", "show": show.trakt}
    (season,) = (season for season in show.seasons if season.number == int(found["season"]))
    if found["number"] is None:
        return {"type": "season", "show": show.trakt, "season": season.number}
    (episode,) = (episode for episode in season.episodes if episode.number == int(found["number"]))
    return {"type": "episode", "episode": episode.trakt}


def row(world: World, text: str, *, days_ago: float = 10, **values: Any) -> Listed:
    at = datetime.now(UTC).replace(microsecond=0) - days_ago * DAY
    return Listed(at=at, **thing(world, text), **values)


def rated(world: World, days_ago: float = 10, /, **ratings: int) -> list[Listed]:
    return [row(world, text, rating=rating, days_ago=days_ago) for text, rating in ratings.items()]


def world_of(  # a list for each kind
    *watched: str,
    ratings: dict[str, int] | None = None,
    owned: tuple[str, ...] = (),
    wanted: tuple[str, ...] = (),
    dropped: tuple[str, ...] = (),
    listed: tuple[Collected, ...] = (),
) -> World:
    """Return a world whose one user watched, rated, owns, wants and dropped these. Episodes are owned one by one."""
    world = small_world(*watched, listed=listed)
    user = world.trakt.users[0]
    user.ratings = [row(world, text, rating=rating) for text, rating in (ratings or {}).items()]
    user.collection = [row(world, text) for text in owned]
    user.watchlist = [row(world, text) for text in wanted]
    user.hidden = [row(world, text, section="dropped") for text in dropped]
    return world


def on_trakt(installation: Any, name: str, rows: list[Listed]) -> None:
    """Put other rows in place of one of the user's lists on Trakt."""
    sent = [r.model_dump(mode="json", exclude_none=True) for r in rows]
    installation.standins.control("rows", {"user": "alice", "list": name, "rows": sent})


def by_hand(installation: Any, subject_id: int, **values: Any) -> None:
    """Change an entry on Bangumi as its user does there."""
    installation.standins.control("edit", {"user": "alice", "subject_id": subject_id, **values})


def on_list(installation: Any) -> dict[int, tuple[int, int]]:
    """Return the state and the rating of every entry."""
    return {int(subject): (row["type"], row["rate"]) for subject, row in installation.shelf().items()}
