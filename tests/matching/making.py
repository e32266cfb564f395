"""Small worlds for the tests of matching: an index, subjects and items, each in a line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

from sync.matching import datasets
from sync.matching.compact import Dataset
from sync.matching.facts import Episode, Item, Known, Listed, Subject, Work
from sync.matching.index import Index, build
from sync.matching.judge import judge

SHOW = Work("show", tmdb=100, tvdb=200, imdb="tt0000300", title="Show", genres=("anime",))
FILM = Work("movie", tmdb=500, imdb="tt0000600", title="Film", genres=("anime",))
MONDAY = date(2020, 1, 6)
NOON = 3
"""Hour in UTC at which it is noon in Japan."""


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def on(begin: date | str, weeks: int = 0) -> datetime:
    """Noon in Japan of a day, so many weeks later."""
    begin = date.fromisoformat(begin) if isinstance(begin, str) else begin
    aired = begin + timedelta(weeks=weeks)
    return datetime(aired.year, aired.month, aired.day, NOON, tzinfo=UTC)


def index_of(*entries: tuple, linked: tuple = (), ranges: tuple = ()) -> Index:
    """An index of bangumi-data rows ``(subject, form, begin, end, tmdb key[, title])``.

    ``linked``: BangumiExtLinker's rows. ``ranges``: ``(subject, scheme, show, season, first, last, position)``.
    """
    rows = []
    for subject_id, form, begin, end, key, *title in entries:
        days = (day(begin) if begin else 0, day(end) if end else 0)
        rows.append([subject_id, form, *days, key, subject_id, 0, title[0] if title else ""])
    return build(
        {
            "bangumi-data": Dataset("bangumi-data", "test", rows),
            "bangumi-ext-linker": Dataset("bangumi-ext-linker", "test", [list(row) for row in linked]),
            "anibridge": Dataset("anibridge", "test", [["anilist", *row] for row in ranges]),
        }
    )


def weekly(subject_id: int, begin: date | str | None, count: int, *, first_sort: float = 1, **fields) -> Subject:
    """A subject whose episodes are broadcast every week; without a begin they have no dates."""
    begin = date.fromisoformat(begin) if isinstance(begin, str) else begin
    episodes = tuple(
        Episode(
            id=subject_id * 1000 + number,
            type=0,
            sort=first_sort + number,
            ep=number + 1,
            airdate=(begin + timedelta(weeks=number)).isoformat() if begin else "",
        )
        for number in range(count)
    )
    return Subject(subject_id, date=begin.isoformat() if begin else "", eps=count, episodes=episodes, **fields)


def listed(season: int, begin: date | str | None, count: int, *, first: int = 1) -> tuple[Listed, ...]:
    return tuple(
        Listed(season, first + number, first_aired=on(begin, number) if begin else None) for number in range(count)
    )


def episode(season: int | None, number: int | None, aired: datetime | None = None, **fields) -> Item:
    return Item(fields.pop("work", SHOW), season, number, first_aired=aired, **fields)


def known(*subjects: Subject, seasons: tuple[Listed, ...] | None = (), found: tuple[Subject, ...] | None = ()) -> Known:
    return Known({subject.id: subject for subject in subjects}, seasons, found)


def said(index: Index, items: list[Item], knowledge: Known) -> list[tuple]:
    """What is said of each item: subject, position, confidence, whether it is demanding."""
    verdicts = judge(index, items[0].work, items, knowledge).verdicts
    return [
        (verdict.best.subject_id, verdict.best.position, verdict.best.confidence.name, verdict.demanding)
        if verdict.best
        else (None, None, str(verdict.reason), verdict.demanding)
        for verdict in verdicts
    ]


def codes(index: Index, item: Item, knowledge: Known) -> set[str]:
    """The evidence for an item's best candidate; what speaks against it begins with a minus."""
    best = judge(index, item.work, [item], knowledge).verdicts[0].best
    assert best is not None
    return {evidence.code if evidence.supports else f"-{evidence.code}" for evidence in best.evidence}


@cache
def snapshot() -> Index:
    return datasets.load()
