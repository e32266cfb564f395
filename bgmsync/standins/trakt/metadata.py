"""Trakt's shows, seasons and movies, the look-up by another site's id, and the user's own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response
from starlette.routing import Route

from bgmsync.standins.trakt.paging import Json, extended, paged

if TYPE_CHECKING:
    from starlette.requests import Request

    from bgmsync.standins.trakt.site import TraktSite
    from bgmsync.standins.world import TraktUser

ID_TYPES = {"trakt", "imdb", "tmdb", "tvdb"}


class Metadata:
    def __init__(self, site: TraktSite) -> None:
        self._site = site
        self._catalogue = site.catalogue
        self.routes = [
            Route("/shows/{id}", self.show),
            Route("/shows/{id}/seasons", self.seasons),
            Route("/shows/{id}/seasons/{number:int}", self.season),
            Route("/shows/{id}/aliases", self.show_aliases),
            Route("/movies/{id}", self.movie),
            Route("/movies/{id}/aliases", self.movie_aliases),
            Route("/search/{id_type}/{id}", self.search),
            Route("/users/settings", self.settings),
        ]

    async def show(self, request: Request) -> Response:
        show = self._catalogue.find_show(request.path_params["id"])
        return Json(self._catalogue.show(show, full="full" in extended(request))) if show else missing()

    async def movie(self, request: Request) -> Response:
        movie = self._catalogue.find_movie(request.path_params["id"])
        return Json(self._catalogue.movie(movie, full="full" in extended(request))) if movie else missing()

    async def seasons(self, request: Request) -> Response:
        show = self._catalogue.find_show(request.path_params["id"])
        if show is None:
            return missing()
        asked = extended(request)
        full, episodes = "full" in asked, "episodes" in asked
        return Json(
            [
                self._catalogue.season(season, full=full, episodes=episodes, full_episodes=full)
                for season in sorted(show.seasons, key=lambda season: season.number)
            ]
        )

    async def season(self, request: Request) -> Response:
        show = self._catalogue.find_show(request.path_params["id"])
        season = self._catalogue.find_season(show.trakt, request.path_params["number"]) if show else None
        if season is None:
            return missing()
        full = "full" in extended(request)
        return Json([self._catalogue.episode(season, episode, full=full) for episode in season.episodes])

    async def show_aliases(self, request: Request) -> Response:
        show = self._catalogue.find_show(request.path_params["id"])
        return Json([{"title": alias, "country": None} for alias in show.aliases]) if show else missing()

    async def movie_aliases(self, request: Request) -> Response:
        movie = self._catalogue.find_movie(request.path_params["id"])
        return Json([{"title": alias, "country": None} for alias in movie.aliases]) if movie else missing()

    async def search(self, request: Request) -> Response:
        """Find by another site's id, which a show, a movie and an episode may share: ``type`` tells them apart."""
        id_type, wanted = request.path_params["id_type"], request.path_params["id"]
        if id_type not in ID_TYPES:
            return missing()
        types = set(request.query_params.get("type", "movie,show,episode").split(","))
        found = [row for row in self._hits(id_type, wanted) if row["type"] in types]
        return paged(request, found, lambda row: row, default=50)

    def _hits(self, id_type: str, wanted: str) -> list[dict[str, Any]]:
        shows = [
            {"type": "show", "score": 1000, "show": self._catalogue.show(show, full=False)}
            for show in self._catalogue.shows.values()
            if str(getattr(show, id_type)) == wanted
        ]
        movies = [
            {"type": "movie", "score": 1000, "movie": self._catalogue.movie(movie, full=False)}
            for movie in self._catalogue.movies.values()
            if str(getattr(movie, id_type, None)) == wanted
        ]
        episodes = [
            {
                "type": "episode",
                "score": 1000,
                "episode": self._catalogue.episode(season, episode, full=False),
                "show": self._catalogue.show(show, full=False),
            }
            for show, season, episode in self._catalogue.episodes.values()
            if str(getattr(episode, id_type)) == wanted
        ]
        return [*shows, *movies, *episodes]

    async def settings(self, request: Request) -> Response:
        return Json(written_settings(self._site.library(request).user))


def missing() -> Response:
    return Response(status_code=404)


def written_settings(user: TraktUser) -> dict[str, Any]:
    return {
        "user": {
            "username": user.slug,
            "private": False,
            "name": user.name,
            "vip": user.vip,
            "vip_ep": False,
            "director": False,
            "ids": {"slug": user.slug, "trakt": 41152, "uuid": uuid5(NAMESPACE_URL, user.slug).hex},
            "joined_at": "2021-03-15T08:00:00.000Z",
            "location": None,
            "about": None,
            "gender": None,
            "age": None,
            "images": {"avatar": {"full": ""}},
            "vip_og": False,
            "vip_years": 0,
            "vip_cover_image": None,
            "dob": None,
        },
        "account": {
            "timezone": user.timezone,
            "date_format": "ymd",
            "time_24hr": True,
            "cover_image": None,
            "token": None,
            "display_ads": True,
        },
        "permissions": {"commenting": True, "liking": True, "following": True},
        "connections": dict.fromkeys(("facebook", "twitter", "mastodon", "google", "apple"), False),
        "sharing_text": {
            "watching": "I'm watching [item]",
            "watched": "I just watched [item]",
            "rated": "[item] [stars]",
        },
        "limits": {
            "list": {"count": 5, "item_count": 250},
            "watchlist": {"item_count": 250},
            "favorites": {"item_count": 100},
        },
    }
