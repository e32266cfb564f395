"""Days on which things were broadcast, as proleptic Gregorian ordinals: small, comparable and quick.

A Japanese broadcast day ends at five in the morning, and so do the air dates on Bangumi.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

TOLERANCE = 1
"""Days by which an air date may differ and still be the same broadcast."""

_BROADCAST_DAY = timedelta(hours=9 - 5)
_JAPAN = timedelta(hours=9)
_EARLIEST, _LATEST = date(1900, 1, 1).toordinal(), date(2200, 1, 1).toordinal()
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_YEAR_LAST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_ENGLISH = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}), (\d{4})")


def air_day(instant: datetime | None) -> int | None:
    """Return the Japanese broadcast day of an instant (naive means UTC)."""
    if instant is None:
        return None
    try:
        utc = instant.astimezone(UTC) if instant.tzinfo else instant
        return _plausible((utc + _BROADCAST_DAY).toordinal())
    except OverflowError:
        return None


def begin_day(text: str) -> int | None:
    """Return the day of a begin or end in bangumi-data, an ISO instant in UTC.

    Where only the day is known it says midnight in Japan, which belongs to the day that begins, not to the
    broadcast day that is still running.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    japan = instant + _JAPAN
    if (japan.hour, japan.minute) == (0, 0):
        return _plausible(japan.toordinal())
    return air_day(instant)


@lru_cache(maxsize=1 << 16)
def read_day(text: str) -> int | None:
    """Read a day as people write it on Bangumi; None for what is empty, partial or says something else.

    >>> read_day("2011-1-8") == read_day("2011年01月08日") == read_day("08.01.2011")
    True
    >>> read_day("原定2021-07-28") is None
    True
    """
    text = text.strip()
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _YEAR_LAST.fullmatch(text):
        day, month, year = map(int, match.groups())
    elif (match := _ENGLISH.fullmatch(text)) and match[1][:3].lower() in _MONTHS:
        year, month, day = int(match[3]), _MONTHS.index(match[1][:3].lower()) + 1, int(match[2])
    else:
        return None
    try:
        return _plausible(date(year, month, day).toordinal())
    except ValueError:
        return None


def iso(day: int | None) -> str:
    """Write a day for people and for JSON; empty when unknown."""
    return date.fromordinal(day).isoformat() if day else ""


def near(a: int | None, b: int | None, days: int = TOLERANCE) -> bool:
    return a is not None and b is not None and abs(a - b) <= days


def _plausible(day: int) -> int | None:
    return day if _EARLIEST <= day <= _LATEST else None
