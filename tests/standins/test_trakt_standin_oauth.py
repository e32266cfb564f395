"""auth.trakt.tv: PKCE, exact redirects, single-use tokens, the device flow."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

CALLBACK = "https://site/trakt/callback"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {"response_type": "code", "client_id": "t-app", "redirect_uri": CALLBACK, "state": "s1"}
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "tr", "client_id": "t-app", "redirect_uri": CALLBACK}


def consented(trakt, decision="allow", **asked) -> dict[str, str]:
    """Press a button on the consent page; return what the callback gets."""
    answer = trakt.post("/oauth/authorize", data={**ASKED, **PKCE, **asked, "user": "alice", "decision": decision},
                        headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert answer.headers["location"].startswith(CALLBACK)
    return {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def exchanged(trakt, code, **changes):
    sent = {"grant_type": "authorization_code", "code": code, "client_id": "t-app", "redirect_uri": CALLBACK}
    return trakt.post("/oauth/token", json={**sent, "code_verifier": VERIFIER, **changes})


def test_the_page_has_the_two_buttons_and_keeps_what_was_asked(trakt):
    page = trakt.get("/oauth/authorize", params={**ASKED, **PKCE}).text
    assert 'value="allow">Allow' in page
    assert 'value="deny">Deny' in page
    assert CHALLENGE in page


@pytest.mark.parametrize(
    "change", [{"client_id": "nobody"}, {"redirect_uri": CALLBACK + "/"}, {"response_type": "token"}]
)
def test_a_bad_request_is_told_to_the_person(trakt, change):
    assert trakt.get("/oauth/authorize", params={**ASKED, **change}).status_code == 400


def test_consent_brings_a_code_and_the_state_back(trakt):
    back = consented(trakt)
    assert back["state"] == "s1"
    body = exchanged(trakt, back["code"]).json()
    assert trakt.get("/users/settings", headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200
    assert body["expires_in"] == 604800


def test_denial_brings_an_error_back(trakt):
    assert consented(trakt, "deny") == {"error": "access_denied", "state": "s1"}


@pytest.mark.parametrize(
    "change", [{"code_verifier": "w" * 50}, {"code_verifier": ""}, {"redirect_uri": "https://elsewhere/"}]
)
def test_a_wrong_verifier_or_address_is_invalid_grant(trakt, change):
    answer = exchanged(trakt, consented(trakt)["code"], **change)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_works_once(trakt):
    code = consented(trakt)["code"]
    assert [exchanged(trakt, code).status_code for _ in range(2)] == [200, 400]


def test_a_refresh_token_works_once_and_without_a_secret(trakt):
    first = trakt.post("/oauth/token", json=REFRESH)
    again = trakt.post("/oauth/token", json=REFRESH)
    assert (first.status_code, again.status_code, again.json()["error"]) == (200, 400, "invalid_grant")
    assert (
        trakt.post("/oauth/token", json=REFRESH | {"refresh_token": first.json()["refresh_token"]}).status_code == 200
    )


def test_an_app_that_is_gone_is_an_invalid_client(trakt, standins):
    standins.control("app_gone", {"service": "trakt"})
    assert trakt.post("/oauth/token", json=REFRESH).json()["error"] == "invalid_client"
    assert trakt.get("/users/settings").status_code == 403


def test_a_revoked_token_is_dead(trakt):
    assert trakt.post("/oauth/revoke", json={"token": "ta", "client_id": "t-app"}).json() == {}
    assert trakt.get("/users/settings").status_code == 401


@pytest.fixture
def device(trakt):
    return trakt.post("/oauth/device/code", json={"client_id": "t-app"}).json()


def polled(trakt, device) -> int:
    return trakt.post("/oauth/device/token", json={"code": device["device_code"], "client_id": "t-app"}).status_code


def decided(trakt, device, decision):
    sent = {"user_code": device["user_code"], "user": "alice", "decision": decision}
    return trakt.post("/activate", data=sent, headers={"Content-Type": "application/x-www-form-urlencoded"})


def test_a_device_waits_until_its_user_allows_it_and_gets_one_token(trakt, standins, device):
    assert polled(trakt, device) == 400
    assert decided(trakt, device, "allow").status_code == 200
    standins.control("clock", {"seconds": 5})
    assert polled(trakt, device) == 200
    assert polled(trakt, device) == 409


def test_a_device_that_asks_too_often_is_told_so(trakt, device):
    assert [polled(trakt, device), polled(trakt, device)] == [400, 429]


def test_a_denied_device_gets_418(trakt, device):
    decided(trakt, device, "deny")
    assert polled(trakt, device) == 418


def test_an_expired_device_gets_410_and_an_unknown_one_404(trakt, standins, device):
    standins.control("clock", {"seconds": 601})
    assert polled(trakt, device) == 410
    assert polled(trakt, {"device_code": "no"}) == 404
