"""The world of the fault suite: small, and with every kind of request that a run can make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgmsync.standins.world import Play, TraktEpisode
from tests.e2e.small import FIRST_PLAY, MUSHISHI, ONE_PUNCH, entry, main_ids, small_world, strangers

if TYPE_CHECKING:
    from bgmsync.standins import World

WISH, DOING = 1, 3
DROPPED_MARK = 3
BEYOND = 40
"""The number of an episode that no list has: its show's seasons are asked for."""


def make_world() -> World:
    """Return a world whose first sync reads two pages of plays and two of the list, and writes in every way there is.

    A subject that is new and completes, one that is new and does not, a film, a wish with a mark in another state, one
    that is begun; a number that fits nothing, and a show without ids, which is searched for.
    """
    plain = small_world()
    listed = [
        *strangers(100),
        entry(MUSHISHI, WISH, marks={main_ids(plain, MUSHISHI, 3)[2]: DROPPED_MARK}),
        entry(ONE_PUNCH, DOING, marks=dict.fromkeys(main_ids(plain, ONE_PUNCH, 5), 2)),
    ]
    world = small_world(
        "Clannad 1x1-22", "Black Lagoon 1x1-6", "Paprika", "Mushi-Shi 1x1-10", "One-Punch Man 1x1-12", listed=listed
    )
    _watch_beyond(world)
    _watch_nameless(world)
    _watch_again(world)
    return world


def _watch_beyond(world: World) -> None:
    (show,) = (show for show in world.trakt.shows if show.title == "Clannad")
    show.seasons[0].episodes.append(TraktEpisode(trakt=9_900_040, number=BEYOND))
    _play(world, episode=9_900_040)


def _watch_nameless(world: World) -> None:
    (show,) = (show for show in world.trakt.shows if show.title == "Haikyu!!")
    show.tmdb = show.tvdb = show.imdb = None
    (season,) = (season for season in show.seasons if season.number == 1)
    for episode in season.episodes[:3]:
        _play(world, episode=episode.trakt)


def _watch_again(world: World) -> None:
    """Fill a second page with rewatches."""
    plays = world.trakt.users[0].plays
    for play in (plays * 10)[: 260 - len(plays)]:
        _play(world, episode=play.episode, movie=play.movie)


def _play(world: World, *, episode: int | None = None, movie: int | None = None) -> None:
    plays = world.trakt.users[0].plays
    earliest = min(play.watched_at for play in plays)
    moment = earliest.replace(minute=(earliest.minute + 7) % 60)
    plays.append(Play(id=FIRST_PLAY + len(plays), watched_at=moment, episode=episode, movie=movie))
