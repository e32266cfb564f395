"""When a user's schedule comes due: pure functions of an expression, a zone and a moment.

Cron is read by cronsim, which treats the hours that daylight saving skips or repeats as Debian's cron does; a job that
runs once a day runs once on those days too.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext, gettext_noop

if TYPE_CHECKING:
    from datetime import time

FIELDS = (
    (gettext_noop("minute"), gettext_noop("0 to 59")),
    (gettext_noop("hour"), gettext_noop("0 to 23")),
    (gettext_noop("day of month"), gettext_noop("1 to 31, L for the last day, LW for the last working day")),
    (gettext_noop("month"), gettext_noop("1 to 12 or JAN to DEC")),
    (gettext_noop("day of week"), gettext_noop("0 to 7 or SUN to SAT; 0 and 7 are Sunday")),
)
"""What each field is called, and what may stand in it."""

DAY = 2
"""The place of the day of the month among the fields."""

WORD = re.compile(r"\S+")
JITTER = timedelta(minutes=5)
"""Runs are spread over this span, always at the same place for a user, so that not everybody comes at 4:00 sharp."""

LEAST_AWAKE = timedelta(hours=1)
"""Quiet hours leave at least so much of the day: more than the jitter, so that something can ever start."""

MINUTES = 24 * 60
"""In a day."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of an expression, from the first up to and without the last, counted from 0."""

    start: int
    end: int


class CronError(ValueError):
    """The expression can't be read; the text says where, and *span* is the part that is wrong."""

    def __init__(self, text: str, span: Span) -> None:
        super().__init__(text)
        self.span = span


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day, on the clock of a zone, in which nothing starts. They may cross midnight."""

    start: time
    end: time
    zone: ZoneInfo

    def covers(self, moment: datetime) -> bool:
        clock = moment.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def end_after(self, moment: datetime) -> datetime:
        """Return when the clock next shows the end. Where daylight saving shows it twice, both count."""
        day = moment.astimezone(self.zone).date()
        ends = (
            datetime.combine(day + timedelta(days=days), self.end, self.zone).replace(fold=fold).astimezone(UTC)
            for days in (0, 1, 2)
            for fold in (0, 1)
        )
        return min(end for end in ends if end > moment)

    def leave(self, moment: datetime, jitter: timedelta = timedelta()) -> datetime:
        """Return *moment*, or the end of the quiet hours where it, or what is *jitter* later, lies in them."""
        while self.covers(moment) or self.covers(moment + jitter):
            moment = self.end_after(moment)
        return moment


def awake(start: time, end: time) -> timedelta:
    """Return how much of an ordinary day quiet hours from *start* to *end* leave."""
    quiet = (end.hour - start.hour) * 60 + end.minute - start.minute
    return timedelta(days=1) - timedelta(minutes=quiet % MINUTES)


def parse(expression: str, zone: str = "UTC", after: datetime | None = None) -> CronSim:
    """Read a five-field cron expression; raise :class:`CronError` naming the part that is wrong."""
    words = list(WORD.finditer(expression))
    if len(words) != len(FIELDS):
        raise CronError(
            gettext(
                "A cron expression has five fields: minute, hour, day of month, month, day of week. This has %(n)s."
            )
            % {"n": len(words)},
            Span(words[len(FIELDS)].start(), words[-1].end()) if len(words) > len(FIELDS) else _gap(expression),
        )
    start = (after or datetime.now(UTC)).astimezone(ZoneInfo(zone))
    for place, word in enumerate(words):
        _check_field(place, word)
    try:
        never = next(CronSim(expression, start), None) is None
    except CronSimError:
        never = True
    if never:
        raise CronError(
            gettext("This never comes: there is no such day."), Span(words[DAY].start(), words[DAY + 1].end())
        )
    return CronSim(expression, start)


def _gap(expression: str) -> Span:
    """Return where a missing field would stand."""
    end = len(expression.rstrip())
    return Span(end, end)


def _check_field(place: int, word: re.Match[str]) -> None:
    """Raise :class:`CronError` for the first part of a field that can't be read."""
    if _reads(place, word[0]):
        return
    term = next((t for t in re.finditer(r"[^,]+", word[0]) if not _reads(place, t[0])), word)
    wrong = _wrong_part(place, term[0])
    offset = word.start() + (term.start() if term is not word else 0)
    span = Span(offset + wrong.start, offset + wrong.end)
    values = {
        "place": place + 1,
        "field": gettext(FIELDS[place][0]),
        "at": span.start + 1,
        "part": word.string[span.start : span.end],
        "possible": wrong.possible,
    }
    raise CronError(
        gettext("Field %(place)s (%(field)s), character %(at)s: “%(part)s” can't be read. Possible: %(possible)s.")
        % values,
        span,
    )


class Wrong(NamedTuple):
    """Which part of a term is wrong, and what could stand there."""

    start: int
    end: int
    possible: str


def _wrong_part(place: int, term: str) -> Wrong:
    """Return what of a term that can't be read is wrong: a step, one end of a range, or all of it."""
    possible = gettext(FIELDS[place][1])
    values, slash, step = term.partition("/")
    if slash and not _is_step(step):
        start = len(values) + 1 if step else 0
        return Wrong(start, len(term), gettext("a step of 1 or more after the slash"))
    for value in re.finditer(r"[^-#]+", values):
        if not _reads(place, value[0]):
            return Wrong(value.start(), value.end(), possible)
    return Wrong(0, len(term), gettext("%(values)s, ranges from the smaller to the larger") % {"values": possible})


def _is_step(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) > 0


def _reads(place: int, part: str) -> bool:
    """Tell whether *part* can stand at *place*, whatever stands at the others."""
    trial = ["*"] * len(FIELDS)
    trial[place] = part
    try:
        CronSim(" ".join(trial), datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError:
        return False
    return True


def next_times(  # noqa: PLR0913  # all that a schedule is made of, each by its name
    cron: str,
    interval_minutes: int,
    zone: str,
    after: datetime,
    count: int,
    *,
    quiet: Quiet | None = None,
    jitter: timedelta = timedelta(),
) -> list[datetime]:
    """Return the next *count* times in UTC at which the schedule comes due, by *cron* or else by the interval.

    The *jitter* is not in them, yet neither they nor the moments that are so much later lie in the *quiet* hours.
    """
    if cron.strip():
        parse(cron)
    times: list[datetime] = []
    moment = after
    for _ in range(count):
        moment = _tick(cron, zone, moment) if cron.strip() else moment + timedelta(minutes=interval_minutes)
        moment = quiet.leave(moment, jitter) if quiet else moment
        times.append(moment)
    return times


def _tick(cron: str, zone: str, after: datetime) -> datetime:
    """Return the next time of *cron*. Begun in an hour that comes twice, cronsim may name one that has passed."""
    sim = CronSim(cron, after.astimezone(ZoneInfo(zone)))
    tick = next(sim)
    while tick <= after:
        tick = next(sim)
    return tick.astimezone(UTC)


def jitter_of(key: int) -> timedelta:
    """Return how much later than its time a schedule starts: up to :data:`JITTER`, always the same for a *key*."""
    share = int.from_bytes(hashlib.sha256(str(key).encode()).digest()[:4], "big") / 2**32
    return JITTER * share
