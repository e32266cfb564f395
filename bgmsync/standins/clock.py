"""The time as the stand-ins see it, and the ways the two services write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)
"""How Trakt writes that nobody knows when something was watched."""


class Clock:
    """The wall clock, which tests can put forward so that tokens, codes and bans run out without waiting."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def timestamp(self) -> float:
        """Seconds since 1970."""
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


def trakt_time(at: datetime) -> str:
    """Write an instant as Trakt does, in UTC: ``2014-09-01T09:10:11.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bangumi_time(at: datetime) -> str:
    """Write an instant as Bangumi does, in China's time: ``2014-09-01T17:10:11+08:00``."""
    return (at.astimezone(UTC) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S+08:00")


def parse_instant(text: str) -> datetime:
    """Read an ISO date or date-time, taken as UTC when it names no zone; raise ``ValueError`` on anything else."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
