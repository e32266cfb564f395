"""The official documents: what clients send is checked against them, and what the stand-ins answer fits them."""

from __future__ import annotations

import httpx
import pytest

from bgmsync.standins import StandIns
from bgmsync.standins.exchange import Exchange
from tests import openapi
from tests.standins.conftest import AGENT, kinds, tiny_world

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not openapi.CONTRACTS.is_dir(), reason="../shared/contracts is not beside the project"),
]

JSON = {"content-type": "application/json"}

TRAKT_PATHS = [
    "/sync/last_activities",
    "/sync/history/shows/1",
    "/sync/history/movies/2?extended=full",
    "/users/settings",
    "/shows/1?extended=full",
    "/movies/2?extended=full",
    "/shows/1/seasons?extended=full,episodes",
    "/shows/1/seasons/1?extended=full",
    "/search/tmdb/11?type=show",
    "/sync/watched/shows?extended=progress",
    "/sync/ratings/all/8",
    "/sync/watchlist/shows/added/desc",
    "/sync/collection/movies",
    "/sync/collection/shows",
    "/sync/collection/episodes",
]

BANGUMI_PATHS = [
    "/v0/me",
    "/v0/subjects/1/subjects",
    "/v0/episodes?subject_id=1",
    "/v0/episodes/1001",
    "/v0/users/-/collections/1/episodes",
    "/v0/users/-/collections/-/episodes/1001",
]


@pytest.fixture(scope="module")
def documents():
    return {"trakt": openapi.trakt(), "bangumi": openapi.bangumi()}


@pytest.fixture(scope="module")
def observe():
    return openapi.checker()


def problems_of(documents, service, client, path):
    answer = client.get(path)
    route, _, query = path.partition("?")
    exchange = Exchange(service, "GET", route, query, JSON)
    return list(documents[service].answer_problems(exchange, answer.status_code, answer.content))


def test_what_trakt_answers_fits_its_document(documents, trakt):
    assert {path: found for path in TRAKT_PATHS if (found := problems_of(documents, "trakt", trakt, path))} == {}


def test_what_bangumi_answers_fits_its_document(documents, bangumi):
    assert {path: found for path in BANGUMI_PATHS if (found := problems_of(documents, "bangumi", bangumi, path))} == {}


def test_null_data_is_where_the_stand_in_departs_from_the_document_as_the_service_does(documents, bangumi):
    assert problems_of(documents, "bangumi", bangumi, "/v0/users/-/collections/3/episodes")


@pytest.mark.parametrize(
    "sent",
    [
        ("trakt", "GET", "/sync/history", "page=1&limit=250&extended=full&start_at=2026-01-01T00:00:00.000Z", b""),
        ("trakt", "GET", "/sync/watched/shows", "extended=min&specials=true&season_numbers=true", b""),
        ("trakt", "GET", "/users/hidden/dropped", "page=1&limit=250", b""),
        ("trakt", "POST", "/oauth/revoke", "", b'{"token":"a","client_id":"b"}'),
        ("bangumi", "GET", "/v0/episodes", "subject_id=1&limit=1000", b""),
        ("bangumi", "GET", "/v0/users/alice/collections", "limit=100&subject_type=2", b""),
        ("bangumi", "PATCH", "/v0/users/-/collections/1/episodes", "", b'{"episode_id":[1],"type":2}'),
        ("bangumi", "POST", "/oauth/access_token", "", b"grant_type=refresh_token"),
    ],
)
def test_good_requests_pass(observe, sent):
    service, method, path, query, body = sent
    assert observe(Exchange(service, method, path, query, JSON, body)) == []


@pytest.mark.parametrize(
    "sent",
    [
        ("trakt", "GET", "/sync/nowhere", "", b""),
        ("trakt", "GET", "/sync/history", "page=one", b""),
        ("trakt", "GET", "/sync/history", "page=1&pages=2", b""),
        ("trakt", "POST", "/oauth/token", "", b'{"grant_type":"refresh_token"}'),
        ("bangumi", "GET", "/v0/users/alice/collections", "limit=101", b""),
        ("bangumi", "GET", "/v0/episodes", "limit=10", b""),
        ("bangumi", "PATCH", "/v0/users/-/collections/1/episodes", "", b'{"episode_id":[1]}'),
        ("bangumi", "POST", "/v0/users/-/collections/1", "", b'{"status":2}'),
    ],
)
def test_bad_requests_are_named(observe, sent):
    service, method, path, query, body = sent
    assert observe(Exchange(service, method, path, query, JSON, body))


def test_what_the_checker_finds_is_a_breach(observe):
    with StandIns(tiny_world(), observer=observe) as standins:
        httpx.get(f"{standins.bangumi_url}/v0/episodes?subject=1", headers=AGENT)
        assert "openapi" in kinds(standins)
