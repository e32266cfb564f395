"""Which subjects a film, a season or a show is: by the data sets, by the user's own plays, and by what was decided.

No list of episodes is read for this: a rating or a wish is about a subject as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from sync.matching.facts import Confidence, Item, Known
from sync.matching.index import TMDB, TVDB
from sync.matching.judge import judge
from sync.matching.shows import MERGED, Show

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sync.matching.facts import Verdict, Work
    from sync.matching.index import Index
    from sync.matching.lines import Line

AIRED = frozenset({"tv", "web"})
"""What makes up a season; OVAs and films under the same id go beside it."""


TOLERANCE = 3
"""Episodes: a broadcast of so many weeks more or fewer is the same season."""


class Where:
    """One work, and where its parts are on Bangumi."""

    def __init__(
        self,
        index: Index,
        work: Work,
        played: Mapping[int | None, Sequence[int]] | None = None,
        decided: Mapping[int | None, Sequence[int]] | None = None,
        threshold: int = Confidence.MEDIUM,
    ) -> None:
        """*played*: the subjects that the user's plays of each season went to. *decided*: those a person chose.

        None stands for the work as a whole. *threshold*: how sure a film must be.
        """
        self.work = work
        self._index = index
        self._played = played or {}
        self._decided = decided or {}
        self._threshold = threshold
        self._show = Show(index, work, Known())

    @property
    def is_decided(self) -> bool:
        """Whether a person said where this is, or a part of it."""
        return any(self._decided.values())

    def decides(self, season: int | None) -> bool:
        """Whether a person said where this season is, or the work as a whole."""
        return bool(self._decided.get(season) or self._decided.get(None))

    @cached_property
    def movie(self) -> Verdict:
        return judge(self._index, self.work, [Item(self.work)], Known()).verdicts[0]

    @cached_property
    def film(self) -> tuple[int, ...]:
        """The film's subject where a person, the plays or sure ids tell it."""
        told = self._decided.get(None) or self._played.get(None)
        if told:
            return tuple(dict.fromkeys(told))
        verdict = self.movie
        needed = Confidence.HIGH if verdict.demanding else self._threshold
        return (verdict.best.subject_id,) if verdict.best and verdict.best.confidence >= needed else ()

    def season(self, number: int, *, episodes: int = 0, by: datetime | None = None) -> tuple[int, ...]:
        """Return the subjects that make up a regular season, in the order of their begins.

        *episodes*: how many the season has on Trakt, so that later seasons under the same id are told apart. *by*: the
        season was known then, so that what began later is no part of it.
        """
        decided = self._decided.get(number) or self._decided.get(None) or ()
        played = self._played.get(number, ())
        known = self._known(number)
        if decided or (played and not set(played) & set(known)):
            known = ()  # the plays were judged by their dates and numbers, which is more than an id tells
        sure = {*decided, *played}
        lines = self._show.in_order([*decided, *played, *known])
        return tuple(line.subject_id for line in _within(lines, sure, episodes, by))

    def episode(self, season: int, number: int) -> tuple[int, ...]:
        """Return the subject of one episode; empty where its season is several and nothing tells which."""
        subjects = self.season(season)
        if len(subjects) <= 1:
            return subjects
        best = judge(self._index, self.work, [Item(self.work, season, number)], Known()).verdicts[0].best
        return (best.subject_id,) if best and best.confidence >= Confidence.MEDIUM else ()

    @cached_property
    def seasons(self) -> dict[int, tuple[int, ...]]:
        """All regular seasons that are known to be anything on Bangumi, in their order."""
        numbers = {MERGED if place.season is None else place.season for place in self._show.places}
        for scheme, show in self._ids():
            numbers.update(self._index.range_shows.get((scheme, show), ()))
        numbers.update(n for n in (*self._played, *self._decided) if n is not None)
        found = {number: self.season(number) for number in sorted(numbers) if number >= MERGED}
        return {number: subjects for number, subjects in found.items() if subjects}

    @cached_property
    def whole(self) -> tuple[int, ...]:
        """Every subject of every regular season."""
        decided = self._decided.get(None)
        if decided:
            return tuple(dict.fromkeys(decided))
        return tuple(dict.fromkeys(subject for subjects in self.seasons.values() for subject in subjects))

    @cached_property
    def begun(self) -> tuple[int, ...]:
        """The subjects that plays went to; the first one where there are none."""
        played = dict.fromkeys(s for season, subjects in self._played.items() if season != 0 for s in subjects)
        return self._in_order(played) or self.whole[:1]

    @cached_property
    def candidates(self) -> tuple[int, ...]:
        """Every subject that any id of the work leads to, for a person to choose from."""
        return tuple(line.subject_id for line in self._show.pool)

    def _known(self, number: int) -> tuple[int, ...]:
        subjects = [line.subject_id for line in self._show.keyed(number)]
        entries = self._index.entries
        aired = [subject for subject in subjects if subject in entries and entries[subject].form in AIRED]
        if subjects:
            return tuple(aired or subjects)
        by_range: defaultdict[str, list[int]] = defaultdict(list)
        for scheme, show in self._ids():
            by_range[scheme] += [row.subject_id for row in self._index.ranges.get((scheme, show, number), ())]
        return tuple(by_range[TMDB] or by_range[TVDB] or self._only(number))

    def _only(self, number: int) -> tuple[int, ...]:
        """Take the one subject that the other ids lead to for the first season."""
        return self.candidates if number == MERGED and len(self.candidates) == 1 else ()

    def _ids(self) -> list[tuple[str, int]]:
        return [(scheme, show) for scheme, show in ((TMDB, self.work.tmdb), (TVDB, self.work.tvdb)) if show]

    def _in_order(self, subjects: Iterable[int]) -> tuple[int, ...]:
        return tuple(line.subject_id for line in self._show.in_order(subjects))


def _within(lines: Iterable[Line], sure: Collection[int], episodes: int, by: datetime | None) -> Iterable[Line]:
    """Leave out what lies beyond a season's last episode, or began after it was spoken of."""
    before = 0
    for line in lines:
        beyond = bool(episodes and before) and before >= episodes - TOLERANCE
        later = by is not None and line.begin > by.toordinal()
        if line.subject_id in sure or not (beyond or later):
            yield line
        before += _weeks(line)


def _weeks(line: Line) -> int:
    """Return about how many episodes a subject has, by the weeks of its broadcast; 0 when they are not known."""
    entry = line.entry
    return (entry.end - entry.begin) // 7 + 1 if entry.begin and entry.end > entry.begin else 0
