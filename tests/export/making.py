"""Archives as Trakt's export makes them, from a world of the stand-ins, and archives as nobody should make them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from bgmsync.standins.clock import trakt_time
from bgmsync.standins.trakt.catalogue import Catalogue
from bgmsync.standins.trakt.history import counts, grouped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bgmsync.standins import World
    from bgmsync.standins.world import Listed, Play


def play(number: int, **values: Any) -> dict[str, Any]:
    """Return a play of the film *number*."""
    film = {"title": f"Film {number}", "year": 2001, "ids": {"trakt": number, "slug": f"film-{number}", "tmdb": number}}
    row = {"id": 7_000_000 + number, "watched_at": "2020-05-01T10:00:00.000Z", "action": "watch", "type": "movie"}
    return row | {"movie": film} | values


def zipped(files: Mapping[str, Any]) -> io.BytesIO:
    """Return an archive of *files*: bytes as they are, all else as JSON."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    stream.seek(0)
    return stream


def saved(folder: Path, files: Mapping[str, Any]) -> Path:
    path = folder / "trakt-export.zip"
    path.write_bytes(zipped(files).getvalue())
    return path


def history_files(world: World, *, page: int = 10, full: bool = True) -> dict[str, Any]:
    """Return the history of the world's first user in pages, newest first."""
    rows = [_row(world, one, full=full) for one in _plays(world)]
    starts = range(0, len(rows), page)
    return {f"watched-history-{n}.json": rows[start : start + page] for n, start in enumerate(starts, start=1)}


def watched_files(world: World) -> dict[str, Any]:
    """Return the aggregates of what the world's first user watched."""
    catalogue = Catalogue(world.trakt)
    movies = grouped((one.movie, one) for one in _plays(world) if one.movie)
    shows = grouped((catalogue.episodes[one.episode][0].trakt, one) for one in _plays(world) if one.episode)
    return {
        "watched-movies.json": [
            counts(plays) | {"movie": catalogue.movie(catalogue.movies[key], full=False)}
            for key, plays in movies.items()
        ],
        "watched-shows.json": [
            counts(plays)
            | {"reset_at": None, "show": catalogue.show(catalogue.shows[key], full=True)}
            | {"seasons": _seasons(catalogue, plays)}
            for key, plays in shows.items()
        ],
    }


def list_files(world: World) -> dict[str, Any]:
    """Return what the world's first user rated, owns, wants and dropped; seasons and shows in files of their own."""
    catalogue, user = Catalogue(world.trakt), world.trakt.users[0]
    files: dict[str, list[Any]] = {}
    for row in user.ratings:
        head = {"rated_at": trakt_time(row.at), "rating": row.rating, "type": row.type}
        files.setdefault(f"ratings-{row.type}s.json", []).append(head | _media(catalogue, row))
    for row in user.collection:
        assert row.type == "movie", "only films: Trakt groups episodes by show"
        files.setdefault("collection-movies.json", []).append(
            {"collected_at": trakt_time(row.at), "type": "movie"} | _media(catalogue, row)
        )
    for rank, row in enumerate(user.watchlist, start=1):
        head = {"rank": rank, "id": 10_000_000 + rank, "listed_at": trakt_time(row.at), "type": row.type}
        files.setdefault("lists-watchlist.json", []).append(head | _media(catalogue, row))
    for row in user.hidden:
        files.setdefault("hidden-dropped.json", []).append(
            {"hidden_at": trakt_time(row.at), "type": row.type} | _media(catalogue, row)
        )
    return files


def _media(catalogue: Catalogue, row: Listed) -> dict[str, Any]:
    if row.type == "movie":
        return {"movie": catalogue.movie(catalogue.movies[row.movie or 0], full=True)}
    show = {"show": catalogue.show(catalogue.shows[row.show or 0], full=True)}
    season = catalogue.find_season(row.show, row.season) if row.type == "season" else None
    if season is None:
        return show
    return {"season": catalogue.season(season, full=True, episodes=False, full_episodes=False)} | show


def _plays(world: World) -> list[Play]:
    return sorted(world.trakt.users[0].plays, key=lambda one: one.watched_at, reverse=True)


def _row(world: World, one: Play, *, full: bool) -> dict[str, Any]:
    catalogue = Catalogue(world.trakt)
    head = {"id": one.id, "watched_at": trakt_time(one.watched_at), "action": one.action}
    if one.movie:
        return head | {"type": "movie", "movie": catalogue.movie(catalogue.movies[one.movie], full=full)}
    show, season, episode = catalogue.episodes[one.episode or 0]
    media = {"episode": catalogue.episode(season, episode, full=full), "show": catalogue.show(show, full=full)}
    return head | {"type": "episode"} | media


def _seasons(catalogue: Catalogue, plays: Sequence[Play]) -> list[dict[str, Any]]:
    seasons: dict[int, list[dict[str, Any]]] = {}
    for key, group in grouped((one.episode or 0, one) for one in plays).items():
        _show, season, episode = catalogue.episodes[key]
        row = {"number": episode.number, "plays": len(group), "last_watched_at": trakt_time(group[0].watched_at)}
        seasons.setdefault(season.number, []).append(row)
    return [{"number": number, "episodes": episodes} for number, episodes in seasons.items()]
