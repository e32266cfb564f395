"""Every status, and every kind of garbage, has one meaning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from bgmsync.shared import http
from bgmsync.shared.http.answers import error_for, json_of, safe
from tests.http.remote import EDGE, answer, html


def meaning(response, service, scale=1):
    return error_for(response, service, scale)


BANGUMI_ERROR = {
    "title": "Bad Request",
    "details": {"path": "/v0/x", "method": "PATCH", "query_string": "a=b"},
    "description": "you need to add subject to your collection first",
}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, http.Rejected),
        (401, http.Unauthorized),
        (404, http.NotFound),
        (405, http.Rejected),
        (408, http.ServerTrouble),
        (409, http.Rejected),
        (410, http.Rejected),
        (412, http.Rejected),
        (415, http.Rejected),
        (420, http.AccountLimit),
        (422, http.Rejected),
        (423, http.AccountLocked),
        (425, http.ServerTrouble),
        (426, http.NeedsVip),
        (429, http.RateLimited),
        (500, http.ServerTrouble),
        (502, http.ServerTrouble),
        (503, http.ServerTrouble),
        (504, http.ServerTrouble),
        (520, http.ServerTrouble),
        (522, http.ServerTrouble),
        (302, http.ServerTrouble),
        (206, http.ServerTrouble),
    ],
)
def test_a_status_means_one_thing_whatever_its_body(status, kind):
    empty = meaning(httpx.Response(status), "trakt")
    told = meaning(answer(status, {"error": "said so"}), "trakt")

    assert type(empty) is type(told) is kind
    assert empty.status == status


def test_403_from_trakt_itself_means_the_operators_app():
    error = meaning(httpx.Response(403, headers={"Server": "cloudflare", "X-Runtime": "0.01"}), "trakt")

    assert type(error) is http.AppRefused


def test_403_from_bangumi_itself_means_the_users_standing():
    error = meaning(answer(403, {"description": "insufficient token scope"}), "bangumi")

    assert type(error) is http.Forbidden
    assert error.detail == "insufficient token scope"


@pytest.mark.parametrize("service", ["trakt", "bangumi"])
def test_403_as_a_page_of_cloudflare_is_a_block_of_an_hour(service):
    error = meaning(html(403), service)

    assert type(error) is http.RateLimited
    assert (error.blocked, error.retry_after) == (True, 3600)


def test_a_short_retry_after_does_not_shorten_a_block():
    assert meaning(html(403, {"Retry-After": "10"}), "trakt").retry_after == 3600


def test_403_of_cloudflare_without_a_body_is_a_block_too():
    assert meaning(httpx.Response(403, headers={"Server": "cloudflare"}), "trakt").blocked


def test_429_of_cloudflare_blocks_for_as_long_as_it_says():
    error = meaning(html(429, {"Retry-After": "300"}), "trakt")

    assert (error.blocked, error.retry_after) == (True, 300)


def test_429_of_bangumi_says_no_time_and_lasts_an_hour():
    error = meaning(answer(429, {"description": "too many request"}), "bangumi")

    assert (error.blocked, error.retry_after) == (False, 3600)


def test_429_of_trakt_without_a_time_lasts_until_its_bucket_is_full():
    assert meaning(httpx.Response(429), "trakt").retry_after == 300


def test_what_was_asked_for_is_scaled_once():
    assert meaning(answer(429, None, {"Retry-After": "10"}), "trakt", 0.5).retry_after == 5
    assert meaning(html(403), "trakt", 0.5).retry_after == 1800


def test_retry_after_may_be_a_date():
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)

    assert 90 < meaning(answer(503, None, {"Retry-After": then}), "trakt").retry_after <= 100


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1.5.2", "", "²"])
def test_a_retry_after_that_is_nonsense_is_none(nonsense):
    response = httpx.Response(503, headers=[(b"Retry-After", nonsense.encode("utf-8"))])

    assert meaning(response, "trakt").retry_after is None


def test_an_absurd_retry_after_is_a_day():
    assert meaning(answer(429, None, {"Retry-After": "9" * 400}), "trakt").retry_after == 24 * 3600


def test_a_proxys_page_logs_nobody_out():
    assert type(meaning(html(401), "bangumi")) is http.ServerTrouble


def test_the_services_own_words_are_kept():
    assert meaning(answer(400, BANGUMI_ERROR), "bangumi").detail == BANGUMI_ERROR["description"]


def test_a_deactivated_account_is_told_from_a_locked_one():
    error = meaning(httpx.Response(423, headers={"X-Account-Deactivated": "true"}), "trakt")

    assert error.detail == "the account is deactivated"


def test_html_is_named_and_not_shown():
    assert meaning(html(502), "trakt").detail == "HTML page instead of JSON"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty answer"),
        (b"  ", "empty answer"),
        (b"<html>", "HTML page instead of JSON"),
        (b'[{"id": 1', "not JSON, or cut short"),
        (b"\xff\xfe\x00", "not JSON, or cut short"),
        (b"[" * 100_000, "not JSON, or cut short"),
        (b'{"error": "no"}', "JSON of an unexpected shape"),
        (b"null", "JSON of an unexpected shape"),
        (b"3", "JSON of an unexpected shape"),
    ],
    ids=["empty", "blank", "html", "cut", "binary", "deep", "object", "null", "number"],
)
def test_what_is_no_list_is_trouble_and_never_an_empty_list(content, said):
    with pytest.raises(http.ServerTrouble, match=said):
        json_of(httpx.Response(200, content=content), list, "trakt")


def test_details_lose_secrets_addresses_and_length():
    text = safe("token hunter22 at https://x.test/y?code=1 " + "a" * 40 + " wrong" * 100, ["hunter22"])

    assert text.startswith("token … at … … wrong wrong")
    assert len(text) == 200


def test_an_edges_answer_is_told_by_its_headers():
    assert meaning(httpx.Response(429, headers=EDGE), "trakt").blocked
    assert not meaning(answer(429, {"error": "slow"}, {"Server": "cloudflare"}), "trakt").blocked
