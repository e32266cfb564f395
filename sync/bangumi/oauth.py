"""Bangumi's OAuth protocol at its documented host, https://bgm.tv. Knows no Django.

https://github.com/bangumi/api/blob/master/docs-raw/How-to-Auth.md
The other one, at next.bgm.tv, grants tokens that may not write through the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from bgmsync.shared.http.answers import json_of
from bgmsync.shared.http.errors import ServerTrouble
from bgmsync.shared.http.oauth import TokenGrant, address, ask_for_grant, new_state, refreshed
from sync.bangumi.schemas import TokenStatus

if TYPE_CHECKING:
    from bgmsync.shared.http import Transport

__all__ = ["authorize_url", "exchange", "new_state", "refresh", "token_status"]


def authorize_url(auth_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
    """Return where to send the browser. Keep *state* in the session until the callback."""
    params = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return address(auth_url, "/oauth/authorize", params)


async def exchange(
    transport: Transport, *, code: str, redirect_uri: str, client_id: str, client_secret: str
) -> TokenGrant:
    """Exchange the callback's code, which works once and for a minute: never repeated here."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "client_secret": client_secret,
    }
    return await ask_for_grant(transport, "/oauth/access_token", form=form)


async def refresh(
    transport: Transport, *, refresh_token: str, redirect_uri: str, client_id: str, client_secret: str
) -> TokenGrant:
    """Renew. Call it under the account's lock, and store the grant before using it.

    A lost answer is asked for once more; see :func:`bgmsync.shared.http.oauth.refreshed`. Only
    :class:`Unauthorized` means that the user must connect again.
    """
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "client_secret": client_secret,
    }
    return await refreshed(lambda: ask_for_grant(transport, "/oauth/access_token", form=form))


async def token_status(transport: Transport, access_token: str) -> TokenStatus:
    """Ask whose token this is and until when. :class:`Unauthorized` or :class:`Rejected`: it is not valid."""
    response = await transport.send("POST", "/oauth/token_status", form={"access_token": access_token}, repeatable=True)
    try:
        return TokenStatus.model_validate(json_of(response, dict, transport.service))
    except ValidationError:
        failure = ServerTrouble(transport.service, "an answer without a token's status")
    raise failure
