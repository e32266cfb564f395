"""Trakt's ratings, collection, watchlist and hidden items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from bgmsync.standins.clock import trakt_time
from bgmsync.standins.trakt.paging import Json, extended, paged

if TYPE_CHECKING:
    from starlette.requests import Request

    from bgmsync.standins.trakt.site import TraktSite
    from bgmsync.standins.world import Listed

KINDS = {"movies": "movie", "shows": "show", "seasons": "season", "episodes": "episode"}
SECTIONS = {"calendar", "progress_watched", "progress_collected", "recommendations", "comments", "dropped"}


class Lists:
    def __init__(self, site: TraktSite) -> None:
        self._site = site
        self._catalogue = site.catalogue
        self.routes = [
            Route("/sync/ratings", self.ratings),
            Route("/sync/ratings/{type}", self.ratings),
            Route("/sync/ratings/{type}/{rating}", self.ratings),
            Route("/sync/collection/shows", self.collected_shows),
            Route("/sync/collection/minimal/{type}", self.collection_map),
            Route("/sync/collection/{type}", self.collection),
            Route("/sync/watchlist", self.watchlist),
            Route("/sync/watchlist/{type}", self.watchlist),
            Route("/sync/watchlist/{type}/{sort_by}/{sort_how}", self.watchlist),
            Route("/users/hidden/{section}", self.hidden),
        ]

    def media(self, row: Listed, *, full: bool) -> dict[str, Any]:
        """Write the thing that a row is about; seasons and episodes bring their show along."""
        if row.type == "movie":
            return {"movie": self._catalogue.movie(self._catalogue.movies[row.movie or 0], full=full)}
        if row.type == "episode":
            show, season, episode = self._catalogue.episodes[row.episode or 0]
            written = {"episode": self._catalogue.episode(season, episode, full=full)}
            return written | {"show": self._catalogue.show(show, full=full)}
        written = {"show": self._catalogue.show(self._catalogue.shows[row.show or 0], full=full)}
        season = self._catalogue.find_season(row.show, row.season) if row.type == "season" else None
        if season is None:
            return written
        return {"season": self._catalogue.season(season, full=full, episodes=False, full_episodes=False)} | written

    def _chosen(self, request: Request, name: str) -> list[Listed] | None:
        """Return the rows of the asked type; None when there is no such type."""
        rows = self._site.library(request).rows(name)
        asked = request.path_params.get("type", "all")
        if asked in {"all", "media"}:
            return rows
        return [row for row in rows if row.type == KINDS[asked]] if asked in KINDS else None

    async def ratings(self, request: Request) -> Response:
        """Answer with ratings, all at once unless a page is asked for."""
        rows = self._chosen(request, "ratings")
        if rows is None:
            return Response(status_code=404)
        if wanted := request.path_params.get("rating"):
            rows = [row for row in rows if str(row.rating) in wanted.split(",")]
        rows = sorted(rows, key=lambda row: row.at, reverse=True)
        full = "full" in extended(request)

        def write(row: Listed) -> dict[str, Any]:
            head = {"rated_at": trakt_time(row.at), "rating": row.rating, "type": row.type}
            return head | self.media(row, full=full)

        if request.query_params.keys() & {"page", "limit"}:
            return paged(request, rows, write)
        return Json([write(row) for row in rows])

    async def collection(self, request: Request) -> Response:
        rows = self._chosen(request, "collection")
        if rows is None:
            return Response(status_code=404)
        if "min" in extended(request):
            return await self.collection_map(request)
        full = "full" in extended(request)

        def write(row: Listed) -> dict[str, Any]:
            at = trakt_time(row.at)
            return {"type": row.type, "collected_at": at, "updated_at": at} | self.media(row, full=full)

        return paged(request, rows, write)

    async def collection_map(self, request: Request) -> Response:
        """Answer with ``{Trakt id: collected_at}`` of movies or episodes."""
        rows = self._chosen(request, "collection")
        if rows is None:
            return Response(status_code=404)
        return Json({str(row.movie or row.episode): trakt_time(row.at) for row in rows if row.movie or row.episode})

    async def collected_shows(self, request: Request) -> Response:
        """Answer with the collected episodes, by show and season."""
        shows: dict[int, dict[int, dict[int, Listed]]] = {}
        for row in self._site.library(request).rows("collection"):
            if row.episode:
                show, season, episode = self._catalogue.episodes[row.episode]
                shows.setdefault(show.trakt, {}).setdefault(season.number, {})[episode.number] = row
        full = "full" in extended(request)

        def write(item: tuple[int, dict[int, dict[int, Listed]]]) -> dict[str, Any]:
            last = trakt_time(max(row.at for rows in item[1].values() for row in rows.values()))
            return {
                "type": "show",
                "last_collected_at": last,
                "last_updated_at": last,
                "show": self._catalogue.show(self._catalogue.shows[item[0]], full=full),
                "seasons": [
                    {
                        "number": season,
                        "episodes": [{"number": n, "collected_at": trakt_time(row.at)} for n, row in rows.items()],
                    }
                    for season, rows in item[1].items()
                ],
            }

        return paged(request, list(shows.items()), write)

    async def watchlist(self, request: Request) -> Response:
        rows = self._chosen(request, "watchlist")
        if rows is None:
            return Response(status_code=404)
        ranked = list(enumerate(sorted(rows, key=lambda row: row.at, reverse=True), start=1))
        if request.path_params.get("sort_how") == "asc":
            ranked.reverse()
        full = "full" in extended(request)

        def write(item: tuple[int, Listed]) -> dict[str, Any]:
            rank, row = item
            head = {"rank": rank, "id": row.id or 10_000_000 + rank, "listed_at": trakt_time(row.at)}
            return head | {"notes": row.notes, "type": row.type} | self.media(row, full=full)

        return paged(request, ranked, write)

    async def hidden(self, request: Request) -> Response:
        section = request.path_params["section"]
        if section not in SECTIONS:
            return Response(status_code=404)
        kind = request.query_params.get("type")
        rows = [
            row
            for row in self._site.library(request).rows("hidden")
            if row.section == section and kind in {None, row.type}
        ]
        full = "full" in extended(request)
        return paged(
            request,
            rows,
            lambda row: {"hidden_at": trakt_time(row.at), "type": row.type} | self.media(row, full=full),
            default=10,
        )
