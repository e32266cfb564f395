"""Trakt's shows and movies: finding them, and writing them as Trakt does, in brief or in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bgmsync.standins.clock import trakt_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bgmsync.standins.world import TraktEpisode, TraktMovie, TraktSeason, TraktShow, TraktTitle, TraktWorld

UPDATED = "2026-10-11T08:12:31.000Z"
NO_AIRS = {"day": None, "time": None, "timezone": "Asia/Tokyo"}


class Catalogue:
    def __init__(self, world: TraktWorld) -> None:
        self.shows = {show.trakt: show for show in world.shows}
        self.movies = {movie.trakt: movie for movie in world.movies}
        self.episodes = {
            episode.trakt: (show, season, episode)
            for show in world.shows
            for season in show.seasons
            for episode in season.episodes
        }
        self._written: dict[tuple[str, int, bool], dict[str, Any]] = {}

    def find_show(self, key: str) -> TraktShow | None:
        """Find a show by its Trakt id, slug or IMDb id."""
        return find(self.shows.values(), key)

    def find_movie(self, key: str) -> TraktMovie | None:
        """Find a movie by its Trakt id, slug or IMDb id."""
        return find(self.movies.values(), key)

    def find_season(self, show_id: int | None, number: int | None) -> TraktSeason | None:
        show = self.shows.get(show_id or 0)
        return next((season for season in show.seasons if season.number == number), None) if show else None

    def show(self, show: TraktShow, *, full: bool) -> dict[str, Any]:
        key = ("show", show.trakt, full)
        if key not in self._written:
            self._written[key] = brief_show(show) | (full_show(show) if full else {})
        return self._written[key]

    def movie(self, movie: TraktMovie, *, full: bool) -> dict[str, Any]:
        key = ("movie", movie.trakt, full)
        if key not in self._written:
            self._written[key] = brief_movie(movie) | (full_movie(movie) if full else {})
        return self._written[key]

    def episode(self, season: TraktSeason, episode: TraktEpisode, *, full: bool) -> dict[str, Any]:
        key = ("episode", episode.trakt, full)
        if key not in self._written:
            self._written[key] = brief_episode(season, episode) | (full_episode(episode) if full else {})
        return self._written[key]

    def season(self, season: TraktSeason, *, full: bool, episodes: bool, full_episodes: bool) -> dict[str, Any]:
        written = brief_season(season) | (full_season(season) if full else {})
        if episodes:
            written["episodes"] = [self.episode(season, episode, full=full_episodes) for episode in season.episodes]
        return written


def find(titles: Iterable[Any], key: str) -> Any:
    number = int(key) if key.isascii() and key.isdigit() else None
    return next((title for title in titles if title.trakt == number or key in {title.slug, title.imdb}), None)


def regular_episodes(show: TraktShow) -> list[TraktEpisode]:
    return [episode for season in show.seasons if season.number for episode in season.episodes]


def written_time(at: datetime | None) -> str | None:
    return trakt_time(at) if at else None


def first_of(episodes: Iterable[TraktEpisode]) -> datetime | None:
    return min((episode.first_aired for episode in episodes if episode.first_aired), default=None)


def brief_show(show: TraktShow) -> dict[str, Any]:
    ids = {"trakt": show.trakt, "slug": show.slug, "tvdb": show.tvdb, "imdb": show.imdb, "tmdb": show.tmdb}
    return {"title": show.title, "year": show.year, "ids": ids}


def brief_movie(movie: TraktMovie) -> dict[str, Any]:
    ids = {"trakt": movie.trakt, "slug": movie.slug, "imdb": movie.imdb, "tmdb": movie.tmdb}
    return {"title": movie.title, "year": movie.year, "ids": ids}


def brief_episode(season: TraktSeason, episode: TraktEpisode) -> dict[str, Any]:
    ids = {"trakt": episode.trakt, "tvdb": episode.tvdb, "imdb": episode.imdb, "tmdb": episode.tmdb}
    return {"season": season.number, "number": episode.number, "title": episode.title, "ids": ids}


def brief_season(season: TraktSeason) -> dict[str, Any]:
    return {"number": season.number, "ids": {"trakt": season.trakt, "tvdb": season.tvdb, "tmdb": season.tmdb}}


def full_title(title: TraktTitle) -> dict[str, Any]:
    return {
        "tagline": "",
        "overview": title.overview,
        "certification": None,
        "country": title.country,
        "status": title.status,
        "rating": 7.5,
        "votes": 1200,
        "comment_count": 8,
        "trailer": None,
        "homepage": None,
        "updated_at": UPDATED,
        "language": title.language,
        "languages": [title.language] if title.language else [],
        "available_translations": ["en", "ja", "zh"],
        "genres": title.genres,
        "subgenres": [],
        "original_title": title.original_title,
        "social_ids": None,
    }


def full_show(show: TraktShow) -> dict[str, Any]:
    episodes = regular_episodes(show)
    return full_title(show) | {
        "aired_episodes": len(episodes),
        "first_aired": written_time(first_of(episodes)),
        "airs": NO_AIRS,
        "runtime": episodes[0].runtime if episodes else None,
        "total_runtime": sum(episode.runtime for episode in episodes),
        "network": show.network,
    }


def full_movie(movie: TraktMovie) -> dict[str, Any]:
    own = {"released": movie.released, "runtime": movie.runtime, "after_credits": False, "during_credits": False}
    return full_title(movie) | own


def full_episode(episode: TraktEpisode) -> dict[str, Any]:
    aired = written_time(episode.first_aired)
    return {
        "number_abs": episode.number_abs,
        "overview": None,
        "rating": 7.8,
        "votes": 300,
        "comment_count": 1,
        "first_aired": aired,
        "released": aired,
        "effective_release_date": aired,
        "updated_at": UPDATED,
        "available_translations": ["en", "ja", "zh"],
        "runtime": episode.runtime,
        "episode_type": "standard",
        "original_title": episode.original_title,
        "after_credits": False,
        "during_credits": False,
    }


def full_season(season: TraktSeason) -> dict[str, Any]:
    first = first_of(season.episodes)
    return {
        "rating": 7.6,
        "votes": 90,
        "episode_count": len(season.episodes),
        "aired_episodes": len(season.episodes),
        "title": season.title or ("Specials" if season.number == 0 else f"Season {season.number}"),
        "overview": None,
        "updated_at": UPDATED,
        "network": None,
        "total_runtime": sum(episode.runtime for episode in season.episodes),
        **({"first_aired": trakt_time(first)} if first else {}),
    }
