"""Trakt's history and what it counts as watched."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from bgmsync.standins.clock import parse_instant, trakt_time
from bgmsync.standins.trakt.paging import Json, extended, paged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from bgmsync.standins.trakt.site import TraktSite
    from bgmsync.standins.world import Play

TYPES = {"all", "movies", "shows", "seasons", "episodes"}
PROGRESS_LIMIT = 100


class History:
    def __init__(self, site: TraktSite) -> None:
        self._site = site
        self._catalogue = site.catalogue
        self.routes = [
            Route("/sync/last_activities", self.activities),
            Route("/sync/history", self.history),
            Route("/sync/history/{type}", self.history),
            Route("/sync/history/{type}/{id:int}", self.history),
            Route("/sync/watched/movies", self.watched_movies),
            Route("/sync/watched/shows", self.watched_shows),
            Route("/sync/watched/episodes", self.watched_episodes),
        ]

    async def activities(self, request: Request) -> Response:
        return Json(self._site.library(request).activities())

    async def history(self, request: Request) -> Response:
        """Answer with plays, newest first; ``start_at`` and ``end_at`` look at ``watched_at``."""
        if "sync_id" in request.query_params:
            return Response(status_code=403)  # needs an "Official" app
        kind = request.path_params.get("type", "all")
        if kind not in TYPES:
            return Response(status_code=404)
        plays = self._plays(request)
        if plays is None:
            return Response(status_code=400)
        wanted = request.path_params.get("id")
        chosen = [play for play in plays if self._is(play, kind, wanted)]
        full = "full" in extended(request)
        return paged(request, chosen, lambda play: self.row(play, full=full))

    def row(self, play: Play, *, full: bool) -> dict[str, Any]:
        head = {"id": play.id, "watched_at": trakt_time(play.watched_at), "action": play.action}
        if play.movie:
            return head | {
                "type": "movie",
                "movie": self._catalogue.movie(self._catalogue.movies[play.movie], full=full),
            }
        show, season, episode = self._catalogue.episodes[play.episode or 0]
        return head | {
            "type": "episode",
            "episode": self._catalogue.episode(season, episode, full=full),
            "show": self._catalogue.show(show, full=full),
        }

    def _plays(self, request: Request) -> list[Play] | None:
        """Return the plays inside the asked window, both ends included; None when it can't be read."""
        plays = self._site.library(request).user.plays
        try:
            start, end = (
                parse_instant(text) if (text := request.query_params.get(name)) else None
                for name in ("start_at", "end_at")
            )
        except ValueError:
            return None
        return [
            play
            for play in plays
            if (start is None or play.watched_at >= start) and (end is None or play.watched_at <= end)
        ]

    def _is(self, play: Play, kind: str, wanted: int | None) -> bool:
        """Say whether a play is of the asked kind, and of the thing with this Trakt id when one is named."""
        if kind == "all":
            return True
        if play.movie:
            return kind == "movies" and wanted in {None, play.movie}
        show, season, episode = self._catalogue.episodes[play.episode or 0]
        ids = {"shows": show.trakt, "seasons": season.trakt, "episodes": episode.trakt}
        return kind in ids and wanted in {None, ids[kind]}

    async def watched_movies(self, request: Request) -> Response:
        plays = [play for play in self._plays(request) or () if play.movie]
        times = grouped((play.movie or 0, play) for play in plays)
        if "min" in extended(request):
            return Json({str(movie): written_times(group) for movie, group in times.items()})
        full = "full" in extended(request)
        return paged(
            request,
            list(times.items()),
            lambda row: counts(row[1]) | {"movie": self._catalogue.movie(self._catalogue.movies[row[0]], full=full)},
        )

    async def watched_episodes(self, request: Request) -> Response:
        """Answer with the compact map; Trakt has no other form of it."""
        specials = request.query_params.get("specials") == "true"
        times = grouped(
            (play.episode, play)
            for play in self._plays(request) or ()
            if play.episode and (specials or self._catalogue.episodes[play.episode][1].number)
        )
        return Json({str(episode): written_times(group) for episode, group in times.items()})

    async def watched_shows(self, request: Request) -> Response:
        asked = extended(request)
        shows = grouped(
            (self._catalogue.episodes[play.episode][0].trakt, play)
            for play in self._plays(request) or ()
            if play.episode
        )
        if "min" in asked:
            return Json({str(show): written for show, plays in shows.items() if (written := self._map(request, plays))})
        progress = "progress" in asked

        def write(row: tuple[int, list[Play]]) -> dict[str, Any]:
            show = self._catalogue.show(self._catalogue.shows[row[0]], full=False)
            aired = self._catalogue.show(self._catalogue.shows[row[0]], full=True)["aired_episodes"]
            head = counts(row[1]) | {"reset_at": None, "show": show | {"aired_episodes": aired}}
            return head | {"seasons": self._progress(row[1]) if progress else None}

        return paged(request, list(shows.items()), write, maximum=PROGRESS_LIMIT if progress else 250)

    def _map(self, request: Request, plays: list[Play]) -> dict[str, Any]:
        """Write one show's plays by season and episode; specials only when asked for."""
        specials = request.query_params.get("specials") == "true"
        numbers = request.query_params.get("season_numbers") == "true"
        written: dict[str, Any] = {}
        for episode_id, group in grouped((play.episode or 0, play) for play in plays).items():
            _, season, _ = self._catalogue.episodes[episode_id]
            if season.number or specials:
                key = f"{season.trakt}|{season.number}" if numbers else str(season.trakt)
                written.setdefault(key, {})[str(episode_id)] = written_times(group)
        return written

    def _progress(self, plays: list[Play]) -> list[dict[str, Any]]:
        seasons: dict[int, list[dict[str, Any]]] = {}
        for episode_id, group in grouped((play.episode or 0, play) for play in plays).items():
            _, season, episode = self._catalogue.episodes[episode_id]
            row = {"number": episode.number, "plays": len(group), "last_watched_at": trakt_time(group[0].watched_at)}
            seasons.setdefault(season.number, []).append(row)
        return [
            {"number": number, "episodes": sorted(rows, key=lambda row: row["number"])}
            for number, rows in sorted(seasons.items())
        ]


def grouped(pairs: Iterable[tuple[int, Play]]) -> dict[int, list[Play]]:
    """Group plays by a key; each group stays newest first."""
    groups: dict[int, list[Play]] = defaultdict(list)
    for key, play in pairs:
        groups[key].append(play)
    return groups


def written_times(plays: list[Play]) -> list[str]:
    return [trakt_time(play.watched_at) for play in reversed(plays)]


def counts(plays: list[Play]) -> dict[str, Any]:
    last = trakt_time(plays[0].watched_at)
    return {"plays": len(plays), "last_watched_at": last, "last_updated_at": last}
