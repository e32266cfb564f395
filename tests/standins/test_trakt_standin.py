"""The Trakt stand-in keeps to contracts/trakt-api.md."""

from __future__ import annotations

import httpx
import pytest

from tests.standins.conftest import AGENT, NOW, kinds

HISTORY = "/sync/history?page=1&limit=250"


def test_pages_are_clamped_at_250_and_described_in_headers(trakt):
    answer = trakt.get("/sync/history?page=1&limit=1000")
    told = {name: answer.headers[f"X-Pagination-{name}"] for name in ("Page", "Limit", "Page-Count", "Item-Count")}
    assert (len(answer.json()), told) == (
        250,
        {"Page": "1", "Limit": "250", "Page-Count": "2", "Item-Count": "303"},
    )


def test_without_parameters_a_page_has_100_rows_and_that_is_a_breach(trakt, standins):
    assert len(trakt.get("/sync/history").json()) == 100
    assert kinds(standins) == ["page_limit_missing"]


def test_a_page_past_the_end_is_empty(trakt):
    assert trakt.get("/sync/history?page=9&limit=250").json() == []


def test_history_is_newest_first_and_unknown_dates_come_last(trakt):
    rows = trakt.get(HISTORY).json() + trakt.get("/sync/history?page=2&limit=250").json()
    times = [row["watched_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert (rows[-1]["id"], rows[-1]["watched_at"]) == (5, "1970-01-01T00:00:00.000Z")


def test_the_window_looks_at_watched_at(trakt):
    start = (NOW.replace(microsecond=0)).isoformat().replace("+00:00", "Z")
    assert trakt.get(HISTORY, params={"start_at": start, "page": 1, "limit": 250}).json() == []
    rows = trakt.get("/sync/history", params={"end_at": "2000-01-01", "page": 1, "limit": 250}).json()
    assert [row["id"] for row in rows] == [5]


def test_only_extended_full_brings_genres_and_first_aired(trakt):
    brief, full = (
        trakt.get(f"/sync/history/episodes?page=1&limit=1{more}").json()[0] for more in ("", "&extended=full")
    )
    assert brief["episode"].keys() == {"season", "number", "title", "ids"}
    assert full["episode"]["first_aired"] == "2024-01-01T15:00:00.000Z"
    assert full["episode"]["number_abs"] == 1
    assert (full["show"]["genres"], full["show"]["language"], full["show"]["country"]) == (["anime"], "ja", "jp")


@pytest.mark.parametrize(
    ("path", "count"),
    [("movies", 1), ("episodes", 302), ("episodes/102", 1), ("shows/1", 302), ("seasons/20", 1), ("movies/2", 1)],
)
def test_history_can_be_asked_by_type_and_id(trakt, path, count):
    assert trakt.get(f"/sync/history/{path}?page=1&limit=1").headers["X-Pagination-Item-Count"] == str(count)


@pytest.mark.parametrize("agent", ["", "python-httpx/0.28", "python-requests/2.32", "Python/3.11 aiohttp/3.9"])
@pytest.mark.parametrize("path", ["/sync/last_activities", "/oauth/authorize"])
def test_a_default_user_agent_meets_cloudflare_on_both_hosts(trakt, standins, agent, path):
    answer = trakt.get(path, headers={"User-Agent": agent})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=UTF-8")
    assert "x-runtime" not in answer.headers
    assert kinds(standins) == ["default_user_agent"]


def test_without_a_json_content_type_it_is_412(trakt):
    assert trakt.get(HISTORY, headers={"Content-Type": "text/plain"}).status_code == 412


def test_an_unknown_api_key_is_403_with_the_runtime_header(trakt):
    answer = trakt.get(HISTORY, headers={"trakt-api-key": "nobody"})
    assert (answer.status_code, "x-runtime" in answer.headers) == (403, True)


def test_an_expired_token_is_401(trakt, standins):
    standins.control("clock", {"seconds": 8 * 24 * 3600})
    assert trakt.get(HISTORY).status_code == 401


def test_every_leaf_of_the_activities_is_there(trakt):
    body = trakt.get("/sync/last_activities").json()
    assert len(body) == 13
    assert body["shows"].keys() >= {"hidden_at", "dropped_at", "rated_at"}
    assert body["all"] == max(leaf for group in body.values() if isinstance(group, dict) for leaf in group.values())


def test_a_new_play_with_an_old_date_moves_the_activity_but_not_the_window(trakt, standins):
    before = trakt.get("/sync/last_activities").json()["episodes"]["watched_at"]
    standins.control("plays", {"user": "alice", "plays": [{"episode": 103, "watched_at": "2020-01-01T00:00:00Z"}]})
    after = trakt.get("/sync/last_activities").json()["episodes"]["watched_at"]
    assert after > before
    assert trakt.get(f"{HISTORY}&start_at=2025-01-01").headers["X-Pagination-Item-Count"] == "302"


def test_the_compact_maps_hold_every_play(trakt):
    shows = trakt.get("/sync/watched/shows?extended=min&specials=true&season_numbers=true").json()
    assert {key: {e: len(times) for e, times in rows.items()} for key, rows in shows["1"].items()} == {
        "21|1": {"101": 300, "102": 1},
        "20|0": {"99": 1},
    }
    assert trakt.get("/sync/watched/movies?extended=min").json() == {"2": ["1970-01-01T00:00:00.000Z"]}


def test_specials_are_in_the_map_only_when_asked_for(trakt):
    assert "20" not in trakt.get("/sync/watched/shows?extended=min").json()["1"]


def test_seasons_of_watched_shows_come_only_with_progress(trakt):
    assert trakt.get("/sync/watched/shows?page=1&limit=250").json()[0]["seasons"] is None
    answer = trakt.get("/sync/watched/shows?extended=progress&page=1&limit=250")
    assert answer.headers["X-Pagination-Limit"] == "100"
    assert answer.json()[0]["seasons"][1]["episodes"][0]["plays"] == 300


def test_lists_name_their_media(trakt):
    rating = trakt.get("/sync/ratings/all?page=1&limit=250").json()[0]
    assert (rating["type"], rating["rating"], rating["season"]["number"], rating["show"]["ids"]["trakt"]) == (
        "season",
        8,
        1,
        1,
    )
    assert [row["type"] for row in trakt.get("/sync/collection/movies?page=1&limit=9").json()] == ["movie"]
    assert trakt.get("/sync/collection/shows?page=1&limit=9").json()[0]["seasons"][0]["episodes"][0]["number"] == 1
    assert trakt.get("/sync/watchlist?page=1&limit=9").json()[0]["rank"] == 1
    assert trakt.get("/users/hidden/dropped?page=1&limit=9").json()[0]["type"] == "show"


def test_what_is_watched_leaves_the_watchlist(trakt, standins):
    standins.control("plays", {"user": "alice", "plays": [{"episode": 103}]})
    assert trakt.get("/sync/watchlist?page=1&limit=9").json() == []


def test_the_season_list_has_the_specials_and_the_episodes(trakt):
    seasons = trakt.get("/shows/show/seasons?extended=full,episodes").json()
    assert [(season["number"], len(season["episodes"])) for season in seasons] == [(0, 1), (1, 3)]


def test_one_tmdb_number_can_be_a_show_and_a_movie(trakt):
    assert {row["type"] for row in trakt.get("/search/tmdb/11").json()} == {"show", "movie"}
    assert [row["type"] for row in trakt.get("/search/tmdb/11?type=movie").json()] == ["movie"]


def test_a_ban_tells_how_long(trakt, standins):
    standins.control("ban", {"service": "trakt", "seconds": 40})
    answer = trakt.get(HISTORY)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 40


def test_a_rate_limit_bans_after_so_many_requests(trakt, standins):
    standins.control("limits", {"service": "trakt", "requests": 2, "seconds": 10**9, "ban_seconds": 60})
    assert [trakt.get(HISTORY).status_code for _ in range(3)] == [200, 200, 429]


def test_writing_to_trakt_is_a_breach(trakt, standins):
    assert trakt.post("/sync/history", json={}).status_code == 405
    assert "write_to_trakt" in kinds(standins)


def test_public_data_needs_no_token(standins):
    headers = AGENT | {"Content-Type": "application/json", "trakt-api-key": "t-app", "trakt-api-version": "2"}
    assert httpx.get(f"{standins.trakt_url}/shows/1", headers=headers).status_code == 200
    assert httpx.get(f"{standins.trakt_url}/sync/history", headers=headers).status_code == 401
