"""Connecting a user's Bangumi account: by OAuth, or by a personal access token that the user pastes."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone

from bgmsync.shared import consent
from bgmsync.shared.http import RemoteError, StaticTokens
from bgmsync.shared.models import Service, ServiceApp
from sync.bangumi import oauth
from sync.bangumi.client import Bangumi

if TYPE_CHECKING:
    from datetime import datetime

    from bgmsync.shared.http import TokenGrant
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
    token = grant.access_token.get_secret_value()
    refresh = grant.refresh_token.get_secret_value() if grant.refresh_token else ""
    account.redirect_uri = consent.callback_uri(Service.BANGUMI)
    account.keep(token, refresh, grant.created_at, grant.expires_at)
    try:
        _note_owner(account, async_to_sync(_whoami)(token))
    except RemoteError as error:
        logger.warning("Connected, but Bangumi did not say whose account it is: %s", error)


def connect_by_token(account: BangumiAccount, token: str, days: int | None) -> None:
    """Store a personal access token that Bangumi accepts; raise :class:`RemoteError`, storing nothing, if not.

    *days* is how long the user says that it lives; else Bangumi is asked, which does not always know.
    """
    me = async_to_sync(_whoami)(token)
    now = timezone.now()
    expires = now + timedelta(days=days) if days else async_to_sync(_expiry)(token)
    account.redirect_uri = ""
    account.keep(token, "", now, expires)
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


async def _expiry(token: str) -> datetime | None:
    try:
        async with consent.talk(Service.BANGUMI) as http:
            auth = consent.transport(http, Service.BANGUMI, settings.BANGUMI_AUTH_URL)
            status = await oauth.token_status(auth, token)
    except RemoteError:
        return None
    return status.expires
