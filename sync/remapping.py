"""What new mapping data would say otherwise of what was written. It is reported, never acted on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from sync.engine.facts import fact_of, listed_of, work_of
from sync.matching.facts import Known
from sync.matching.judge import judge
from sync.models import Subject, SyncItem
from trakt.models import Title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.matching.facts import Work
    from sync.matching.index import Index

MOST_TITLES = 2_000
"""Titles that are judged anew; a refresh touches a few dozen."""
MOST_CHANGES = 200
AT_ONCE = 100
WRITTEN = (SyncItem.State.DONE, SyncItem.State.ALREADY)


@dataclass(frozen=True, slots=True)
class Change:
    """Items of one season that were written to one subject, and that the new data gives to another."""

    title: int
    season: int | None
    first: int | None
    last: int | None
    before: int
    now: int
    items: int


def changes_between(old: Index, new: Index) -> tuple[list[Change], bool]:
    """Return what would be judged otherwise, and whether there is more than that. Without network.

    Only titles of which the data says something new are judged, by what the cache knows of their subjects.
    """
    titles = [pk for pk in _written_titles() if pk]
    changed = list(_told_otherwise(titles, old, new))
    found: list[Change] = []
    for start in range(0, min(len(changed), MOST_TITLES), AT_ONCE):
        for title in changed[start : start + AT_ONCE]:
            found += _changes_of(title, old, new)
    return found[:MOST_CHANGES], len(changed) > MOST_TITLES or len(found) > MOST_CHANGES


def _written_titles() -> list[int | None]:
    rows = SyncItem.objects.filter(state__in=WRITTEN, by_person=False).order_by()
    return list(rows.values_list("title_id", flat=True).distinct())


def _told_otherwise(titles: Sequence[int], old: Index, new: Index) -> Iterator[Title]:
    for start in range(0, len(titles), AT_ONCE):
        rows = Title.objects.filter(pk__in=titles[start : start + AT_ONCE]).defer("seasons")
        for title in rows:
            work = work_of(title)
            if _told(old, work) != _told(new, work):
                yield title


def _told(index: Index, work: Work) -> tuple[Any, ...]:
    """Return all that the index says of *work*, and of the subjects that it leads to."""
    if work.kind == "movie":
        said: list[Any] = [index.movies.get(work.tmdb or 0), index.imdb.get(work.imdb or "")]
        subjects = {subject for group in said if group for subject in group}
        return (*said, *(index.entries.get(subject) for subject in sorted(subjects)))
    places = index.shows.get(work.tmdb or 0, ())
    ranges = [
        (scheme, season, index.ranges[scheme, show, season])
        for scheme, show in (("tmdb", work.tmdb), ("tvdb", work.tvdb))
        if show
        for season in index.range_shows.get((scheme, show), ())
    ]
    others = (*index.tvdb.get(work.tvdb or 0, ()), *index.imdb.get(work.imdb or "", ()))
    subjects = {place.subject_id for place in places} | {row.subject_id for _s, _n, rows in ranges for row in rows}
    return (places, ranges, others, *(index.entries.get(subject) for subject in sorted(subjects | set(others))))


def _changes_of(title: Title, old: Index, new: Index) -> list[Change]:
    """Judge the title's written episodes by both, and compare."""
    work = work_of(title)
    rows = list(
        SyncItem.objects.filter(title=title, state__in=WRITTEN, by_person=False, kind=SyncItem.Kind.HISTORY)
        .order_by("season", "number")
        .values("season", "number", "number_abs", "episode_title", "first_aired", "runtime", "subject_id")
        .annotate(n=Count("pk"))
    )
    facts = [fact_of(SyncItem(**{k: v for k, v in row.items() if k != "n"}), work) for row in rows]
    wanted = judge(old, work, facts, Known()).wants.subjects | judge(new, work, facts, Known()).wants.subjects
    cached = {row.pk: row.facts() for row in Subject.objects.filter(pk__in=wanted, episodes__isnull=False)}
    known = Known(cached, listed_of(title) or (), ())
    verdicts = zip(judge(old, work, facts, known).verdicts, judge(new, work, facts, known).verdicts, strict=True)
    counts: Counter[tuple[int | None, int, int]] = Counter()
    numbers: dict[tuple[int | None, int, int], list[int]] = {}
    for row, (was, now) in zip(rows, verdicts, strict=True):
        subject = now.best.subject_id if now.best else None
        same = was.best is not None and subject == was.best.subject_id
        if subject is None or same or subject == row["subject_id"] or row["subject_id"] is None:
            continue
        key = row["season"], row["subject_id"], subject
        counts[key] += row["n"]
        numbers.setdefault(key, []).append(row["number"] or 0)
    return [
        Change(title.pk, season, min(numbers[key]), max(numbers[key]), before, now, counts[key])
        for key in counts
        for season, before, now in [key]
    ]
