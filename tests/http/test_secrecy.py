"""No token in any text: not in errors, reprs, logs, or what hangs on an exception."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from bgmsync.shared import http
from bgmsync.shared.http import StaticTokens, TokenGrant
from sync.bangumi.client import Bangumi
from sync.bangumi.schemas import EpisodeStatus
from tests.http.remote import Remote, answer, error_of, html
from trakt import oauth
from trakt.client import Trakt

TOKEN = "tok-4f1c"


def texts_of(error):
    """Return all that a log or a page could show of an error, its causes included."""
    seen = []
    while error is not None:
        seen += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


FAULTS = [
    httpx.ConnectError(f"refused {TOKEN}"),
    httpx.ReadTimeout(f"hang {TOKEN}"),
    httpx.ConnectError(f"https://me:{TOKEN}@host.test/path/{TOKEN}?access_token={TOKEN}#{TOKEN}"),
    httpx.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'"),
    answer(400, {"error": f"bad token {TOKEN}"}),
    answer(401, {"error_description": f"expired: {TOKEN}"}),
    answer(403, {"description": f"scope of {TOKEN}"}),
    answer(404, {"message": f"Bearer {TOKEN}"}),
    answer(429, {"description": TOKEN}),
    answer(500, {"description": TOKEN}),
    html(502),
    httpx.Response(206, text=TOKEN),
]
GARBAGE = answer(200, {"data": TOKEN, "total": TOKEN})


@pytest.mark.parametrize("fault", FAULTS)
def test_no_error_of_a_client_shows_the_token(fault, caplog):
    caplog.set_level(logging.DEBUG)
    for service, ask in [
        ("trakt", lambda transport: Trakt(transport, StaticTokens(TOKEN, "trakt"), "id").history_page(1)),
        ("bangumi", lambda transport: Bangumi(transport, StaticTokens(TOKEN)).episode_states(1)),
        (
            "bangumi",
            lambda transport: Bangumi(transport, StaticTokens(TOKEN)).mark_episodes(1, [2], type=EpisodeStatus.WATCHED),
        ),
    ]:
        remote = Remote(fault, service=service)
        error = error_of(ask(remote.transport()))
        assert isinstance(error, http.RemoteError)
        assert TOKEN not in texts_of(error)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    "fault", [*FAULTS, GARBAGE, answer(400, {"error": "invalid_grant", "error_description": TOKEN})]
)
def test_no_error_of_a_refresh_shows_the_refresh_token_or_the_secret(fault, caplog):
    caplog.set_level(logging.DEBUG)
    remote = Remote(fault)

    error = error_of(
        oauth.refresh(
            remote.transport(), refresh_token=TOKEN, redirect_uri="https://h.test", client_id="c", client_secret=TOKEN
        )
    )

    assert isinstance(error, http.RemoteError)
    assert TOKEN not in texts_of(error)
    assert TOKEN not in caplog.text


def test_no_error_about_garbage_shows_the_token():
    error = error_of(Bangumi(Remote(GARBAGE, service="bangumi").transport(), StaticTokens(TOKEN)).episode_states(1))

    assert TOKEN not in texts_of(error)


def test_no_error_holds_a_request_of_httpx():
    error = error_of(Trakt(Remote(httpx.ReadTimeout("x")).transport(), StaticTokens(TOKEN, "trakt"), "id").settings())

    assert (error.__cause__, error.__context__) == (None, None)


def test_no_repr_shows_a_token():
    grant = TokenGrant.model_validate({"access_token": TOKEN, "refresh_token": TOKEN})

    assert TOKEN not in f"{grant!r} {grant} {StaticTokens(TOKEN)!r}"


def test_a_grant_that_is_wrong_is_not_quoted():
    with pytest.raises(ValueError, match="access_token") as raised:
        TokenGrant.model_validate({"access_token": [TOKEN]})

    assert TOKEN not in str(raised.value)


def test_the_libraries_below_do_not_log_addresses():
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    assert not logging.getLogger("httpcore").isEnabledFor(logging.DEBUG)
