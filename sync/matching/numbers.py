"""Number rules: which position in which subject an episode's number may mean.

Each rule is a guess of its own. None is told how Trakt numbers a show; where they agree, it is found out.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sync.matching.codes import EvidenceCode
from sync.matching.dates import air_day
from sync.matching.late import ON_TIME, Pace
from sync.matching.options import notes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.matching.facts import Item, Listed
    from sync.matching.index import Range
    from sync.matching.lines import Line
    from sync.matching.options import Option, Options
    from sync.matching.shows import Show

E = EvidenceCode


class Season:
    """One season of a show: the subjects that the data sets give it, and how its numbers may be read."""

    def __init__(self, show: Show, number: int, highest: int) -> None:
        self.show = show
        self.number = number
        self.keyed = show.keyed(number)
        self.ids = frozenset(line.subject_id for line in self.keyed)
        self.length = show.season_lengths.get(number, 0)
        """Trakt's last number in the season; 0 while its list was not read."""
        self.highest = max(highest, self.length)
        self.notes = notes_of(show, number)
        self.pace: Pace = ON_TIME

    @cached_property
    def listed(self) -> list[Listed]:
        return [row for row in self.show.known.seasons or () if row.season == self.number]

    @cached_property
    def wide(self) -> list[Line]:
        """The subjects of the show that may be a regular season.

        Those are all but the TV and web series among the specials, which often run beside the season on the very
        same days.
        """
        beside = {place.subject_id for place in self.show.places if place.season == 0}
        return [line for line in self.show.pool if line.subject_id not in beside or line.entry.form == "ova"]

    @cached_property
    def offsets(self) -> list[tuple[Line, int | None]]:
        """How many episodes of the season come before each of its subjects; None where that is unknown."""
        offset: int | None = 0
        offsets = []
        for line in self.keyed:
            offsets.append((line, offset))
            offset = offset + line.length if offset is not None and line.length else None
        return offsets

    @cached_property
    def total(self) -> int:
        """How many episodes the season's subjects have together; 0 when unknown."""
        lengths = [line.length for line in self.keyed]
        return sum(lengths) if all(lengths) else 0

    @property
    def is_full(self) -> bool:
        """Whether the season's subjects have together as many episodes as Trakt lists."""
        return bool(self.length) and self.length == self.total

    def day(self, item: Item) -> int | None:
        """Return the day of an episode's broadcast, which Trakt may date late."""
        day = air_day(item.first_aired)
        return day and day - self.pace.days

    def ranges(self, item: Item) -> list[tuple[str, Range]]:
        return self.show.ranges(self.number, item.number or 0)

    def apply_numbers(self, item: Item, lines: Sequence[Line], options: Options) -> None:
        """Let every number rule name its position."""
        number = item.number or 0
        self._rank(number, lines, options)
        self._sort(number, lines, options)
        self._ranges(item, options)
        self._absolute(item, lines, options)
        self._show_count(number, lines, options)

    def confirm(self, item: Item, option: Option) -> None:
        """Let weaker number rules bear out what a date says: they may confirm, not propose.

        Where a date leads to the position of the same number, the season is that subject, whatever the data sets
        call it; and a count through a list with holes means something only if it meets a date.
        """
        number = item.number or 0
        if option.day is None or option.position is None:
            return
        if option.position == number and not option.numbers:
            option.numbers[E.RANK] = {"number": number, "position": number, "of": option.line.length}
        if not self.show.complete and self._count(number) == (option.line, option.position):
            option.numbers[E.SHOW_COUNT] = self._count_detail(number, option.position)

    def _rank(self, number: int, lines: Sequence[Line], options: Options) -> None:
        for line, offset in self.offsets:
            if offset is None or line not in lines:
                continue
            position = number - offset
            if not line.holds(position):
                continue
            option = options.at(line, position)
            if len(self.keyed) == 1:
                option.numbers[E.RANK] = {"number": number, "position": position, "of": line.length}
            else:
                option.numbers[E.COUNTED] = {"number": number, "offset": offset, "position": position}
            if self.is_full:
                option.numbers[E.SEASON_LENGTH] = {"trakt": self.length, "bangumi": self.total}

    def _sort(self, number: int, lines: Sequence[Line], options: Options) -> None:
        """Bangumi's own number, where it says more than the rank does."""
        for line in lines:
            positions = line.by_sort.get(number, ())
            if positions and not (line.first_sort == 1 and positions[0] == number):
                options.at(line, positions[0]).numbers[E.SORT] = {
                    "number": number,
                    "sort": number,
                    "position": positions[0],
                }

    def _ranges(self, item: Item, options: Options) -> None:
        ranges = self.ranges(item)
        for scheme, row in ranges:
            line = self.show.line(row.subject_id)
            position = row.place(item.number or 0)
            if position and line.holds(position):
                rivals = any(of == scheme and other.subject_id != row.subject_id for of, other in ranges)
                disputed = rivals or (self.is_full and row.subject_id not in self.ids)
                detail = {"scheme": scheme, "number": item.number, "position": position, "disputed": disputed}
                options.at(line, position).numbers.setdefault(E.RANGE, detail)

    def _absolute(self, item: Item, lines: Sequence[Line], options: Options) -> None:
        if item.number_abs:
            for line in lines:
                for position in line.by_sort.get(item.number_abs, ())[:1]:
                    options.at(line, position).numbers[E.ABSOLUTE] = {"absolute": item.number_abs}

    def _show_count(self, number: int, lines: Sequence[Line], options: Options) -> None:
        """Count through all seasons of Trakt's list, and through all subjects in the order of their begins."""
        place = self._count(number) if self.show.complete else None
        if place and place[0] in lines:
            options.at(*place).numbers[E.SHOW_COUNT] = self._count_detail(number, place[1])

    def _count(self, number: int) -> tuple[Line, int] | None:
        count = self.show.count(self.number, number)
        return None if count is None else self.show.counted(count)

    def _count_detail(self, number: int, position: int) -> dict[str, Any]:
        count = self.show.count(self.number, number)
        return {"count": count, "position": position, "adds_up": self.show.adds_up}
