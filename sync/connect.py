"""Connecting a user's Bangumi account: by OAuth, or by a personal access token that the user pastes."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone
from pydantic import SecretStr

from bgmsync.shared import consent
from bgmsync.shared.http import RemoteError, StaticTokens, TokenGrant
from bgmsync.shared.models import Service, ServiceApp
from sync.bangumi import oauth
from sync.bangumi.client import Bangumi

if TYPE_CHECKING:
    from sync.bangumi.schemas import Me
    from sync.models import BangumiAccount

logger = logging.getLogger(__name__)

TOKEN_PAGE = "https://next.bgm.tv/demo/access-token"  # noqa: S105  # an address


def app() -> ServiceApp:
    return ServiceApp.for_service(Service.BANGUMI)


def authorize_url(state: str) -> str:
    return oauth.authorize_url(
        settings.BANGUMI_AUTH_URL,
        client_id=app().client_id,
        redirect_uri=consent.callback_uri(Service.BANGUMI),
        state=state,
    )


def connect(account: BangumiAccount, code: str) -> None:
    """Exchange the callback's *code*, store the grant, then look whose it is; raise :class:`RemoteError`."""
    grant = async_to_sync(_exchange)(app(), code)
    account.redirect_uri = consent.callback_uri(Service.BANGUMI)
    account.keep(grant)
    try:
        _note_owner(account, async_to_sync(_whoami)(account.access_token))
    except RemoteError as error:
        logger.warning("Connected, but Bangumi did not say whose account it is: %s", error)


def connect_by_token(account: BangumiAccount, token: str, days: int | None) -> None:
    """Store a personal access token that Bangumi accepts; raise :class:`RemoteError`, storing nothing, if not.

    *days* is how long the user says that it lives; else Bangumi is asked, which does not always know.
    """
    me = async_to_sync(_whoami)(token)
    lives = timedelta(days=days) if days else async_to_sync(_life_of)(token)
    account.redirect_uri = ""
    account.keep(TokenGrant(access_token=SecretStr(token), expires_in=int(lives.total_seconds()) if lives else None))
    _note_owner(account, me)


def disconnect(account: BangumiAccount) -> None:
    """Forget the tokens; Bangumi has no way to be told."""
    account.bangumi_id = None
    account.save(update_fields=["bangumi_id"])
    account.forget()


def _note_owner(account: BangumiAccount, me: Me) -> None:
    account.bangumi_id = me.id
    account.username = me.username[:100]
    account.save(update_fields=["bangumi_id", "username"])


async def _exchange(app: ServiceApp, code: str) -> TokenGrant:
    async with consent.talk(Service.BANGUMI) as http:
        return await oauth.exchange(
            consent.transport(http, Service.BANGUMI, settings.BANGUMI_AUTH_URL),
            code=code,
            redirect_uri=consent.callback_uri(Service.BANGUMI),
            client_id=app.client_id,
            client_secret=app.client_secret,
        )


async def _whoami(token: str) -> Me:
    async with consent.talk(Service.BANGUMI) as http:
        api = consent.transport(http, Service.BANGUMI, settings.BANGUMI_API_URL)
        return await Bangumi(api, StaticTokens(token)).me()


async def _life_of(token: str) -> timedelta | None:
    try:
        async with consent.talk(Service.BANGUMI) as http:
            auth = consent.transport(http, Service.BANGUMI, settings.BANGUMI_AUTH_URL)
            status = await oauth.token_status(auth, token)
    except RemoteError:
        return None
    return status.expires - timezone.now() if status.expires and status.expires > timezone.now() else None
