"""Trakt's OAuth protocol: authorization code with PKCE, and the device flow. Knows no Django.

https://auth.trakt.tv serves all of it; the API's own host does not. The client secret is optional: newer apps
have none, and it is sent only when there is one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bgmsync.shared.http.answers import json_of
from bgmsync.shared.http.errors import OutcomeUnknown, ServerTrouble
from bgmsync.shared.http.oauth import (
    APP_IS_DEAD,
    REFUSALS,
    TokenGrant,
    address,
    ask_for_grant,
    challenge,
    new_state,
    new_verifier,
    oauth_error,
    refreshed,
    refusal,
)
from bgmsync.shared.http.transport import OK
from trakt.schemas import DeviceCode

if TYPE_CHECKING:
    from bgmsync.shared.http import Transport

__all__ = [
    "DeviceState",
    "authorize_url",
    "challenge",
    "device_code",
    "device_token",
    "exchange",
    "new_state",
    "new_verifier",
    "refresh",
    "revoke",
]


class DeviceState(StrEnum):
    """Why the device flow has no token yet, or will never have one."""

    PENDING = "pending"
    SLOW_DOWN = "slow_down"
    UNKNOWN_CODE = "unknown_code"
    USED = "used"
    EXPIRED = "expired"
    DENIED = "denied"

    @property
    def goes_on(self) -> bool:
        return self in {DeviceState.PENDING, DeviceState.SLOW_DOWN}


DEVICE_STATUSES = {
    400: DeviceState.PENDING,
    404: DeviceState.UNKNOWN_CODE,
    409: DeviceState.USED,
    410: DeviceState.EXPIRED,
    418: DeviceState.DENIED,
    429: DeviceState.SLOW_DOWN,
}
DEVICE_ERRORS = {
    "slow_down": DeviceState.SLOW_DOWN,
    "expired_token": DeviceState.EXPIRED,
    "access_denied": DeviceState.DENIED,
}
"""The same by the names of RFC 8628, should Trakt use them with a plain 400."""


def authorize_url(auth_url: str, *, client_id: str, redirect_uri: str, state: str, verifier: str) -> str:
    """Return where to send the browser. Keep *state* and *verifier* in the session until the callback."""
    params = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    return address(auth_url, "/oauth/authorize", params)


async def exchange(  # noqa: PLR0913  # as many as the protocol has
    transport: Transport,
    *,
    code: str,
    verifier: str,
    redirect_uri: str,
    client_id: str,
    client_secret: str | None = None,
) -> TokenGrant:
    """Exchange the callback's code, which works once: never repeated here."""
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
        **_app(client_id, client_secret),
    }
    return await ask_for_grant(transport, "/oauth/token", json=body)


async def refresh(
    transport: Transport,
    *,
    refresh_token: str,
    redirect_uri: str,
    client_id: str,
    client_secret: str | None = None,
) -> TokenGrant:
    """Renew. Call it under the account's lock, and store the grant before using it.

    A lost answer is asked for once more; see :func:`bgmsync.shared.http.oauth.refreshed`. Only
    :class:`Unauthorized` means that the user must connect again.
    """
    body = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "redirect_uri": redirect_uri,
        **_app(client_id, client_secret),
    }
    return await refreshed(lambda: ask_for_grant(transport, "/oauth/token", json=body))


async def revoke(transport: Transport, *, token: str, client_id: str, client_secret: str | None = None) -> None:
    """Make *token* worthless. Revoking twice does no harm."""
    body = {"token": token, **_app(client_id, client_secret)}
    await transport.send("POST", "/oauth/revoke", json=body, repeatable=True)


async def device_code(transport: Transport, client_id: str) -> DeviceCode:
    """Start the device flow. A code that nobody uses expires, so a lost answer is simply asked for again."""
    answer = await transport.read("/oauth/device/code", dict, method="POST", json={"client_id": client_id})
    try:
        return DeviceCode.model_validate(answer.data)
    except ValidationError:
        failure = ServerTrouble(transport.service, "an answer without a device code")
    raise failure


async def device_token(
    transport: Transport, *, device_code: str, client_id: str, client_secret: str | None = None
) -> TokenGrant | DeviceState:
    """Poll once. Go on polling while the state ``goes_on``, and after errors that are not permanent."""
    body = {"code": device_code, **_app(client_id, client_secret)}
    response = await transport.send(
        "POST", "/oauth/device/token", json=body, accept_statuses=OK | REFUSALS | DEVICE_STATUSES.keys()
    )
    error = oauth_error(response)
    if error in APP_IS_DEAD:
        raise refusal(response, transport.service, [device_code])
    if error in DEVICE_ERRORS:
        return DEVICE_ERRORS[error]
    if response.status_code in DEVICE_STATUSES:
        return DEVICE_STATUSES[response.status_code]
    if response.is_client_error:
        raise refusal(response, transport.service, [device_code])
    try:
        return TokenGrant.model_validate(json_of(response, dict, transport.service))
    except (ServerTrouble, ValidationError):
        failure = OutcomeUnknown(transport.service, "an answer without a token", status=response.status_code)
    raise failure


def _app(client_id: str, client_secret: str | None) -> dict[str, str]:
    return {"client_id": client_id} | ({"client_secret": client_secret} if client_secret else {})
