from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bgmsync.shared import http
from sync.bangumi import oauth
from tests.http.remote import Remote, answer, error_of, html, run

GRANT = {
    "access_token": "a" * 40,
    "expires_in": 604800,
    "token_type": "Bearer",
    "scope": None,
    "refresh_token": "r" * 40,
    "user_id": "7",
}
APP = {"redirect_uri": "https://host.test/cb", "client_id": "bgm1", "client_secret": "s3cret"}


def remote(*answers):
    return Remote(*answers, service="bangumi")


def refresh(host):
    return oauth.refresh(host.transport(), refresh_token="rt_old", **APP)


def test_the_browser_is_sent_with_a_state():
    url = oauth.authorize_url("https://bgm.test", client_id="bgm1", redirect_uri="https://host.test/cb", state="st")

    assert urlsplit(url).path == "/oauth/authorize"
    assert parse_qs(urlsplit(url).query)["state"] == ["st"]
    assert "s3cret" not in url


def test_an_exchange_is_a_form():
    host = remote(answer(200, GRANT))

    grant = run(oauth.exchange(host.transport(), code="the-code", **APP))

    assert grant.user_id == 7
    assert host.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert host.requests[0].url.path == "/oauth/access_token"
    form = parse_qs(host.requests[0].content.decode())
    assert (form["grant_type"], form["code"]) == (["authorization_code"], ["the-code"])


def test_a_refreshed_grant_has_no_user_and_starts_now():
    without = {name: value for name, value in GRANT.items() if name != "user_id"}

    grant = run(refresh(remote(answer(200, without))))

    assert grant.user_id is None
    assert (grant.expires_at - datetime.now(UTC)).days in {6, 7}


def test_only_invalid_grant_means_reconnect():
    dead = answer(400, {"error": "invalid_grant", "error_description": "Invalid refresh token"})

    assert error_of(refresh(remote(dead))).reason == "bangumi_reconnect"


@pytest.mark.parametrize("fault", [html(401), answer(400), html(403), answer(500), html(502), httpx.ReadTimeout("x")])
def test_no_outage_logs_anyone_out(fault):
    assert not error_of(refresh(remote(fault))).permanent


def test_invalid_client_means_that_the_operators_app_is_gone():
    assert error_of(refresh(remote(answer(400, {"error": "invalid_client"})))).reason == "bangumi_app_refused"


def test_a_lost_answer_is_asked_for_once_more():
    host = remote(httpx.ReadError("cut"), answer(200, GRANT))

    assert run(refresh(host)).refresh_token.get_secret_value() == "r" * 40


def test_a_tokens_status_says_whose_it_is_and_until_when():
    told = {"access_token": "a" * 40, "client_id": "", "expires": 1795348800, "scope": None, "user_id": "7"}

    status = run(oauth.token_status(remote(answer(200, told)).transport(), "a" * 40))

    assert (status.user_id, status.expires) == (7, datetime.fromtimestamp(1795348800, UTC))


def test_the_status_of_a_dead_token_is_a_refusal():
    assert type(error_of(oauth.token_status(remote(answer(401)).transport(), "a" * 40))) is http.Unauthorized
