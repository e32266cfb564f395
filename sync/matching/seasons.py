"""Regular seasons: numbers and air dates, in the season's own subjects first, then in the whole show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.matching.dates import air_day
from sync.matching.facts import Item, Verdict
from sync.matching.neighbours import Anchor, anchor_of, with_neighbours
from sync.matching.numbers import Season
from sync.matching.options import Options, compare_day
from sync.matching.weighing import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.matching.lines import Line
    from sync.matching.options import Option
    from sync.matching.reading import Reading
    from sync.matching.shows import Show

SLACK = 45
"""Days around a broadcast in which a date still makes a subject worth reading."""


def judge_season(show: Show, number: int, items: Sequence[Item], reading: Reading) -> list[Verdict]:
    """Judge the items of one season together: each alone first, then by where its neighbours lie."""
    season = Season(show, number, max(item.number or 0 for item in items))
    found = [options_for(season, item, reading) for item in items]
    anchors = _anchors(season, zip(items, found, strict=True), reading)
    verdicts = []
    for item, options in zip(items, found, strict=True):
        with_neighbours(show, item, options, anchors)
        verdicts.append(verdict_of(season, item, options, reading))
    return verdicts


def options_for(season: Season, item: Item, reading: Reading) -> Options:
    """Gather what an item might be, in ever wider circles, until one has both its date and its number."""
    day = air_day(item.first_aired)
    options = Options(season.ids)
    for lines in _circles(season, item, day):
        unread = reading.lacks(lines)
        options = _gather(season, item, day, lines)
        if unread or (day is None and options) or any(option.agrees for option in options):
            break
    return options


def _circles(season: Season, item: Item, day: int | None) -> Iterator[list[Line]]:
    """The season's subjects on the air that day; all of the season's; all of the show's that may be meant."""
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
    options = Options(season.ids)
    season.apply_numbers(item, lines, options)
    if day:
        number = item.number or 0
        for line in lines:
            for position in {*line.positions_at(day), number}:
                if line.holds(position):
                    options.at(line, position)
        for option in options:
            compare_day(option, day)
            season.confirm_rank(item, option)
        options.drop_idle()
    return options


def _anchors(season: Season, found: Iterable[tuple[Item, Iterable[Option]]], reading: Reading) -> list[Anchor]:
    """Gather the dated episodes of the season, those of Trakt's own list among them once that was read."""
    anchors = {anchor for item, options in found if (anchor := anchor_of(item, options))}
    have = {anchor.number for anchor in anchors}
    for row in season.listed:
        if row.number not in have and row.first_aired:
            item = Item(season.show.work, row.season, row.number, row.number_abs, row.title, row.first_aired)
            if anchor := anchor_of(item, options_for(season, item, reading)):
                anchors.add(anchor)
    return sorted(anchors)


