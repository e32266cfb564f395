"""A user's stored tokens: renewed early, by one process at a time, and stored before they are used.

Refresh tokens are single-use: two processes that refresh at once sign the user out. A lease in the row, taken by a
conditional UPDATE, lets one of them do it; no transaction is held open while the service is asked. A lease ends by
itself, or with the process that holds it, where that one is known to be gone.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bgmsync.shared import pauses
from bgmsync.shared.alive import is_gone, this_process
from bgmsync.shared.http import AppRefused, NotFound, OutcomeUnknown, RemoteError, ServerTrouble, Unauthorized
from bgmsync.shared.models import Connection, ConnectionState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from datetime import datetime

    from django.db.models import QuerySet

    from bgmsync.shared.http import TokenGrant

LEASE = timedelta(minutes=2)
SHORTEST_LEASE = timedelta(seconds=40)
"""A lease must outlast the request it guards, however short the tests make all pauses."""

WAIT_FOR_OTHER = 0.1
"""Seconds between looks at a refresh that another process is doing."""


class StoredTokens:
    """The tokens of one connection (see :class:`bgmsync.shared.http.Tokens`).

    *refresh* asks the service for a new grant, given the refresh token and the redirect address it was made with.
    """

    def __init__(self, connection: Connection, refresh: Callable[[str, str], Awaitable[TokenGrant]]) -> None:
        self.connection = connection
        self._refresh = refresh
        self._one_at_a_time = asyncio.Lock()
        self._lease: datetime | None = None

    async def current(self) -> str:
        row = self.connection
        if not row.access_token:
            raise Unauthorized(row.service, "not connected")
        if row.renewal_due(timezone.now()):
            async with self._one_at_a_time:
                if row.renewal_due(timezone.now()):
                    await self._renew_early()
        return row.access_token

    async def renewed(self, rejected: str) -> str:
        row = self.connection
        async with self._one_at_a_time:
            if row.access_token == rejected:
                await row.arefresh_from_db()
            if row.access_token == rejected:
                if not row.refresh_token:
                    why = "the token was refused and can't renew itself"
                    await sync_to_async(row.lose)(ConnectionState.RECONNECT, why)
                    raise Unauthorized(row.service, why, status=401)
                await self._renew()
        if not row.access_token:  # the user disconnected meanwhile
            raise Unauthorized(row.service, "not connected")
        return row.access_token

    async def _renew_early(self) -> None:
        """Renew before expiry; while the old token still works, trouble at the service is no reason to stop."""
        try:
            await self._renew()
        except RemoteError as error:
            if error.permanent or self.connection.has_expired(timezone.now()):
                raise

    async def _renew(self) -> None:
        row = self.connection
        before = row.access_token
        while not await _seen_through(self._renewed_here(before)):
            await asyncio.sleep(WAIT_FOR_OTHER)
            await row.arefresh_from_db()
            if row.access_token != before:
                return

    async def _renewed_here(self, before: str) -> bool:
        """Renew in this process; return False when another one holds the lease."""
        row = self.connection
        if not await sync_to_async(self._take_lease)():
            return False
        await row.arefresh_from_db()
        if row.access_token != before:  # another process was quicker
            await sync_to_async(self._return_lease)()
            return True
        try:
            grant = await self._refresh(row.refresh_token, row.redirect_uri)
        except Unauthorized as error:
            await self._lose(ConnectionState.RECONNECT, error.detail)
            raise
        except AppRefused:
            await self._lose(ConnectionState.APP_GONE)
            raise
        except (NotFound, OutcomeUnknown) as error:
            await sync_to_async(self._return_lease)()
            # To whoever needs the token, neither is what they asked for missing, nor has a write been sent.
            raise ServerTrouble(row.service, error.detail, status=error.status) from None
        except RemoteError:
            await sync_to_async(self._return_lease)()
            raise
        await sync_to_async(self._store)(grant)
        return True

    def _take_lease(self) -> bool:
        now = timezone.now()
        until = now + max(pauses.scaled(LEASE), SHORTEST_LEASE)
        free = Q(refresh_lease_until=None) | Q(refresh_lease_until__lt=now)
        mine = self._rows().filter(pk=self.connection.pk)
        holder = mine.values_list("refresh_lease_by", flat=True).first()
        if holder and is_gone(holder):
            free |= Q(refresh_lease_by=holder)
        taken = mine.filter(free).update(refresh_lease_until=until, refresh_lease_by=this_process())
        self._lease = until if taken else None
        return bool(taken)

    def _return_lease(self) -> None:
        self._mine().update(refresh_lease_until=None)

    def _store(self, grant: TokenGrant) -> None:
        """Store the grant, unless the user connected anew or disconnected meanwhile: theirs is the newer word."""
        row = self.connection
        with transaction.atomic():
            if self._mine().select_for_update().exists():
                row.keep(grant, renewal=True)
                return
        row.refresh_from_db()

    async def _lose(self, state: ConnectionState, why: str = "") -> None:
        """Note that the connection is refused, unless the user connected anew meanwhile."""
        if await sync_to_async(self._mine().update)(state=state, state_detail=why[:300], refresh_lease_until=None):
            self.connection.state, self.connection.state_detail = state, why

    def _mine(self) -> QuerySet:
        return self._rows().filter(pk=self.connection.pk, refresh_lease_until=self._lease)

    def _rows(self) -> QuerySet:
        return type(self.connection)._default_manager.all()  # noqa: SLF001  # Django's documented way to it


async def _seen_through(work: Coroutine[Any, Any, bool]) -> bool:
    """Await *work*; where that is cancelled, let it end first.

    A renewal that is broken off has used its refresh token up without storing the next one, or holds the lease on.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):  # each of the circles that it was called in cancels it once
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # whoever would have heard of it is gone
        raise
