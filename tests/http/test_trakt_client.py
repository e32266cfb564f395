from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bgmsync.shared import http
from tests.http.remote import Remote, answer, error_of, html, run
from trakt.client import Trakt
from trakt.schemas import Place, RejectedRow

EXAMPLES = Path(__file__).parents[3] / "shared" / "contracts" / "trakt-examples.json"

SHOW = {"title": "Frieren", "year": 2023, "ids": {"trakt": 198225, "slug": "frieren", "tmdb": 209867}}
EPISODE = {"season": 1, "number": 2, "title": None, "ids": {"trakt": 10500002, "tvdb": None}}
MOVIE = {"title": "Your Name.", "year": None, "ids": {"trakt": 1402001, "slug": "your-name-2016"}}
PLAY = {
    "id": 10984500123456,
    "watched_at": "2026-11-21T12:34:56.000Z",
    "action": "scrobble",
    "type": "episode",
    "episode": EPISODE,
    "show": SHOW,
}


class Renewing:
    """Tokens that can be renewed so many times."""

    def __init__(self, renewals=1):
        self.renewals = renewals
        self.token = "first"
        self.rejected = []

    async def current(self):
        return self.token

    async def renewed(self, rejected):
        self.rejected.append(rejected)
        if len(self.rejected) > self.renewals:
            raise http.Unauthorized("trakt", "session not found", status=400)
        self.token = "second"
        return self.token


def trakt(*answers, tokens=None):
    remote = Remote(*answers)
    return Trakt(remote.transport(), tokens or Renewing(), "the-client-id"), remote


def paging(page, count, items, limit=250):
    return {
        "X-Pagination-Page": str(page),
        "X-Pagination-Page-Count": str(count),
        "X-Pagination-Item-Count": str(items),
        "X-Pagination-Limit": str(limit),
    }


def history(*rows):
    return run(trakt(answer(200, rows))[0].history_page(1))


def test_every_request_carries_what_trakt_requires():
    client, remote = trakt(answer(200, []))

    run(client.history_page(1))

    headers = remote.requests[0].headers
    assert headers["user-agent"].startswith("bgmsync/")
    assert headers["content-type"] == "application/json"
    assert headers["trakt-api-key"] == "the-client-id"
    assert headers["trakt-api-version"] == "2"
    assert headers["authorization"] == "Bearer first"


def test_history_is_asked_for_in_full_with_page_limit_and_window():
    client, remote = trakt(answer(200, []))

    run(client.history_page(3, start_at=datetime(2026, 11, 1, tzinfo=UTC)))

    assert remote.requests[0].url.path == "/sync/history"
    assert dict(remote.requests[0].url.params) == {
        "extended": "full",
        "page": "3",
        "limit": "250",
        "start_at": "2026-11-01T00:00:00.000Z",
    }


def test_the_headers_say_how_many_pages_there_are_not_what_was_asked():
    client, _ = trakt(answer(200, [PLAY], paging(2, 5, 1200)))

    page = run(client.history_page(2, limit=1000))

    assert (page.page, page.page_count, page.item_count, page.limit) == (2, 5, 1200, 250)
    assert not page.is_last


def test_without_paging_headers_a_list_is_one_page():
    page = history(PLAY)

    assert (page.is_last, page.item_count) == (True, None)


def test_an_empty_list_is_a_last_page():
    page = run(trakt(answer(200, [], paging(1, 0, 0)))[0].history_page(1))

    assert (page.rows, page.is_last, page.item_count) == ([], True, 0)


@pytest.mark.parametrize("garbage", ["two", "-1", "", "1e3", "9" * 30])
def test_paging_headers_that_are_no_numbers_are_as_good_as_absent(garbage):
    client, _ = trakt(answer(200, [PLAY], {"X-Pagination-Page-Count": garbage}))

    assert run(client.history_page(1)).page_count == 1


def test_an_unbelievable_page_count_is_trouble():
    client, _ = trakt(answer(200, [PLAY], {"X-Pagination-Page-Count": "999999999"}))

    assert type(error_of(client.history_page(1))) is http.ServerTrouble


@pytest.mark.parametrize(
    "garbage",
    [answer(200), html(200), answer(200, {}), answer(200, None), httpx.Response(200, content=b"[{"), answer(204)],
)
def test_garbage_is_never_an_empty_page(garbage):
    assert type(error_of(trakt(garbage)[0].history_page(1))) is http.ServerTrouble


def test_a_play_is_read_with_its_media():
    (row,) = history(PLAY).rows

    assert (row.id, row.type, row.action) == (10984500123456, "episode", "scrobble")
    assert row.watched_at == datetime(2026, 11, 21, 12, 34, 56, tzinfo=UTC)
    assert (row.episode.season, row.episode.number, row.episode.title) == (1, 2, "")
    assert (row.show.ids.tmdb, row.show.genres) == (209867, None)


def test_an_unknown_date_is_an_ordinary_date():
    (row,) = history({**PLAY, "watched_at": "1970-01-01T00:00:00.000Z"}).rows

    assert row.watched_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_play_without_a_date_is_kept():
    assert history({**PLAY, "watched_at": None}).rows[0].watched_at is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "podcast"}, "unknown type 'podcast'"),
        ({"type": "season"}, "type: "),
        ({"id": "10984500123456"}, "id: "),
        ({"id": True}, "id: "),
        ({"id": 2**63}, "id: "),
        ({"watched_at": 1700000000}, "watched_at: "),
        ({"watched_at": "1700000000"}, "watched_at: "),
        ({"watched_at": "yesterday-ish"}, "watched_at: "),
        ({"episode": None}, "episode row without episode"),
        ({"show": None}, "episode row without show"),
        ({"episode": {**EPISODE, "number": "2"}}, "episode.number: "),
        ({"episode": {**EPISODE, "ids": {}}}, "episode.ids.trakt: "),
        ({"show": {**SHOW, "ids": None}}, "show.ids: "),
        ({"show": []}, "show: "),
    ],
)
def test_a_row_that_is_wrong_is_set_aside_and_the_page_kept(change, why):
    page = history(PLAY, {**PLAY, **change}, {**PLAY, "id": 7})

    assert [row.id for row in page.rows] == [PLAY["id"], 7]
    (rejected,) = page.rejected
    assert rejected.row_index == 1
    assert rejected.raw_id == {**PLAY, **change}["id"]
    assert why in rejected.why


@pytest.mark.parametrize("row", [None, 3, "x", [], {}])
def test_a_row_that_is_no_object_is_set_aside(row):
    assert [rejected.raw_id for rejected in history(row, PLAY).rejected] == [None]


def test_why_a_row_is_set_aside_does_not_quote_it():
    page = history({**PLAY, "id": "private-thing"})

    assert "private-thing" not in page.rejected[0].why


@pytest.mark.parametrize(
    "change",
    [
        {"year": "soon"},
        {"genres": "anime"},
        {"first_aired": "not yet"},
        {"airs": 3},
        {"title": None},
        {"title": "a\0b\ud800"},
        {"ids": {"trakt": 1, "tmdb": "x", "tvdb": -1}},
    ],
)
def test_what_only_describes_may_be_wrong(change):
    page = history({**PLAY, "show": {**SHOW, **change}})

    assert page.rejected == []
    page.rows[0].show.title.encode()


def test_ratings_are_whole_and_at_most_ten_and_zero_is_told_apart():
    row = {"rated_at": "2026-11-21T12:34:56.000Z", "type": "show", "show": SHOW}
    rows = [{**row, "rating": rating} for rating in (1, 10, 0, 11, 7.5, "8", None)]

    page = run(trakt(answer(200, rows))[0].ratings_page(1))

    assert [rating.rating for rating in page.rows] == [1, 10, 0]
    assert len(page.rejected) == 4


def test_a_season_rating_brings_its_show():
    row = {"rated_at": "2026-11-20T12:34:56.000Z", "rating": 8, "type": "season", "show": SHOW}
    season = {"number": 1, "ids": {"trakt": 355001}}

    page = run(trakt(answer(200, [{**row, "season": season}, row]))[0].ratings_page(1))

    assert page.rows[0].season.number == 1
    assert page.rejected == [RejectedRow(1, None, "Value error, season row without season")]


def test_older_collection_rows_get_their_type_from_the_list():
    client, remote = trakt(answer(200, [{"last_collected_at": "2026-11-05T12:34:56.000Z", "show": SHOW}]))

    (row,) = run(client.collection_page("shows", 1)).rows

    assert (row.type, row.collected_at.year) == ("show", 2026)
    assert remote.requests[0].url.path == "/sync/collection/shows"


def test_hidden_and_watchlist_are_paged_lists():
    row = {"id": 5, "hidden_at": "2026-11-05T12:34:56Z", "listed_at": "2026-11-05T12:34:56Z", "type": "show"}
    client, remote = trakt(answer(200, [{**row, "show": SHOW}]))

    assert run(client.hidden_page("dropped", 1)).rows[0].hidden_at
    assert run(client.watchlist_page(1)).rows[0].listed_at
    assert [request.url.path for request in remote.requests] == ["/users/hidden/dropped", "/sync/watchlist"]


def test_last_activities_may_lack_any_leaf_and_keep_the_answer():
    told = {"all": "2026-11-21T12:34:56.000Z", "movies": None, "episodes": {"watched_at": "2026-11-11T12:34:56.000Z"}}

    activities = run(trakt(answer(200, told))[0].last_activities())

    assert activities.episodes.watched_at == datetime(2026, 11, 11, 12, 34, 56, tzinfo=UTC)
    assert (activities.movies.watched_at, activities.watchlist.updated_at) == (None, None)
    assert activities.raw == told


@pytest.mark.parametrize("told", [{}, {"error": "no"}, {"all": 3}, {"all": None, "episodes": {"watched_at": 1}}])
def test_last_activities_of_another_shape_are_trouble(told):
    assert type(error_of(trakt(answer(200, told))[0].last_activities())) is http.ServerTrouble


def test_the_map_of_shows_tells_plays_and_places():
    told = {
        "198225": {"355001|1": {"10500001": ["2026-11-20T12:34:56.000Z"] * 2}, "355000|0": {"9": []}, "7": {"8": []}}
    }
    client, remote = trakt(answer(200, told))

    watched = run(client.watched_map("shows"))

    assert [len(watched.plays[episode]) for episode in (10500001, 9, 8)] == [2, 0, 0]
    assert watched.places == {10500001: Place(198225, 1), 9: Place(198225, 0), 8: Place(198225, None)}
    assert dict(remote.requests[0].url.params) == {"extended": "min", "specials": "true", "season_numbers": "true"}


def test_the_map_of_movies_tells_plays():
    watched = run(trakt(answer(200, {"5": ["1970-01-01T00:00:00.000Z"]}))[0].watched_map("movies"))

    assert watched.plays == {5: [datetime(1970, 1, 1, tzinfo=UTC)]}


@pytest.mark.parametrize("told", [{"x": []}, {"5": ["never"]}, {"5": None}, {"5": [1]}, {"-5": []}])
def test_a_map_names_what_it_could_not_read(told):
    watched = run(trakt(answer(200, {**told, "6": []}))[0].watched_map("episodes"))

    assert (list(watched.plays), len(watched.rejected)) == ([6], 1)


@pytest.mark.parametrize("told", [{"1": []}, {"1": {"2|1": []}}, {"x": {}}, {"1": {"2|1": {"x": []}}}])
def test_a_map_of_shows_names_what_it_could_not_read(told):
    assert len(run(trakt(answer(200, told))[0].watched_map("shows")).rejected) == 1


def test_a_season_list_comes_whole_or_not_at_all():
    season = {"number": 1, "ids": {"trakt": 1}, "episodes": [EPISODE]}

    assert run(trakt(answer(200, [season]))[0].seasons(7))[0].episodes[0].number == 2
    assert type(error_of(trakt(answer(200, [season, {"number": 2}]))[0].seasons(7))) is http.ServerTrouble


def test_settings_name_the_account():
    told = {"user": {"username": "a", "ids": {"slug": "a", "uuid": "u"}}, "account": {"timezone": "Asia/Shanghai"}}

    settings = run(trakt(answer(200, told))[0].settings())

    assert (settings.user.ids.uuid, settings.account.timezone) == ("u", "Asia/Shanghai")


def test_a_refused_token_is_renewed_and_the_request_replayed_once():
    tokens = Renewing()
    client, remote = trakt(answer(401), answer(200, []), tokens=tokens)

    run(client.history_page(1))

    assert [request.headers["authorization"] for request in remote.requests] == ["Bearer first", "Bearer second"]
    assert tokens.rejected == ["first"]


def test_a_token_that_is_refused_twice_ends_in_reconnect():
    client, remote = trakt(answer(401))

    assert error_of(client.history_page(1)).reason == "trakt_reconnect"
    assert len(remote.requests) == 2


def test_a_token_that_cant_be_renewed_ends_in_reconnect():
    client, remote = trakt(answer(401), tokens=http.StaticTokens("pasted", "trakt"))

    assert error_of(client.history_page(1)).reason == "trakt_reconnect"
    assert len(remote.requests) == 1


@pytest.mark.parametrize("token", ["two\nlines", "ключ"])
def test_what_can_not_be_a_token_is_not_sent(token):
    client, remote = trakt(answer(200, []), tokens=http.StaticTokens(token, "trakt"))

    assert error_of(client.history_page(1)).reason == "trakt_reconnect"
    assert remote.requests == []


@pytest.mark.shared
@pytest.mark.skipif(not EXAMPLES.exists(), reason="../shared is not beside the project")
@pytest.mark.parametrize(
    ("example", "ask"),
    [
        ("sync_history", lambda client: client.history_page(1)),
        ("sync_history_full", lambda client: client.history_page(1)),
        ("sync_ratings", lambda client: client.ratings_page(1)),
        ("sync_collection_movies", lambda client: client.collection_page("movies", 1)),
        ("sync_collection_shows", lambda client: client.collection_page("shows", 1)),
        ("sync_collection_episodes", lambda client: client.collection_page("episodes", 1)),
        ("sync_watchlist", lambda client: client.watchlist_page(1)),
        ("sync_watched_movies_min", lambda client: client.watched_map("movies")),
        ("sync_watched_shows_min", lambda client: client.watched_map("shows")),
        ("sync_watched_episodes_min", lambda client: client.watched_map("episodes")),
    ],
)
def test_the_contracts_examples_are_read_without_a_loss(example, ask):
    told = json.loads(EXAMPLES.read_text())["examples"][example]

    got = run(ask(trakt(answer(200, told["body"], told.get("headers")))[0]))

    assert got.rejected == []
    assert len(getattr(got, "rows", None) or got.plays) >= 1


@pytest.mark.shared
@pytest.mark.skipif(not EXAMPLES.exists(), reason="../shared is not beside the project")
@pytest.mark.parametrize(
    ("example", "ask"),
    [
        ("sync_last_activities", lambda client: client.last_activities()),
        ("users_settings", lambda client: client.settings()),
        ("show_full", lambda client: client.show(198225)),
        ("movie_full", lambda client: client.movie(1402001)),
        ("show_seasons", lambda client: client.seasons(198225)),
    ],
)
def test_the_contracts_single_objects_are_read(example, ask):
    told = json.loads(EXAMPLES.read_text())["examples"][example]

    assert run(ask(trakt(answer(200, told["body"]))[0]))
