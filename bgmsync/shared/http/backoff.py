"""How long to wait, in seconds.

Each number is multiplied by the retry scale once, where it becomes a wait: what a service asked for in
:func:`asked_to_wait` and :func:`ban`, our own pauses in :func:`pause_after`.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from bgmsync.shared.http.errors import OutcomeUnknown, PutOff

if TYPE_CHECKING:
    import httpx

    from bgmsync.shared.http.errors import RemoteError

TRIES = 4
"""How often a request is sent at most, the first time included."""

FIRST_PAUSE = 1.0
OVERLOAD_PAUSE = 30.0
"""502, 503 and 504 mean at Trakt "try again in 30 s"; they are tried again once, for the second pause is too long."""

LONGEST_PAUSE = 30.0
"""What takes longer is not waited for in place: the caller puts its work off."""

LONGEST_ASKED = 24 * 3600.0
"""Nobody bans for longer without a word; an absurd Retry-After must not put the program off for years."""

BAN = 3600.0
"""After an edge's block page, which seldom says how long."""

WINDOW = {"trakt": 300.0, "bangumi": 3600.0}
"""After a 429 without Retry-After: Trakt's bucket refills in that time, Bangumi bans that long and never says so."""

OVERLOADED = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT},
)


def asked_to_wait(response: httpx.Response, scale: float) -> float | None:
    """Read Retry-After, as seconds or as a date; None when it is absent or nonsense."""
    value = response.headers.get("retry-after", "").strip()
    seconds = float(value) if value.isascii() and value.isdigit() else _seconds_until(value)
    if seconds is None:
        return None
    return min(max(seconds, 0.0), LONGEST_ASKED) * scale


def ban(service: str, scale: float, *, blocked: bool) -> float:
    """Return how long to stay away when the service does not say."""
    return (BAN if blocked else WINDOW[service]) * scale


def pause_after(error: RemoteError, tries: int, scale: float) -> float | None:
    """Return how long to wait in place before another try, or None when it is time to give up.

    *tries* counts what was sent already. The jitter of up to a quarter keeps requests that failed together from
    coming back together.
    """
    if error.permanent or isinstance(error, OutcomeUnknown | PutOff) or tries >= TRIES:
        return None
    first = OVERLOAD_PAUSE if error.status in OVERLOADED else FIRST_PAUSE
    pause = first * float(2 ** (tries - 1)) * scale
    if error.retry_after is not None:
        pause = max(error.retry_after, FIRST_PAUSE * scale)
    if pause > LONGEST_PAUSE * scale:
        return None
    return pause * random.uniform(1, 1.25)  # noqa: S311  # spreading load is no secret


def _seconds_until(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000": a zone that is not told, which for HTTP is UTC
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
