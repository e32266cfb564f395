"""What both services' OAuth 2 has in common: the grant, its errors, PKCE, and when a refresh may be repeated."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator

from bgmsync.shared.http.answers import description, json_of, safe
from bgmsync.shared.http.errors import (
    AppRefused,
    OutcomeUnknown,
    Rejected,
    RemoteError,
    ServerTrouble,
    Unauthorized,
)
from bgmsync.shared.http.fields import Answered, Soft, SoftId, Text
from bgmsync.shared.http.transport import OK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx

    from bgmsync.shared.http.transport import Transport

LONGEST_LIFE = 10 * 365 * 24 * 3600
"""Seconds. A longer ``expires_in`` is nonsense, and a date made of it might not exist."""

REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})
GRANT_IS_DEAD = frozenset({"invalid_grant"})
APP_IS_DEAD = frozenset({"invalid_client", "unauthorized_client"})


def _now() -> datetime:
    return datetime.now(UTC)


def _epoch(value: Any) -> datetime:
    """Read epoch seconds, as a number or as text. A grant is never lost for the sake of its time stamp."""
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return _now()


class TokenGrant(Answered):
    """Tokens as granted. Only the access token must be there: the old refresh token is gone by now.

    ``refresh_token`` None: none was sent, the one in use stays. ``expires_at`` None: the service did not say.
    """

    access_token: SecretStr = Field(min_length=1)
    refresh_token: Soft[SecretStr] = None
    expires_in: Soft[Annotated[int, Field(ge=0, le=LONGEST_LIFE)]] = None
    created_at: Annotated[datetime, BeforeValidator(_epoch)] = Field(default_factory=_now)
    scope: Text = ""
    user_id: SoftId = None
    """Bangumi's, as a number or as text, and not on refresh."""

    @field_validator("refresh_token")
    @classmethod
    def _empty_is_none(cls, token: SecretStr | None) -> SecretStr | None:
        return token if token and token.get_secret_value() else None

    @property
    def expires_at(self) -> datetime | None:
        return None if self.expires_in is None else self.created_at + timedelta(seconds=self.expires_in)


def new_state() -> str:
    """Return a single-use value that ties the callback to the session that asked."""
    return secrets.token_urlsafe(32)


def new_verifier() -> str:
    """Return a PKCE code verifier of 86 characters; the standard allows 43 to 128."""
    return secrets.token_urlsafe(64)


def challenge(verifier: str) -> str:
    """Return the S256 challenge of *verifier*: base64url of its SHA-256, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def address(base: str, path: str, params: Mapping[str, str]) -> str:
    return f"{base.rstrip('/')}{path}?{urlencode(params)}"


async def ask_for_grant(
    transport: Transport,
    path: str,
    *,
    json: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> TokenGrant:
    """Ask once for tokens.

    Raises :class:`Unauthorized` for the server's own *invalid_grant* and for nothing else,
    :class:`AppRefused` when it does not know the app, :class:`OutcomeUnknown` when no trustworthy answer came.
    """
    response = await transport.send("POST", path, json=json, form=form, accept_statuses=OK | REFUSALS)
    sent = list((json or form or {}).values())
    if response.status_code in REFUSALS:
        raise refusal(response, transport.service, sent)
    try:
        return TokenGrant.model_validate(json_of(response, dict, transport.service))
    except (ServerTrouble, ValidationError):
        failure = OutcomeUnknown(transport.service, "an answer without a token", status=response.status_code)
    raise failure


def refusal(response: httpx.Response, service: str, sent: list[str]) -> RemoteError:
    """Return what a 400 or 401 of a token endpoint means. Without an OAuth error in it, it is an outage."""
    detail, status = safe(description(response), sent), response.status_code
    code = oauth_error(response)
    if code in GRANT_IS_DEAD:
        return Unauthorized(service, detail, status=status)
    if code in APP_IS_DEAD:
        return AppRefused(service, detail, status=status)
    if code:
        return Rejected(service, detail, status=status)
    return ServerTrouble(service, detail, status=status)


def oauth_error(response: httpx.Response) -> str:
    """Return the ``error`` of an OAuth error body, or an empty string."""
    try:
        error = json_of(response, dict, "").get("error")
    except ServerTrouble:
        return ""
    return error if isinstance(error, str) else ""


async def refreshed(ask: Callable[[], Awaitable[TokenGrant]]) -> TokenGrant:
    """Refresh by *ask*, once more when the answer was lost on the way.

    A refresh token works once. When an answer got lost, the server may have used it up: the second try tells. If
    it brings *invalid_grant* the new tokens are lost and the user must connect again; if it brings nothing
    either, :class:`OutcomeUnknown` leaves the tokens as they are for a later try. A server that answered 5xx is
    not asked again at once.
    """
    try:
        return await ask()
    except OutcomeUnknown as error:
        if error.status is not None and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
    return await ask()
