"""A tiny world, running stand-ins, and clients that behave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bgmsync.standins import StandIns, World

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = {"User-Agent": "tester/standins/1 (https://example.org)"}
NOW = datetime.now(UTC)


def tiny_world() -> World:
    """One show of 3 episodes and a special, one film; 303 plays; three ordinary subjects and four odd ones."""
    episodes = [
        {"trakt": 100 + n, "number": n, "title": f"E{n}", "first_aired": f"2024-01-0{n}T15:00:00Z", "number_abs": n}
        for n in (1, 2, 3)
    ]
    seasons = [
        {"trakt": 20, "number": 0, "episodes": [{"trakt": 99, "number": 1}]},
        {"trakt": 21, "number": 1, "episodes": episodes},
    ]
    show = {
        "trakt": 1, "slug": "show", "title": "Show", "year": 2024, "tmdb": 11, "imdb": "tt1", "genres": ["anime"],
        "language": "ja", "country": "jp", "status": "ended", "original_title": "ショー", "seasons": seasons,
    }  # fmt: skip
    film = {"trakt": 2, "slug": "film", "title": "Film", "year": 2020, "tmdb": 11, "released": "2020-01-01"}
    plays: list[dict[str, Any]] = [
        {"id": 10**13 + n, "episode": 101, "watched_at": (NOW - timedelta(hours=n + 1))} for n in range(300)
    ]
    plays += [{"id": 5, "movie": 2}, {"id": 6, "episode": 99, "watched_at": NOW - timedelta(days=100)}]
    plays += [{"id": 7, "episode": 102, "watched_at": NOW - timedelta(days=200), "action": "scrobble"}]
    user = {
        "slug": "alice", "access_token": "ta", "refresh_token": "tr", "plays": plays,
        "ratings": [{"type": "season", "show": 1, "season": 1, "rating": 8, "at": "-3d"}],
        "collection": [{"type": "episode", "episode": 101, "at": "-4d"}, {"type": "movie", "movie": 2, "at": "-4d"}],
        "watchlist": [{"type": "show", "show": 1, "at": "-5d"}],
        "hidden": [{"type": "show", "show": 1, "section": "dropped", "at": "-6d"}],
    }  # fmt: skip
    subjects = [
        {"id": 1, "name": "ショー", "date": "2024-01-01", "eps": 3, "relations": [{"id": 2, "relation": "续集"}],
         "episodes": [{"id": 1000 + n, "sort": 12 + n, "airdate": f"2024-01-0{n}"} for n in (1, 2, 3)]
                     + [{"id": 1009, "type": 1, "sort": 1}]},
        {"id": 2, "name": "ショー2", "eps": 1, "episodes": [{"id": 2001, "sort": 0}, {"id": 2002, "sort": 0.5}]},
        {"id": 3, "name": "Empty"},
        {"id": 4, "name": "Locked", "locked": True},
        {"id": 5, "name": "Merged", "merged_into": 1},
        {"id": 6, "name": "Nsfw", "nsfw": True, "episodes": [{"id": 6001, "sort": 1}]},
    ]  # fmt: skip
    people = [
        {"id": 7, "username": "alice", "access_token": "ba", "refresh_token": "br", "collections": [
            {"subject_id": 2, "type": 1, "tags": ["想看"], "comment": "later", "updated_at": "-1d",
             "marks": {"2001": 1}},
            {"subject_id": 999, "type": 2, "updated_at": "-2d"},
            {"subject_id": 3, "type": 3, "private": True, "updated_at": "-3d"},
        ]},
        {"id": 8, "username": "bob", "access_token": "bb", "reg_time": "-3d"},
    ]  # fmt: skip
    apps = [{"client_id": "b-app", "client_secret": "b-secret", "redirect_uris": ["https://site/bangumi/callback"]}]
    return World.model_validate(
        {
            "trakt": {
                "apps": [{"client_id": "t-app", "redirect_uris": ["https://site/trakt/callback"]}],
                "shows": [show],
                "movies": [film],
                "users": [user],
            },
            "bangumi": {"apps": apps, "subjects": subjects, "users": people},
        }
    )


@pytest.fixture
def standins() -> Iterator[StandIns]:
    with StandIns(tiny_world()) as running:
        yield running


@pytest.fixture
def trakt(standins: StandIns) -> Iterator[httpx.Client]:
    headers = AGENT | {
        "Content-Type": "application/json",
        "trakt-api-key": "t-app",
        "trakt-api-version": "2",
        "Authorization": "Bearer ta",
    }
    with httpx.Client(base_url=standins.trakt_url, headers=headers) as client:
        yield client


@pytest.fixture
def bangumi(standins: StandIns) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=standins.bangumi_url, headers=AGENT | {"Authorization": "Bearer ba"}) as client:
        yield client


def kinds(standins: StandIns) -> list[str]:
    """Return the breaches recorded, by kind."""
    return [breach["kind"] for breach in standins.control("breaches")]
