"""A subject's main episodes in order, ready to be looked up by number and by day."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sync.matching.dates import TOLERANCE, near, read_day
from sync.matching.facts import MAIN_EPISODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.matching.facts import Episode, Subject
    from sync.matching.index import Entry

Key = TypeVar("Key", int, float)

SPECIAL_EPISODE = 1
WEEK = 7
SAME_DAY = 4
"""Episodes on one day beyond which the day alone says nothing: whole seasons are released at once."""
STILL_AIRING = 400
"""Days that a broadcast without a known end may last before a date counts as outside."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """What is known of one subject: from the data sets alone, or with its episode list once that was read."""

    entry: Entry
    read: bool
    """Whether the episode list was asked for; it may have come back empty."""
    mains: tuple[Episode, ...]
    days: tuple[int | None, ...]
    by_day: Mapping[int, tuple[int, ...]]
    by_sort: Mapping[float, tuple[int, ...]]
    specials: tuple[Episode, ...]
    begin: int
    end: int
    length: int
    """How many main episodes: by the list, or by the subject's count where the list is not complete yet; 0 when
    unknown."""
    platform: str = ""
    name: str = ""

    @property
    def subject_id(self) -> int:
        return self.entry.subject_id

    @property
    def title(self) -> str:
        return self.entry.title or self.name

    @property
    def first_sort(self) -> float:
        return self.mains[0].sort if self.mains else 1

    def episode(self, position: int | None) -> Episode | None:
        if position is None or not 1 <= position <= len(self.mains):
            return None
        return self.mains[position - 1]

    def holds(self, position: int) -> bool:
        """Whether there may be such a position, as far as is known."""
        return position >= 1 and (not self.length or position <= self.length)

    def day(self, position: int) -> int | None:
        return self.days[position - 1] if 1 <= position <= len(self.days) else None

    def at_day(self, day: int) -> tuple[int, int] | None:
        """Return the position broadcast nearest to a day, at most a day off, and how far off it is."""
        for distance in range(TOLERANCE + 1):
            for candidate in {day - distance, day + distance}:
                if found := self.by_day.get(candidate):
                    return found[0], distance
        return None

    def positions_at(self, day: int) -> tuple[int, ...]:
        """Return what a day alone leads to: all that was listed on it, or else the first or the last episode."""
        if hit := self.at_day(day):
            listed = self.by_day[self.days[hit[0] - 1] or day]
            return listed if len(listed) <= SAME_DAY else ()
        first = (1,) if near(day, self.begin or None) or near(day, self.entry.begin or None) else ()
        last = (self.length,) if self.length > 1 and near(day, self.end or None) else ()
        return first + last

    def misses(self, position: int | None, day: int) -> int:
        """By how many days a date misses an episode, or the broadcast where the episode has no date."""
        listed = self.day(position) if position else None
        if listed:
            return abs(day - listed)
        if self.during(day):
            return 0
        return min(abs(day - self.begin), abs(day - self.end)) if self.end else abs(day - self.begin)

    def during(self, day: int, slack: int = TOLERANCE) -> bool:
        """Whether the subject was being broadcast on a day; a subject without any date never says no."""
        if not self.begin:
            return True
        end = self.end or self.begin + max(STILL_AIRING, WEEK * self.length * 2)
        return self.begin - slack <= day <= end + slack


def line_of(entry: Entry, subject: Subject | None) -> Line:
    """Join what the data sets and Bangumi say about a subject."""
    if subject is None:
        return Line(entry, False, (), (), {}, {}, (), entry.begin, entry.end, 0)  # noqa: FBT003 - positional for speed
    rows = [episode for episode in subject.episodes or () if math.isfinite(episode.sort)]
    mains = tuple(sorted((row for row in rows if row.type == MAIN_EPISODE), key=_in_order))
    days = tuple(read_day(row.airdate) for row in mains)
    known = [day for day in days if day]
    begin = entry.begin or read_day(subject.date) or (min(known) if known else 0)
    return Line(
        entry=entry,
        read=subject.episodes is not None,
        mains=mains,
        days=days,
        by_day=_positions(days),
        by_sort=_positions(row.sort for row in mains),
        specials=tuple(row for row in rows if row.type == SPECIAL_EPISODE),
        begin=min([begin, *known]) if begin else 0,
        end=max([entry.end, *known]),
        length=max(len(mains), subject.eps, 0),
        platform=subject.platform,
        name=subject.name,
    )


def _in_order(episode: Episode) -> tuple[float, int]:
    return episode.sort, episode.id


def _positions(values: Iterable[Key | None]) -> dict[Key, tuple[int, ...]]:
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for position, value in enumerate(values, start=1):
        if value is not None:
            found[value].append(position)
    return {value: tuple(positions) for value, positions in found.items()}
