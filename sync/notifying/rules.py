"""What is news: pure functions of what was told last and what is so now. Quiet by design: changes, not repetitions.

* A run that *failed* is told at once, and once. What is put off or left over mends itself, and is told after a day.
* That it works again is told where that it failed was told.
* A connection that needs a hand is told once; the failures that follow from it are not told besides.
* A token that nothing renews is told a week before its end, once.
* Reviews are told when the first ones come; those that join them are not, until all were decided. A plan is told once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from sync.models.channel import Event

PATIENCE = timedelta(days=1)
"""How long what mends itself may take before it is told."""
MONDAY, MORNING = 0, time(9)
"""When the digest comes, in the user's own zone."""
WEEK = timedelta(days=7)
ENDS_SOON = WEEK
"""How long before the end of a token that nothing renews it is told."""


class Health(Enum):
    """How the last run ended."""

    UNKNOWN = "unknown"
    GOOD = "good"
    UNFINISHED = "unfinished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a user was told last."""

    failing: bool = False
    lost: frozenset[str] = frozenset()
    ending: frozenset[str] = frozenset()
    in_review: bool = False
    awaiting: int | None = None


@dataclass(frozen=True, slots=True)
class Now:
    """How things stand: *unfinished_for* counts from the first run in a row that left something over."""

    health: Health = Health.UNKNOWN
    unfinished_for: timedelta = timedelta()
    lost: frozenset[str] = frozenset()
    ending: frozenset[str] = frozenset()
    in_review: int = 0
    awaiting: int | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What to tell, and what is known to the user from then on. *newly_lost* and *newly_ending* are services."""

    events: tuple[Event, ...]
    memory: Memory
    newly_lost: frozenset[str] = frozenset()
    newly_ending: frozenset[str] = frozenset()


def news(memory: Memory, now: Now) -> News:
    """Return what is news to somebody who was told *memory*."""
    events: list[Event] = []
    newly_lost, newly_ending = now.lost - memory.lost, now.ending - memory.ending
    failing = _is_failing(memory, now)
    if newly_lost:
        events.append(Event.RECONNECT)
    elif failing and not memory.failing:
        events.append(Event.FAILING)
    elif memory.failing and not failing:
        events.append(Event.RECOVERED)
    if newly_ending:
        events.append(Event.ENDING)
    if now.awaiting and now.awaiting != memory.awaiting:
        events.append(Event.AWAITING)
    if now.in_review and not memory.in_review:
        events.append(Event.REVIEW)
    told = replace(
        memory,
        failing=failing,
        lost=now.lost,
        ending=now.ending,
        in_review=bool(now.in_review),
        awaiting=now.awaiting or memory.awaiting,
    )
    return News(tuple(events), told, newly_lost, newly_ending)


def _is_failing(memory: Memory, now: Now) -> bool:
    """Tell whether the user is to think that it fails: what is left over changes nothing until patience ends."""
    if now.health == Health.FAILED:
        return True
    if now.health == Health.GOOD:
        return False
    return memory.failing or (now.health == Health.UNFINISHED and now.unfinished_for >= PATIENCE)


def next_digest(after: datetime, zone: str) -> datetime:
    """Return the next Monday morning in *zone*, in UTC.

    >>> next_digest(datetime(2026, 11, 23, 1, 0, tzinfo=UTC), "Asia/Shanghai").isoformat()
    '2026-11-30T01:00:00+00:00'
    """
    local = after.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=(MONDAY - local.weekday()) % 7)
    due = datetime.combine(day, MORNING, local.tzinfo)
    if due <= local:
        due = datetime.combine(day + WEEK, MORNING, local.tzinfo)
    return due.astimezone(UTC)
