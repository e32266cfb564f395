"""How often a host may be asked: the interface that the transport calls, and an in-process budget."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from bgmsync.shared.http.errors import PutOff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bgmsync.shared.http.errors import RemoteError


class Budget(Protocol):
    """One host's budget, shared by all who ask that host. Only a :class:`Transport` calls it.

    Around each request, retries included: ``take`` before it is sent, and ``succeeded`` when the host gave a
    sensible answer, a refusal such as 404 included; that is nearly always, so it must cost nothing while the
    host is well. Once for each request that was given up, after its retries: ``put_off`` when the host said how
    long to stay away, else ``failed`` when it did not answer sensibly.
    """

    async def take(self) -> None:
        """Wait for one's turn; raise :class:`PutOff` when the host is put off."""

    async def put_off(self, seconds: float, why: str) -> None:
        """Leave the host alone for *seconds*, already scaled.

        *why* is ``rate_limited`` (an account asked too much), ``blocked`` (this machine's address is shut out)
        or ``server_trouble`` (the host is overloaded and said until when).
        """

    async def succeeded(self) -> None:
        """Close the breaker.

        A request that was under way when the host was put off may end after that: this does not lift a put-off.
        """

    async def failed(self, error: RemoteError) -> None:
        """Count a failure towards opening the breaker."""


class LocalBudget:
    """An in-process budget without a breaker, for tests and tools: *rate* requests a second, 0 for no limit.

    Up to *burst* requests may go at once after a quiet time (the generic cell rate algorithm: ``_due`` is when
    the next request would be sent if all were evenly spaced).
    """

    def __init__(
        self,
        service: str,
        rate: float = 0,
        *,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.service = service
        self._spacing = 1 / rate if rate else 0.0
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._due = 0.0
        self._put_off_until = 0.0

    async def take(self) -> None:
        now = self._clock()
        if now < self._put_off_until:
            raise PutOff(self.service, "asked to stay away", retry_after=self._put_off_until - now)
        due = max(self._due, now)
        self._due = due + self._spacing
        wait = due - now - self._spacing * (self._burst - 1)
        if wait > 0:
            await self._sleep(wait)

    async def put_off(self, seconds: float, why: str) -> None:  # noqa: ARG002  # the interface names it
        self._put_off_until = max(self._put_off_until, self._clock() + seconds)

    async def succeeded(self) -> None:
        pass

    async def failed(self, error: RemoteError) -> None:
        pass
