"""What a schedule means, in a sentence. It is said of the times that the expression allows, however it is written.

The libraries for this know no good Chinese: days stay English, and the order of words is that of English. Here all
words and their order are translations like any other.
"""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cronsim import CronSim
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext, gettext_noop

from trakt import schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOUR, DAY = 60, 24
"""Minutes in an hour, hours in a day."""
WEEK, MONTH, YEAR = set(range(1, 8)), set(range(1, 32)), set(range(1, 13))
"""Every day of the week, from Monday; every date; every month."""
MOST_TIMES = 6
"""So many times of a day are told one by one."""
RANGE = 3
"""So many neighbours are told as a range."""
NTH = {
    1: gettext_noop("the first %(day)s"),
    2: gettext_noop("the second %(day)s"),
    3: gettext_noop("the third %(day)s"),
    4: gettext_noop("the fourth %(day)s"),
    5: gettext_noop("the fifth %(day)s"),
    CronSim.LAST: gettext_noop("the last %(day)s"),
}
LAST_DAYS = {CronSim.LAST: gettext_noop("the last day"), CronSim.LAST_WEEKDAY: gettext_noop("the last working day")}


def in_words(cron: str, interval_minutes: int) -> str:
    """Say what a schedule means; *cron* must be one that :func:`trakt.schedule.parse` reads."""
    said = _said(cron, interval_minutes)
    return said[0].upper() + said[1:]


def _said(cron: str, interval_minutes: int) -> str:
    if not cron.strip():
        span = _every_minutes(interval_minutes) if interval_minutes % HOUR else _every_hours(interval_minutes // HOUR)
        return gettext("%(span)s, counted from the end of the last run") % {"span": span}
    sim = schedule.parse(cron)
    hours = sorted(sim.hours)
    time, day = _time(sorted(sim.minutes), hours), _day(sim)
    if not day and len(hours) == DAY:
        return time
    return gettext("%(time)s, %(day)s") % {"time": time, "day": day or gettext("every day")}


def _time(minutes: Sequence[int], hours: Sequence[int]) -> str:
    """Say at what times of a day."""
    apart = HOUR // len(minutes) if list(minutes) == list(range(0, HOUR, HOUR // len(minutes))) else 0
    if len(hours) == DAY:
        return _every_minutes(apart) if apart and apart < HOUR else _each_hour(minutes)
    if len(hours) * len(minutes) <= MOST_TIMES:
        return gettext("at %(times)s") % {"times": _join([_clock(h, m) for h in hours for m in minutes])}
    if len(minutes) == 1 and (gap := _gap(hours)):
        return _from_to(_every_hours(gap), hours, minutes)
    if apart and (len(hours) == 1 or _gap(hours) == 1):
        return _from_to(_every_minutes(apart), hours, minutes)
    return gettext("at minute %(minutes)s past %(hours)s") % {
        "minutes": _list(minutes, str),
        "hours": _list(hours, lambda hour: _clock(hour, 0)),
    }


def _each_hour(minutes: Sequence[int]) -> str:
    if list(minutes) == [0]:
        return gettext("every hour, on the hour")
    return gettext("every hour at minute %(minutes)s") % {"minutes": _list(minutes, str)}


def _from_to(every: str, hours: Sequence[int], minutes: Sequence[int]) -> str:
    ends = {"first": _clock(hours[0], minutes[0]), "last": _clock(hours[-1], minutes[-1])}
    return gettext("%(every)s from %(first)s to %(last)s") % {"every": every, **ends}


def _day(sim: CronSim) -> str:
    """Say on which days; empty for all. Dates and days of the week add up, unless one of the two has a star."""
    months = "" if sim.months == YEAR else _list(sorted(sim.months), lambda month: str(MONTHS[month]))
    weekdays = {value if isinstance(value, tuple) else value % 7 or 7 for value in sim.weekdays}
    all_dates, all_week = sim.days >= MONTH, weekdays >= WEEK
    dates = "" if all_dates else _on_dates(_dates(sim.days), months)
    if (all_dates and all_week) or (not sim.day_and and (all_dates or all_week)):
        return gettext("every day in %(months)s") % {"months": months} if months else ""
    if all_week:
        return dates
    if all_dates:
        return _on_weekdays(weekdays, months)
    if sim.day_and:
        return gettext("%(dates)s, if that is %(weekdays)s") % {"dates": dates, "weekdays": _weekdays(weekdays)}
    return gettext("%(dates)s, and also %(weekdays)s") % {"dates": dates, "weekdays": _on_weekdays(weekdays, months)}


def _on_dates(dates: str, months: str) -> str:
    return gettext("on %(dates)s of %(months)s") % {"dates": dates, "months": months or gettext("every month")}


def _on_weekdays(weekdays: set[Any], months: str) -> str:
    names = _weekdays(weekdays)
    if any(isinstance(value, tuple) for value in weekdays):
        return _on_dates(names, months)
    if months:
        return gettext("on %(weekdays)s in %(months)s") % {"weekdays": names, "months": months}
    return gettext("on %(weekdays)s") % {"weekdays": names}


def _dates(days: set[int]) -> str:
    numbers = sorted(day for day in days if day > 0)
    last = [gettext(text) for value, text in LAST_DAYS.items() if value in days]
    return _join([gettext("day %(days)s") % {"days": _list(numbers, str)}, *last] if numbers else last)


def _weekdays(weekdays: set[Any]) -> str:
    nth = sorted(value for value in weekdays if isinstance(value, tuple))
    plain = sorted(weekdays - set(nth))
    named = [gettext(NTH[which]) % {"day": _weekday(day % 7 or 7)} for day, which in nth]
    if not named:
        return _list(plain, _weekday)
    return _join([*(gettext("every %(day)s") % {"day": _weekday(day)} for day in plain), *named])


def _weekday(number: int) -> str:
    return str(WEEKDAYS[number - 1])


def _every_hours(n: int) -> str:
    return gettext("every hour") if n == 1 else gettext("every %(n)s hours") % {"n": n}


def _every_minutes(n: int) -> str:
    return gettext("every minute") if n == 1 else gettext("every %(n)s minutes") % {"n": n}


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


def _gap(values: Sequence[int]) -> int:
    """Return how far neighbours are apart; 0 where that differs, or there are none."""
    gaps = {after - before for before, after in pairwise(values)}
    return gaps.pop() if len(gaps) == 1 else 0


def _list(values: Sequence[int], name: Callable[[int], str]) -> str:
    """Name *values*, neighbours as a range, and many that are evenly apart by the first ones and the last."""
    gap = _gap(values)
    if gap > 1 and len(values) > MOST_TIMES:
        return f"{_in_a_row([name(value) for value in values[:RANGE]])} … {name(values[-1])}"
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][-1] == value - 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return _join([text for run in runs for text in _run(run, name)])


def _run(run: Sequence[int], name: Callable[[int], str]) -> list[str]:
    if len(run) < RANGE:
        return [name(value) for value in run]
    return [gettext("%(first)s to %(last)s") % {"first": name(run[0]), "last": name(run[-1])}]


def _join(texts: Sequence[str]) -> str:
    *first, last = texts
    if not first:
        return last
    return gettext("%(first)s and %(last)s") % {"first": _in_a_row(first), "last": last}


def _in_a_row(texts: Sequence[str]) -> str:
    return reduce(lambda one, other: gettext("%(first)s, %(next)s") % {"first": one, "next": other}, texts)
