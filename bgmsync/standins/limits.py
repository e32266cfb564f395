"""Rate limits and bans. Off until a test turns them on, so that the demo and benchmarks run unhindered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bgmsync.standins.clock import Clock


@dataclass
class Limits:
    """One service's: ``requests`` in a fixed window of ``seconds``, then a ban of ``ban_seconds``, for each key.

    A key is a user, or "anonymous". ``ban("*", …)`` bans everybody, as an address is banned.
    """

    clock: Clock
    requests: int | None = None
    seconds: float = 600
    ban_seconds: float = 3600
    _counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    _banned: dict[str, float] = field(default_factory=dict)

    def set(self, requests: int | None, seconds: float, ban_seconds: float) -> None:
        self.requests, self.seconds, self.ban_seconds = requests, seconds, ban_seconds
        self._counts.clear()

    def ban(self, key: str, seconds: float) -> None:
        """Ban from now on; 0 lifts a ban."""
        self._banned[key] = self.clock.timestamp() + seconds

    def wait(self, key: str) -> float:
        """Count a request; return the seconds for which it must be refused, or 0."""
        now = self.clock.timestamp()
        left = max(self._banned.get(key, 0), self._banned.get("*", 0)) - now
        if left > 0:
            return left
        if self.requests is None:
            return 0
        window = (key, int(now // self.seconds))
        self._counts[window] += 1
        if self._counts[window] <= self.requests:
            return 0
        self.ban(key, self.ban_seconds)
        return self.ban_seconds
