"""A host's budget in the database: one rate for a public address, bans that outlive restarts, a breaker."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import F

from bgmsync.shared import pauses
from bgmsync.shared.http import PutOff
from bgmsync.shared.models import HostBudget

if TYPE_CHECKING:
    from bgmsync.shared.http import RemoteError

LOOK_EVERY = 1.0
"""Seconds for which another process's ban may go unnoticed; asking the database for each request costs more."""

PROBE = timedelta(minutes=1)
"""How long one process may take to find out whether a host that was down is back."""


def host_key(service: str, sender: str) -> str:
    """Return the key of what a service allows all who send from one public address."""
    return f"{service}@{sender}" if sender else service


def account_key(service: str, user_id: int) -> str:
    """Return the key of what a service allows one user's account, from wherever it is asked."""
    return f"{service}:{user_id}"


class HostGate:
    """The budget of one host as one run sees it (see :class:`bgmsync.shared.http.Budget` for who calls what).

    *rate* is in requests a second, 0 for no limit. What the host says of one account puts off that user alone, on all
    machines; all else is about the address *sender* that the requests come from, as the operator calls it.
    """

    def __init__(self, service: str, *, rate: float, user_id: int, sender: str = "") -> None:
        self.service = service
        self.host = host_key(service, sender)
        self.rate = rate
        self.account = account_key(service, user_id)
        self._looked_at = 0.0
        self._looking = asyncio.Lock()
        self._put_off_until = 0.0
        self._shaky = False

    async def take(self) -> None:
        await self._look()
        now = time.time()
        if self._put_off_until > now:
            raise PutOff(self.service, "the host is left alone for now", retry_after=self._put_off_until - now)
        if self.rate:
            turn = await sync_to_async(self._reserve)()
            await asyncio.sleep(max(turn - time.time(), 0))

    async def put_off(self, seconds: float, why: str) -> None:
        key = self.account if why == "rate_limited" else self.host
        self._put_off_until = max(self._put_off_until, time.time() + seconds)
        await sync_to_async(self._store)(key, self._put_off_until, why)

    async def succeeded(self) -> None:
        if self._shaky:
            self._shaky = False
            await HostBudget.objects.filter(key=self.host).aupdate(failures=0, put_off_until=0, probe_until=0, why="")

    async def failed(self, error: RemoteError) -> None:
        self._shaky = True
        until = await sync_to_async(self._count_failure)(error)
        self._put_off_until = max(self._put_off_until, until)

    async def _look(self) -> None:
        """Learn of bans, once in a while. Whoever comes meanwhile waits: several requests begin together."""
        async with self._looking:
            if time.time() - self._looked_at > LOOK_EVERY:
                until = await sync_to_async(self._read)()
                self._put_off_until = max(self._put_off_until, until)  # a ban heard meanwhile may not be stored yet
                self._looked_at = time.time()

    def _read(self) -> float:
        until = 0.0
        for row in HostBudget.objects.filter(key__in=[self.host, self.account]):
            until = max(until, row.put_off_until)
            if row.key == self.host and row.failures:
                self._shaky = True
                if row.failures >= pauses.FAILURES_TO_BREAK and not self._may_probe(row):
                    until = max(until, row.probe_until)
        return until

    def _may_probe(self, row: HostBudget) -> bool:
        """Let one process look whether the host is back; the others stay away until it has."""
        now = time.time()
        if row.put_off_until > now or row.probe_until > now:
            return False
        wait = max(pauses.scaled(PROBE).total_seconds(), 2.0)
        claim = HostBudget.objects.filter(pk=row.pk, probe_until=row.probe_until)
        return bool(claim.update(probe_until=now + wait))

    def _reserve(self) -> float:
        with transaction.atomic():
            HostBudget.objects.get_or_create(key=self.host)
            row = HostBudget.objects.select_for_update().get(key=self.host)
            turn = max(row.next_free_at, time.time())
            row.next_free_at = turn + 1 / self.rate
            row.save(update_fields=["next_free_at"])
        return turn

    @staticmethod
    def _store(key: str, until: float, why: str) -> None:
        HostBudget.objects.update_or_create(key=key, defaults={"put_off_until": until, "why": why})

    def _count_failure(self, error: RemoteError) -> float:
        HostBudget.objects.get_or_create(key=self.host)
        HostBudget.objects.filter(key=self.host).update(failures=F("failures") + 1)
        failures = HostBudget.objects.values_list("failures", flat=True).get(key=self.host)
        if failures < pauses.FAILURES_TO_BREAK:
            return 0.0
        until = time.time() + pauses.while_down(failures).total_seconds()
        HostBudget.objects.filter(key=self.host).update(put_off_until=until, probe_until=0, why=error.code)
        return until
