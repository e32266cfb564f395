"""Connecting a user's Trakt account: what the pages ask of Trakt, and what of the answers is stored."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from bgmsync.shared import consent
from bgmsync.shared.http import RemoteError, StaticTokens
from bgmsync.shared.models import Service, ServiceApp
from trakt import oauth
from trakt.client import Trakt
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from bgmsync.shared.http import TokenGrant
    from trakt.schemas import DeviceCode, Settings

logger = logging.getLogger(__name__)


def app() -> ServiceApp:
    return ServiceApp.for_service(Service.TRAKT)


def authorize_url(state: str, verifier: str) -> str:
    return oauth.authorize_url(
        settings.TRAKT_AUTH_URL,
        client_id=app().client_id,
        redirect_uri=consent.callback_uri(Service.TRAKT),
        state=state,
        verifier=verifier,
    )


def connect(config: TraktConfig, code: str, verifier: str) -> None:
    """Exchange the callback's *code* and store the grant; raise :class:`RemoteError`."""
    keep(config, async_to_sync(_exchange)(app(), code, verifier))


def keep(config: TraktConfig, grant: TokenGrant) -> None:
    """Store *grant* first, and only then look whose it is: a grant that is not stored is lost."""
    config.redirect_uri = consent.callback_uri(Service.TRAKT)
    config.keep(grant)
    if config.enabled and config.next_run_at is None:
        config.plan_next()
        config.save(update_fields=["next_run_at"])
    try:
        _note_owner(config, async_to_sync(_whoami)(app(), config.access_token))
    except RemoteError as error:
        logger.warning("Connected, but Trakt did not say whose account it is: %s", error)


def _note_owner(config: TraktConfig, whose: Settings) -> None:
    config.username = whose.user.username[:100]
    config.save(update_fields=["username"])
    zone = whose.account.timezone
    if config.timezone == "UTC" and zone in available_timezones() and not saved_by_person(config):
        config.timezone = zone
        config.plan_next()
        config.save(update_fields=["timezone", "next_run_at"])


def saved_by_person(config: TraktConfig) -> bool:
    """Tell whether somebody ever saved the settings page; the admin's own log knows."""
    kind = ContentType.objects.get_for_model(TraktConfig)
    return LogEntry.objects.filter(content_type=kind, object_id=str(config.pk), action_flag=CHANGE).exists()


def start_device() -> DeviceCode:
    """Ask for a code that the person types in at Trakt; raise :class:`RemoteError`."""
    return async_to_sync(_device_code)(app())


def poll_device(config: TraktConfig, device_code: str) -> oauth.DeviceState | None:
    """Ask once whether the person has agreed; None when they have, and the grant is stored then."""
    answer = async_to_sync(_device_token)(app(), device_code)
    if isinstance(answer, oauth.DeviceState):
        return answer
    keep(config, answer)
    return None


def disconnect(config: TraktConfig) -> bool:
    """Forget the tokens, after telling Trakt so; return whether Trakt took note."""
    told = True
    if config.access_token:
        try:
            async_to_sync(_revoke)(app(), config.access_token)
        except RemoteError as error:
            logger.warning("Disconnected here; Trakt could not be told: %s", error)
            told = False
    config.forget()
    return told


async def _exchange(app: ServiceApp, code: str, verifier: str) -> TokenGrant:
    async with consent.talk(Service.TRAKT) as http:
        return await oauth.exchange(
            consent.transport(http, Service.TRAKT, settings.TRAKT_AUTH_URL),
            code=code,
            verifier=verifier,
            redirect_uri=consent.callback_uri(Service.TRAKT),
            client_id=app.client_id,
            client_secret=app.client_secret or None,
        )


async def _whoami(app: ServiceApp, token: str) -> Settings:
    async with consent.talk(Service.TRAKT) as http:
        api = consent.transport(http, Service.TRAKT, settings.TRAKT_API_URL)
        return await Trakt(api, StaticTokens(token, service="trakt"), app.client_id).settings()


async def _device_code(app: ServiceApp) -> DeviceCode:
    async with consent.talk(Service.TRAKT) as http:
        auth = consent.transport(http, Service.TRAKT, settings.TRAKT_AUTH_URL)
        return await oauth.device_code(auth, app.client_id)


async def _device_token(app: ServiceApp, device_code: str) -> TokenGrant | oauth.DeviceState:
    async with consent.talk(Service.TRAKT) as http:
        return await oauth.device_token(
            consent.transport(http, Service.TRAKT, settings.TRAKT_AUTH_URL),
            device_code=device_code,
            client_id=app.client_id,
            client_secret=app.client_secret or None,
        )


async def _revoke(app: ServiceApp, token: str) -> None:
    async with consent.talk(Service.TRAKT) as http:
        await oauth.revoke(
            consent.transport(http, Service.TRAKT, settings.TRAKT_AUTH_URL),
            token=token,
            client_id=app.client_id,
            client_secret=app.client_secret or None,
        )
