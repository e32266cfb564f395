"""Regular seasons: numbers and air dates, in the season's own subjects first, then in the whole show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.matching.codes import EvidenceCode
from sync.matching.facts import Item, Verdict
from sync.matching.late import pace_of
from sync.matching.neighbours import Aired, Anchor, anchor_at, dated_option, with_neighbours
from sync.matching.numbers import Season
from sync.matching.options import Options, compare_day
from sync.matching.weighing import ANOTHER_RELEASE, date_stands, verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.matching.lines import Line
    from sync.matching.reading import Reading
    from sync.matching.shows import Show

E = EvidenceCode
SLACK = 45
"""Days around a broadcast in which a date still makes a subject worth reading."""


def judge_season(show: Show, number: int, items: Sequence[Item], reading: Reading) -> list[Verdict]:
    """Judge the items of one season together: each alone first, then by where its neighbours lie."""
    season = Season(show, number, max(item.number or 0 for item in items))
    found = [options_for(season, item, reading) for item in items]
    dated = _dated(season, zip(items, found, strict=True), reading)
    season.pace = pace_of(season, dated)
    if season.pace.days:
        found = [options_for(season, item, reading) for item in items]
        dated = _dated(season, zip(items, found, strict=True), reading)
    anchors = _anchors(season, dated)
    missed = max((_missed(season, item, options) for item, options in dated), default=0)
    verdicts = []
    for item, options in zip(items, found, strict=True):
        aired = Aired(item.number or 0, season.day(item), season.pace.days)
        with_neighbours(show, aired, options, anchors)
        if missed > ANOTHER_RELEASE and not anchors:
            _doubt(options, missed)
        verdicts.append(verdict_of(season, item, options, reading))
    return verdicts


def options_for(season: Season, item: Item, reading: Reading) -> Options:
    """Gather what an item might be, in ever wider circles, until one has both its date and its number."""
    day = season.day(item)
    options = Options(season.ids, season.notes)
    for lines in _circles(season, item, day):
        unread = reading.lacks(lines)
        options = _gather(season, item, day, lines)
        if unread or (day is None and options) or any(option.agrees for option in options):
            break
    return options


def _circles(season: Season, item: Item, day: int | None) -> Iterator[list[Line]]:
    """Give the season's subjects on the air that day, then all of the season's, then the show's that may be meant."""
    ranged = [season.show.line(row.subject_id) for _, row in season.ranges(item)]
    close = season.keyed + [line for line in ranged if line.subject_id not in season.ids]
    if day and len(close) > 1:
        on_air = [line for line in close if line.during(day, SLACK)]
        if on_air:
            yield on_air
    if close:
        yield close
    wide = season.show.regular if day is None else [line for line in season.wide if line.during(day, SLACK)]
    yield close + [line for line in wide if line not in close]


def _gather(season: Season, item: Item, day: int | None, lines: Sequence[Line]) -> Options:
    options = Options(season.ids, season.notes)
    season.apply_numbers(item, lines, options)
    if day:
        number = item.number or 0
        for line in lines:
            for position in {*line.positions_at(day), number}:
                if line.holds(position):
                    options.at(line, position)
        for option in options:
            compare_day(option, day, late=season.pace.days)
            season.confirm(item, option)
        options.drop_idle()
    return options


def _dated(season: Season, found: Iterable[tuple[Item, Options]], reading: Reading) -> list[tuple[Item, Options]]:
    """Gather the dated episodes of the season, those of Trakt's own list among them once that was read."""
    dated = [(item, options) for item, options in found if item.first_aired]
    have = {item.number for item, _ in dated}
    for row in season.listed:
        if row.number not in have and row.first_aired:
            item = Item(season.show.work, row.season, row.number, row.number_abs, row.title, row.first_aired)
            dated.append((item, options_for(season, item, reading)))
    return dated


def _anchors(season: Season, dated: Iterable[tuple[Item, Options]]) -> list[Anchor]:
    """Return where dates put the season's episodes, as far as numbers bear it out.

    Dates alone would bear each other out on any line, also on that of a season that is a week late: it needs an
    episode whose number says the same, or a season of no or several subjects that ends where the last one ends.
    """
    agreeing, alone = set(), set()
    for item, options in dated:
        option = dated_option(options, single=len(season.keyed) == 1)
        if anchor := anchor_at(item, option):
            if option and option.agrees:
                agreeing.add(anchor)
            elif option and date_stands(season, item, option):
                alone.add(anchor)
    lines = {anchor[1:] for anchor in agreeing}
    if alone and (len(season.keyed) == 1 or not _ends(season, max(agreeing | alone))):
        alone = {anchor for anchor in alone if anchor[1:] in lines}
    return sorted(agreeing | alone)


def _ends(season: Season, last: Anchor) -> bool:
    """Whether Trakt's season ends where the subject of its last dated episode ends."""
    return bool(season.length) and season.length + last.offset == season.show.line(last.subject_id).length


def _missed(season: Season, item: Item, options: Options) -> int:
    """Return by how many days a date misses every subject that it might mean."""
    day = season.day(item)
    return min((option.line.misses(option.position, day) for option in options), default=0) if day else 0


def _doubt(options: Options, missed: int) -> None:
    """Where dates are far from all subjects, numbers of the undated mean nothing either."""
    for option in options:
        option.against.setdefault(E.DOUBTED, {"days": missed})
