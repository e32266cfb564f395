"""bgm.tv's OAuth."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

CALLBACK = "https://site/bangumi/callback"
APP = {"client_id": "b-app", "client_secret": "b-secret", "redirect_uri": CALLBACK}
REFRESH = APP | {"grant_type": "refresh_token", "refresh_token": "br"}


def code_of(bangumi) -> str:
    sent = {"response_type": "code", "client_id": "b-app", "redirect_uri": CALLBACK, "state": "s", "user": "alice"}
    answer = bangumi.post("/oauth/authorize", data={**sent, "decision": "allow"})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["s"]
    return query["code"][0]


@pytest.mark.parametrize("form", ["data", "json"])
def test_a_code_is_exchanged_in_a_form_or_in_json(bangumi, form):
    sent = APP | {"grant_type": "authorization_code", "code": code_of(bangumi)}
    body = bangumi.post("/oauth/access_token", **{form: sent}).json()
    assert (body["user_id"], body["token_type"], body["scope"]) == (7, "Bearer", None)
    assert (
        bangumi.get("/v0/me", headers={"Authorization": f"Bearer {body['access_token']}"}).json()["username"] == "alice"
    )


def test_a_code_lives_for_a_minute(bangumi, standins):
    sent = APP | {"grant_type": "authorization_code", "code": code_of(bangumi)}
    standins.control("clock", {"seconds": 61})
    assert bangumi.post("/oauth/access_token", data=sent).json()["error"] == "invalid_grant"


def test_a_refresh_token_works_once_and_names_no_user(bangumi):
    first, again = (bangumi.post("/oauth/access_token", data=REFRESH) for _ in range(2))
    assert (first.status_code, "user_id" in first.json()) == (200, False)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_wrong_secret_is_an_invalid_client(bangumi):
    assert (
        bangumi.post("/oauth/access_token", data=REFRESH | {"client_secret": "x"}).json()["error"] == "invalid_client"
    )


def test_the_status_of_a_token_tells_when_it_ends(bangumi, standins):
    body = bangumi.post("/oauth/token_status", data={"access_token": "ba"}).json()
    assert (body["user_id"], body["expires"] > 1_700_000_000) == (7, True)
    standins.control("expire", {"service": "bangumi", "user": "alice"})
    assert bangumi.post("/oauth/token_status", data={"access_token": "ba"}).status_code == 401


def test_denying_goes_back_with_an_error(bangumi):
    sent = {"client_id": "b-app", "redirect_uri": CALLBACK, "user": "alice", "decision": "deny"}
    assert bangumi.post("/oauth/authorize", data=sent).headers["location"] == f"{CALLBACK}?error=access_denied"
