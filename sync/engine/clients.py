"""The two clients of one run: one connection pool, the user's stored tokens, the hosts' shared budgets."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.conf import settings

from bgmsync.shared import counting, requesting
from bgmsync.shared.budget import HostGate
from bgmsync.shared.http import Transport, new_client, user_agent
from bgmsync.shared.models import Service, ServiceApp
from bgmsync.shared.tokens import StoredTokens
from sync.bangumi import oauth as bangumi_oauth
from sync.bangumi.client import Bangumi
from trakt import oauth as trakt_oauth
from trakt.client import Trakt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import httpx

    from bgmsync.shared.counting import Key
    from bgmsync.shared.http import TokenGrant
    from sync.models import BangumiAccount
    from trakt.models import TraktConfig

TELL_EVERY = 30.0
"""Seconds for which the installation's figures may lag behind a run that is under way."""


@dataclass(slots=True)
class Meter:
    """Requests really sent, by service, repetitions included; and how they went, until that is told."""

    requests: Counter[str] = field(default_factory=Counter)
    untold: dict[Key, float] = field(default_factory=dict)

    def count(self, service: str, status: int | None, seconds: float) -> None:
        self.requests[service] += 1
        requesting.note(self.untold, service, status, seconds)

    async def tell(self) -> None:
        """Add what was counted to the installation's figures."""
        counts, self.untold = self.untold, {}
        if counts:
            await sync_to_async(counting.add)(counts)

    async def tell_now_and_then(self) -> None:
        """Do so while a long run is under way."""
        while True:
            await asyncio.sleep(TELL_EVERY)
            await self.tell()


@dataclass(frozen=True, slots=True)
class Clients:
    trakt: Trakt
    bangumi: Bangumi
    meter: Meter


@asynccontextmanager
async def open_clients(config: TraktConfig, account: BangumiAccount) -> AsyncGenerator[Clients]:
    """Open the clients of *config*'s user; they are closed at the end of the block."""
    meter = Meter()
    trakt_app = await _app(Service.TRAKT)
    bangumi_app = await _app(Service.BANGUMI)
    async with new_client(verify=settings.TLS) as http:
        trakt_auth = _transport(http, meter, Service.TRAKT, settings.TRAKT_AUTH_URL, config.user_id)
        bangumi_auth = _transport(http, meter, Service.BANGUMI, settings.BANGUMI_AUTH_URL, config.user_id)

        async def renew_trakt(refresh_token: str, redirect_uri: str) -> TokenGrant:
            return await trakt_oauth.refresh(
                trakt_auth,
                refresh_token=refresh_token,
                redirect_uri=redirect_uri or trakt_redirect_uri(),
                client_id=trakt_app.client_id,
                client_secret=trakt_app.client_secret or None,
            )

        async def renew_bangumi(refresh_token: str, redirect_uri: str) -> TokenGrant:
            return await bangumi_oauth.refresh(
                bangumi_auth,
                refresh_token=refresh_token,
                redirect_uri=redirect_uri or bangumi_redirect_uri(),
                client_id=bangumi_app.client_id,
                client_secret=bangumi_app.client_secret,
            )

        clients = Clients(
            trakt=Trakt(
                _transport(http, meter, Service.TRAKT, settings.TRAKT_API_URL, config.user_id),
                StoredTokens(config, renew_trakt),
                trakt_app.client_id,
            ),
            bangumi=Bangumi(
                _transport(http, meter, Service.BANGUMI, settings.BANGUMI_API_URL, config.user_id),
                StoredTokens(account, renew_bangumi),
            ),
            meter=meter,
        )
        telling = asyncio.ensure_future(meter.tell_now_and_then())
        try:
            yield clients
        finally:
            telling.cancel()
            await meter.tell()


def trakt_redirect_uri() -> str:
    return f"{settings.BASE_URL}/trakt/callback"


def bangumi_redirect_uri() -> str:
    return f"{settings.BASE_URL}/bangumi/callback"


async def _app(service: Service) -> ServiceApp:
    return await sync_to_async(ServiceApp.for_service)(service)


def _transport(http: httpx.AsyncClient, meter: Meter, service: Service, base_url: str, user_id: int) -> Transport:
    return Transport(
        http,
        service=service.value,
        base_url=base_url,
        headers={"User-Agent": user_agent(service.value)},
        budget=HostGate(
            service.value,
            rate=getattr(settings, f"{service.name}_RATE"),
            user_id=user_id,
            sender=settings.PUBLIC_ADDRESS,
        ),
        retry_scale=settings.RETRY_SCALE,
        in_flight=settings.IN_FLIGHT,
        count=lambda status, seconds: meter.count(service.value, status, seconds),
    )
