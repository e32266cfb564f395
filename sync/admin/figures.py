"""What a user's ledger adds up to: counts by day, month, season of broadcast and rating; how sure, and how soon.

A play counts when it is on Bangumi, on the day it was watched in the user's own time zone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Max, Min, Subquery, Sum
from django.utils import timezone

from sync.admin.subjects import begins_of
from sync.models import SyncItem, SyncRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from django.db.models import QuerySet

Kind = SyncItem.Kind
State = SyncItem.State
Status = SyncRun.Status

ON_BANGUMI = (State.DONE, State.ALREADY)
KEPT = 24 * 60 * 60
"""Seconds that what a whole ledger adds up to is kept; it is counted anew as soon as a run has changed anything."""
MONTHS_A_SEASON = 3
WITHIN = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=7))
"""Steps in which the time to Bangumi is shown."""
LEFT_OVER = {Status.INCOMPLETE, Status.DEFERRED, Status.AWAITING, Status.PAUSED}


class Play(NamedTuple):
    """One play that is on Bangumi; ``runtime`` is in minutes, where Trakt told it."""

    at: datetime
    title_id: int | None
    subject_id: int | None
    runtime: int | None


class Week(NamedTuple):
    """How the runs of a week ended."""

    begin: date
    good: int
    left: int
    bad: int


class Quality(NamedTuple):
    """How the plays and other facts that are about a subject came to it; ``low`` to ``high`` were matched by rules."""

    high: int = 0
    medium: int = 0
    low: int = 0
    by_person: int = 0
    in_review: int = 0

    @property
    def total(self) -> int:
        return sum(self)


class Delay(NamedTuple):
    """How long plays took to Bangumi: the median and the ninetieth percentile, and how many were there within when."""

    median: timedelta
    p90: timedelta
    within: tuple[int, ...]
    """For each of :data:`WITHIN`, those that no earlier step has; and at last those that took longer."""

    @property
    def total(self) -> int:
        return sum(self.within)


@dataclass(slots=True)
class Tally:
    """What plays add up to."""

    days: Counter[date] = field(default_factory=Counter)
    titles: Counter[int] = field(default_factory=Counter)
    subjects: Counter[int] = field(default_factory=Counter)
    minutes: int = 0
    first: Play | None = None
    last: Play | None = None

    @property
    def plays(self) -> int:
        return self.days.total()

    @property
    def months(self) -> Counter[tuple[int, int]]:
        found: Counter[tuple[int, int]] = Counter()
        for day, count in self.days.items():
            found[day.year, day.month] += count
        return found


@dataclass(slots=True)
class Figures:
    """What a whole ledger adds up to; kept in the cache."""

    months: Counter[tuple[int, int]]
    seasons: Counter[str]
    ratings: dict[int, tuple[int, int]]
    quality: Quality
    delay: Delay | None
    plays: int
    days: int
    titles: int
    minutes: int


def tally(plays: Iterable[Play], zone: tzinfo) -> Tally:
    """Add *plays* up, by the days of *zone*."""
    found = Tally()
    for play in plays:
        found.days[play.at.astimezone(zone).date()] += 1
        found.minutes += play.runtime or 0
        if play.title_id is not None:
            found.titles[play.title_id] += 1
        if play.subject_id is not None:
            found.subjects[play.subject_id] += 1
        if found.first is None or play.at < found.first.at:
            found.first = play
        if found.last is None or play.at >= found.last.at:
            found.last = play
    return found


def longest_streak(days: Iterable[date]) -> tuple[date, int] | None:
    """Return the first day and the length of the longest row of days without a gap; the earliest of equals."""
    best: tuple[date, int] | None = None
    begin = before = None
    for day in sorted(days):
        begin = begin if begin and before and day - before == timedelta(days=1) else day
        length = (day - begin).days + 1
        if best is None or length > best[1]:
            best = (begin, length)
        before = day
    return best


def season_of(begin: str) -> str:
    """Return the season of broadcast of a date, named by its first month: 2024-01 for 2024-02-11; empty for none."""
    year, month = begin[:4], begin[5:7]
    if not (year.isdecimal() and month.isdecimal() and 1 <= int(month) <= 12):  # noqa: PLR2004  # a year has 12 months
        return ""
    return f"{year}-{(int(month) - 1) // MONTHS_A_SEASON * MONTHS_A_SEASON + 1:02}"


def by_season(subjects: Mapping[int, int]) -> Counter[str]:
    """Sum the plays of *subjects* up by the season in which each began; of the others nobody knows it."""
    begins = begins_of(subjects)
    found: Counter[str] = Counter()
    for subject_id, count in subjects.items():
        if season := season_of(begins.get(subject_id, "")):
            found[season] += count
    return found


def delay_of(spans: Sequence[timedelta]) -> Delay | None:
    """Return what *spans* come to; a play that was there before it was over counts as at once."""
    if not spans:
        return None
    ordered = sorted(max(span, timedelta(0)) for span in spans)
    steps = Counter(sum(span > most for most in WITHIN) for span in ordered)
    within = tuple(steps[place] for place in range(len(WITHIN) + 1))
    return Delay(nearest_rank(ordered, 50), nearest_rank(ordered, 90), within)


def nearest_rank(ordered: Sequence[timedelta], percent: int) -> timedelta:
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)]


def quality_of(rows: Iterable[tuple[str, int, bool, int]]) -> Quality:
    """Sum rows of state, confidence, whether a person decided, and their number."""
    found: Counter[str] = Counter()
    for state, confidence, by_person, count in rows:
        if state == State.REVIEW:
            found["in_review"] += count
        elif by_person:
            found["by_person"] += count
        elif confidence:
            found[{1: "low", 2: "medium"}.get(confidence, "high")] += count
    return Quality(**found)


def weeks_of(runs: Iterable[tuple[datetime, str]], last: date, count: int, zone: tzinfo) -> list[Week]:
    """Sort *runs* (when, status) into *count* weeks that begin on Monday, the last of them that of *last*."""
    this_week = last - timedelta(days=last.weekday())
    begins = [this_week - timedelta(weeks=back) for back in range(count - 1, -1, -1)]
    found: Counter[tuple[date, str]] = Counter()
    for at, status in runs:
        day = at.astimezone(zone).date()
        found[day - timedelta(days=day.weekday()), status] += 1
    return [
        Week(
            begin,
            found[begin, Status.SUCCEEDED],
            sum(found[begin, status] for status in LEFT_OVER),
            found[begin, Status.FAILED],
        )
        for begin in begins
    ]


def days_between(user: Any, first: date, last: date) -> Counter[date]:
    """Count the plays of each day from *first* to *last*; one range of an index."""
    zone = timezone.get_current_timezone()
    rows = _between(_plays(user), first, last).values_list("watched_at", flat=True)
    return Counter(at.astimezone(zone).date() for at in rows)


def tally_between(user: Any, first: date, last: date) -> Tally:
    return tally(_as_plays(_between(_plays(user), first, last)), timezone.get_current_timezone())


def years_of(user: Any) -> list[int]:
    """Return the years from the last play to the first, those between without any included."""
    found = _plays(user).aggregate(first=Min("watched_at"), last=Max("watched_at"))
    if found["first"] is None:
        return []
    return list(range(timezone.localtime(found["last"]).year, timezone.localtime(found["first"]).year - 1, -1))


def weeks_until(user: Any, last: date, count: int) -> list[Week]:
    first = last - timedelta(days=last.weekday(), weeks=count - 1)
    runs = SyncRun.objects.filter(user=user, dry_run=False, created_at__gte=_midnight(first)).order_by()
    return weeks_of(runs.values_list("created_at", "status"), last, count, timezone.get_current_timezone())


def ratings_between(user: Any, first: date | None = None, last: date | None = None) -> dict[int, tuple[int, int]]:
    """Return for each rating from 1 to 10 how many of it are on Bangumi, and how many are on Trakt alone."""
    rows = SyncItem.objects.filter(user=user, kind=Kind.RATINGS, gone_at=None).order_by()
    if first and last:
        rows = _between(rows, first, last)
    found = dict.fromkeys(range(1, 11), (0, 0))
    for rating, state, count in rows.values_list("told__rating", "state").annotate(n=Count("*")):
        if rating in found:
            there, not_there = found[rating]
            found[rating] = (there + count, not_there) if state in ON_BANGUMI else (there, not_there + count)
    return found


def figures_of(user: Any) -> Figures:
    """Return what the whole ledger of *user* adds up to, from the cache while nothing has changed."""
    key = _key(user)
    found = cache.get(key)
    if found is None:
        found = _add_up(user)
        cache.set(key, found, KEPT)
    return found


def _key(user: Any) -> str:
    """Name the state of a ledger: what is counted changes with a run, or with a state."""
    states = SyncItem.objects.filter(user=user).order_by("state").values_list("state").annotate(n=Count("*"))
    counts = "-".join(f"{state}{count}" for state, count in states)
    run = SyncRun.objects.filter(user=user).values_list("pk", "status").first()
    return f"figures:1:{user.pk}:{timezone.get_current_timezone_name()}:{run}:{counts}".replace(" ", "")


def _add_up(user: Any) -> Figures:
    found = _tally_of_all(_plays(user), timezone.get_current_timezone())
    return Figures(
        months=found.months,
        seasons=by_season(found.subjects),
        ratings=ratings_between(user),
        quality=quality_of(_by_confidence(user)),
        delay=_delay(user),
        plays=found.plays,
        days=len(found.days),
        titles=len(found.titles),
        minutes=found.minutes,
    )


def _tally_of_all(rows: QuerySet[SyncItem], zone: tzinfo) -> Tally:
    """Add plays up as :func:`tally` does, but let the database do it, save for the days, which depend on the zone.

    Days need only what the index holds; of 100,000 plays the whole rows would take twice as long.
    """
    moments = rows.values_list("watched_at", flat=True).iterator(chunk_size=5_000)
    found = Tally(days=Counter(at.astimezone(zone).date() for at in moments))
    groups = rows.values_list("title_id", "subject_id").annotate(n=Count("*"), minutes=Sum("runtime"))
    for title, subject, count, minutes in groups:
        found.minutes += minutes or 0
        if title is not None:
            found.titles[title] += count
        if subject is not None:
            found.subjects[subject] += count
    return found


def _by_confidence(user: Any) -> Iterable[tuple[str, int, bool, int]]:
    """Count the items by state, confidence and whether a person decided, grouped as the index has them."""
    rows = SyncItem.objects.filter(user=user).order_by()
    rows = rows.values_list("kind", "state", "reason", "confidence", "by_person").annotate(n=Count("*"))
    return ((state, confidence, by_person, n) for _kind, state, _reason, confidence, by_person, n in rows)


def _delay(user: Any) -> Delay | None:
    """Look at the plays since the first run that is kept: what was watched before was not there to be synced."""
    begin = SyncRun.objects.filter(user=user).order_by("created_at").values("created_at")[:1]
    rows = _plays(user).filter(state=State.DONE, watched_at__gte=Subquery(begin), run__finished_at__isnull=False)
    return delay_of([done - at for at, done in rows.values_list("watched_at", "run__finished_at")])


def _plays(user: Any) -> QuerySet[SyncItem]:
    rows = SyncItem.objects.filter(user=user, kind=Kind.HISTORY, state__in=ON_BANGUMI, watched_at__isnull=False)
    return rows.order_by()


def _as_plays(rows: QuerySet[SyncItem]) -> Iterable[Play]:
    fields = rows.values_list("watched_at", "title_id", "subject_id", "runtime")
    return map(Play._make, fields.iterator(chunk_size=5_000))


def _between(rows: QuerySet[SyncItem], first: date, last: date) -> QuerySet[SyncItem]:
    return rows.filter(watched_at__gte=_midnight(first), watched_at__lt=_midnight(last + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
