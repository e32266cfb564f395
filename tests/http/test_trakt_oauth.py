from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bgmsync.shared import http
from bgmsync.shared.http import TokenGrant
from tests.http.remote import Remote, answer, error_of, html, run
from trakt import oauth
from trakt.oauth import DeviceState

GRANT = {
    "access_token": "at_example_opaque",
    "token_type": "bearer",
    "expires_in": 604800,
    "refresh_token": "rt_example_opaque",
    "scope": "public",
    "created_at": 1795348800,
}
APP = {"redirect_uri": "https://host.test/trakt/callback", "client_id": "the-client-id"}
DEAD = answer(400, {"error": "invalid_grant", "error_description": "session not found"})
LOST = httpx.ReadTimeout("hang")


def refresh(remote, **more):
    return oauth.refresh(remote.transport(), refresh_token="rt_old", **APP, **more)


def exchange(remote):
    return oauth.exchange(remote.transport(), code="the-code", verifier="v" * 43, **APP)


def poll(remote):
    return oauth.device_token(remote.transport(), device_code="d" * 64, client_id="the-client-id")


def test_the_challenge_is_the_one_of_the_standards_example():
    assert (
        oauth.challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


def test_verifiers_and_states_are_new_each_time_and_long_enough():
    assert 43 <= len(oauth.new_verifier()) <= 128
    assert oauth.new_verifier() != oauth.new_verifier()
    assert oauth.new_state() != oauth.new_state()


def test_the_browser_is_sent_with_state_and_challenge_but_not_the_verifier():
    url = oauth.authorize_url("https://auth.test/", state="the-state", verifier="secret-verifier", **APP)

    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.netloc, parts.path) == ("auth.test", "/oauth/authorize")
    assert asked["state"] == "the-state"
    assert asked["code_challenge"] == oauth.challenge("secret-verifier")
    assert asked["code_challenge_method"] == "S256"
    assert "secret-verifier" not in url


def test_an_exchange_sends_the_verifier_and_no_secret_that_there_is_not():
    remote = Remote(answer(200, GRANT))

    run(exchange(remote))

    assert remote.bodies == [{"grant_type": "authorization_code", "code": "the-code", "code_verifier": "v" * 43, **APP}]


def test_a_secret_is_sent_where_there_is_one():
    remote = Remote(answer(200, GRANT))

    run(refresh(remote, client_secret="s3cret"))

    assert remote.bodies[0]["client_secret"] == "s3cret"


def test_a_grant_says_when_it_expires():
    grant = run(exchange(Remote(answer(200, GRANT))))

    assert grant.access_token.get_secret_value() == "at_example_opaque"
    assert grant.refresh_token.get_secret_value() == "rt_example_opaque"
    assert grant.expires_at == datetime.fromtimestamp(1795348800 + 604800, UTC)


def test_numbers_of_a_grant_may_come_as_text():
    grant = TokenGrant.model_validate({**GRANT, "expires_in": "60", "created_at": "1795348800"})

    assert grant.expires_at == datetime.fromtimestamp(1795348860, UTC)


@pytest.mark.parametrize("created_at", [None, "soon", 10**30, []])
def test_a_grant_without_a_useful_time_stamp_starts_now(created_at):
    grant = TokenGrant.model_validate({**GRANT, "created_at": created_at})

    assert abs(grant.created_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("expires_in", [None, "soon", -1, 10**30])
def test_a_grant_is_kept_though_nobody_knows_when_it_expires(expires_in):
    assert TokenGrant.model_validate({**GRANT, "expires_in": expires_in}).expires_at is None


@pytest.mark.parametrize("refresh_token", [None, "", 3])
def test_a_grant_without_a_refresh_token_says_so(refresh_token):
    assert TokenGrant.model_validate({**GRANT, "refresh_token": refresh_token}).refresh_token is None


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("ask", [refresh, exchange])
def test_only_invalid_grant_means_reconnect(ask, status):
    remote = Remote(answer(status, {"error": "invalid_grant", "error_description": "session not found"}))

    error = error_of(ask(remote))

    assert (error.reason, error.detail, len(remote.requests)) == ("trakt_reconnect", "session not found", 1)


@pytest.mark.parametrize("status", [400, 401])
def test_invalid_client_means_that_the_operators_app_is_gone(status):
    assert error_of(refresh(Remote(answer(status, {"error": "invalid_client"})))).reason == "trakt_app_refused"


def test_another_oauth_error_is_a_rejection():
    assert type(error_of(refresh(Remote(answer(400, {"error": "invalid_request"}))))) is http.Rejected


@pytest.mark.parametrize("fault", [answer(401), html(401), answer(400), html(400), html(403), answer(429)])
def test_no_outage_logs_anyone_out(fault):
    assert not error_of(refresh(Remote(fault))).permanent


@pytest.mark.parametrize("lost", [LOST, httpx.ReadError("cut"), html(200), answer(200, {}), answer(200)])
def test_a_refresh_whose_answer_was_lost_is_asked_for_once_more(lost):
    remote = Remote(lost, answer(200, GRANT))

    assert run(refresh(remote)).access_token.get_secret_value() == "at_example_opaque"
    assert len(remote.requests) == 2


def test_invalid_grant_after_a_lost_answer_means_that_the_new_tokens_are_lost():
    assert error_of(refresh(Remote(LOST, DEAD))).reason == "trakt_reconnect"


def test_two_lost_answers_leave_the_tokens_for_a_later_try():
    remote = Remote(LOST)

    assert error_of(refresh(remote)).reason == "trakt_outcome_unknown"
    assert len(remote.requests) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 520])
def test_a_server_in_trouble_is_not_asked_again_at_once(status):
    remote = Remote(html(status))

    assert error_of(refresh(remote)).reason == "trakt_outcome_unknown"
    assert len(remote.requests) == 1


@pytest.mark.parametrize("lost", [LOST, answer(500), html(200)])
def test_an_exchange_is_never_repeated(lost):
    remote = Remote(lost)

    assert error_of(exchange(remote)).reason == "trakt_outcome_unknown"
    assert len(remote.requests) == 1


def test_revoking_names_the_token_and_the_app():
    remote = Remote(answer(200, {}))

    run(oauth.revoke(remote.transport(), token="at", client_id="the-client-id"))

    assert remote.bodies == [{"token": "at", "client_id": "the-client-id"}]


def test_the_device_flow_starts_with_a_code_to_show():
    told = {
        "device_code": "d" * 64,
        "user_code": "5055CC52",
        "verification_url": "https://trakt.tv/activate",
        "expires_in": 600,
        "interval": 5,
    }

    code = run(oauth.device_code(Remote(answer(200, told)).transport(), "the-client-id"))

    assert (code.user_code, code.verification_url) == ("5055CC52", "https://trakt.tv/activate")
    assert "d" * 64 not in repr(code)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (answer(400), DeviceState.PENDING),
        (answer(400, {"error": "authorization_pending"}), DeviceState.PENDING),
        (answer(400, {"error": "slow_down"}), DeviceState.SLOW_DOWN),
        (answer(429), DeviceState.SLOW_DOWN),
        (answer(404), DeviceState.UNKNOWN_CODE),
        (answer(409), DeviceState.USED),
        (answer(410), DeviceState.EXPIRED),
        (answer(418), DeviceState.DENIED),
    ],
)
def test_polling_tells_how_the_device_flow_stands(said, state):
    assert run(poll(Remote(said))) is state


def test_only_pending_and_slow_down_go_on():
    assert [state for state in DeviceState if state.goes_on] == [DeviceState.PENDING, DeviceState.SLOW_DOWN]


def test_polling_ends_with_a_grant():
    remote = Remote(answer(200, GRANT))

    assert run(poll(remote)).access_token.get_secret_value() == "at_example_opaque"
    assert remote.bodies == [{"code": "d" * 64, "client_id": "the-client-id"}]


def test_polling_for_an_app_that_is_gone_says_so():
    assert error_of(poll(Remote(answer(400, {"error": "invalid_client"})))).reason == "trakt_app_refused"


@pytest.mark.parametrize("fault", [answer(401), answer(500), LOST, html(200)])
def test_polling_through_an_outage_may_go_on(fault):
    assert not error_of(poll(Remote(fault))).permanent
