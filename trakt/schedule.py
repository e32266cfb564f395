"""When a user's schedule comes due: pure functions of an expression, a zone and a moment.

Cron is read by cronsim, which treats the hours that daylight saving skips or repeats as Debian's cron does; a job that
runs once a day runs once on those days too.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext, gettext_noop

FIELDS = (
    gettext_noop("minute"),
    gettext_noop("hour"),
    gettext_noop("day of month"),
    gettext_noop("month"),
    gettext_noop("day of week"),
)
JITTER = timedelta(minutes=5)
"""Runs are spread over this span, always at the same place for a user, so that not everybody comes at 4:00 sharp."""


class CronError(ValueError):
    """The expression can't be read; the text says where."""


def parse(expression: str, zone: str = "UTC", after: datetime | None = None) -> CronSim:
    """Read a five-field cron expression; raise :class:`CronError` naming the field that is wrong."""
    parts = expression.split()
    if len(parts) != len(FIELDS):
        raise CronError(
            gettext(
                "A cron expression has five fields: minute, hour, day of month, month, day of week. This has %(n)s."
            )
            % {"n": len(parts)}
        )
    start = (after or datetime.now(UTC)).astimezone(ZoneInfo(zone))
    try:
        sim = CronSim(expression, start)
        next(iter(sim), None)
    except CronSimError:
        raise CronError(_blame(parts, start)) from None
    if next(iter(CronSim(expression, start)), None) is None:
        raise CronError(gettext("This never comes: there is no such day."))
    return CronSim(expression, start)


def _blame(parts: list[str], start: datetime) -> str:
    for place, part in enumerate(parts):
        trial = ["*"] * len(FIELDS)
        trial[place] = part
        try:
            CronSim(" ".join(trial), start)
        except CronSimError:
            values = {"place": place + 1, "field": gettext(FIELDS[place]), "part": part}
            return gettext("Field %(place)s (%(field)s) can't be read: “%(part)s”.") % values
    return gettext("This never comes: there is no such day.")


def next_times(cron: str, interval_minutes: int, zone: str, after: datetime, count: int) -> list[datetime]:
    """Return the next *count* times in UTC at which the schedule comes due, by *cron* or else by the interval."""
    if not cron.strip():
        return [after + timedelta(minutes=interval_minutes) * step for step in range(1, count + 1)]
    sim = parse(cron, zone, after)
    return [next(sim).astimezone(UTC) for _ in range(count)]


def with_jitter(moment: datetime, key: int) -> datetime:
    """Move *moment* by up to :data:`JITTER`, always by the same for the same *key*."""
    share = int.from_bytes(hashlib.sha256(str(key).encode()).digest()[:4], "big") / 2**32
    return moment + JITTER * share
