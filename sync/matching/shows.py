"""All subjects that the ids of one show lead to, and which of them belong to which season."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from sync.matching.index import TMDB, TVDB, Entry, Range
from sync.matching.lines import Line, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.matching.facts import Known, Work
    from sync.matching.index import Index, Place

MERGED = 1
"""The season that a bare TMDB show means."""
NO_BEGIN = 10**9
"""Sorts subjects of unknown begin last."""


class Show:
    """One show's subjects, seen through the index and through what was read so far."""

    def __init__(self, index: Index, work: Work, known: Known) -> None:
        self.index = index
        self.work = work
        self.known = known
        self.tmdb = work.tmdb or self._home()
        self.places: tuple[Place, ...] = index.shows.get(self.tmdb, ()) if self.tmdb else ()
        self._lines: dict[int, Line] = {}
        self._keyed: dict[int, list[Line]] = {}

    def _home(self) -> int | None:
        """Return the one TMDB show to which the subjects of the other ids belong."""
        homes = {home for subject_id in self._by_other_ids() for home in self.index.homes.get(subject_id, ())}
        return homes.pop() if len(homes) == 1 else None

    def _by_other_ids(self) -> tuple[int, ...]:
        by_tvdb = self.index.tvdb.get(self.work.tvdb, ()) if self.work.tvdb else ()
        return by_tvdb + (self.index.imdb.get(self.work.imdb, ()) if self.work.imdb else ())

    def line(self, subject_id: int) -> Line:
        line = self._lines.get(subject_id)
        if line is None:
            entry = self.index.entries.get(subject_id) or Entry(subject_id)
            line = line_of(entry, self.known.subjects.get(subject_id))
            self._lines[subject_id] = line
        return line

    def keyed(self, season: int) -> list[Line]:
        """Return the subjects that the data sets give this TMDB season, in the order of their begins."""
        if season not in self._keyed:
            self._keyed[season] = self.in_order(
                place.subject_id for place in self.places if _season(place) == season and place.episode is None
            )
        return self._keyed[season]

    def ranges(self, season: int, number: int) -> list[tuple[str, Range]]:
        """AniBridge's ranges that cover an episode, in whichever numbering; TMDB's first, as Trakt follows it."""
        found = []
        for scheme, show in ((TMDB, self.tmdb), (TVDB, self.work.tvdb)):
            if show:
                rows = self.index.ranges.get((scheme, show, season), ())
                found += [(scheme, row) for row in rows if row.covers(number)]
        return found

    @cached_property
    def regular(self) -> list[Line]:
        """The subjects of all seasons but the specials, in the order of their begins."""
        return self.in_order(place.subject_id for place in self.places if _season(place) >= MERGED)

    @cached_property
    def pool(self) -> list[Line]:
        """Every subject that any id of the show leads to, in the order of their begins."""
        ids = [place.subject_id for place in self.places]
        for scheme, show in ((TMDB, self.tmdb), (TVDB, self.work.tvdb)):
            if show:
                for season in self.index.range_shows.get((scheme, show), ()):
                    ids += [row.subject_id for row in self.index.ranges[scheme, show, season]]
        return self.in_order([*ids, *self._by_other_ids()])

    @cached_property
    def season_lengths(self) -> dict[int, int]:
        """How many episodes Trakt lists in each regular season, by the last number there."""
        return {season: max(numbers) for season, numbers in self._numbers.items()}

    @cached_property
    def complete(self) -> bool:
        """Whether Trakt's list has no holes, so that it may be counted through without a date's confirmation."""
        return all(len(numbers) == max(numbers) - min(numbers) + 1 for numbers in self._numbers.values())

    @cached_property
    def _numbers(self) -> dict[int, set[int]]:
        numbers: defaultdict[int, set[int]] = defaultdict(set)
        for row in self.known.seasons or ():
            if row.season >= MERGED and row.number > 0:
                numbers[row.season].add(row.number)
        return numbers

    @cached_property
    def adds_up(self) -> bool:
        """Whether Trakt's seasons have as many episodes together as the show's regular subjects."""
        lengths = [line.length for line in self.regular]
        return self.complete and all(lengths) and sum(self.season_lengths.values()) == sum(lengths)

    def count(self, season: int, number: int) -> int | None:
        """Count an episode through all of Trakt's regular seasons; None where its list does not say."""
        if len(self.season_lengths) < season - MERGED:
            return None
        before = [self.season_lengths.get(earlier, 0) for earlier in range(MERGED, season)]
        if not self.season_lengths or not all(before):
            return None
        if season > MERGED and min(self._numbers.get(season, {0})) > max(before):
            return number  # numbers that run on through the seasons are counts already
        return sum(before) + number

    def counted(self, count: int) -> tuple[Line, int] | None:
        """Find the position that is reached by counting through the regular subjects in order."""
        for line in self.regular:
            if not line.length:
                return None
            if count <= line.length:
                return line, count
            count -= line.length
        return None

    def in_order(self, subject_ids: Iterable[int]) -> list[Line]:
        lines = [self.line(subject_id) for subject_id in dict.fromkeys(subject_ids)]
        return sorted(lines, key=lambda line: (line.begin or NO_BEGIN, line.subject_id))


def _season(place: Place) -> int:
    return MERGED if place.season is None else place.season
