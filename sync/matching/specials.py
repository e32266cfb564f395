"""Season 0: specials, OVAs and films that Trakt keeps beside the regular seasons.

Their numbers agree with nobody's, so that a date has to, or an episode that a data set names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.matching.codes import EvidenceCode, MatchReason
from sync.matching.dates import TOLERANCE, air_day, iso, near, read_day
from sync.matching.facts import Confidence, Verdict
from sync.matching.index import TMDB
from sync.matching.neighbours import Aired, anchor_at, dated_option, with_neighbours
from sync.matching.options import Option, Options, compare_day, notes_of
from sync.matching.titles import alike, kin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching.facts import Item
    from sync.matching.lines import Line
    from sync.matching.reading import Reading
    from sync.matching.shows import Show

E = EvidenceCode
RELEASE = 14
"""Days around its release in which the only episode of an OVA or film is recognised."""
APART = frozenset({"ova", "movie"})
"""Forms that are specials even where a data set gives them a regular season."""
FEW = 3
"""Episodes of a work so short that its dates alone tell them apart; longer ones need a number too."""
MOST_CANDIDATES = 8


def judge_specials(show: Show, season: int, items: Sequence[Item], reading: Reading) -> list[Verdict]:
    rules = _Specials(show, season)
    found = [rules.options(item, reading) for item in items]
    pairs = zip(items, found, strict=True)
    anchors = sorted({anchor for item, options in pairs if (anchor := anchor_at(item, dated_option(options)))})
    for item, options in zip(items, found, strict=True):
        with_neighbours(show, Aired(item.number or 0, air_day(item.first_aired)), options, anchors)
    return [rules.verdict(list(options)) for options in found]


class _Specials:
    def __init__(self, show: Show, season: int) -> None:
        self.show = show
        self.season = season
        self.notes = notes_of(show, season)
        regular = {line.subject_id for line in show.regular}
        self.apart = [line for line in show.pool if line.subject_id not in regular or line.entry.form in APART]
        self.regular = [line for line in show.regular if line.entry.form not in APART]
        self.placed = {place.subject_id: place.episode for place in show.places if place.season == season}

    def options(self, item: Item, reading: Reading) -> Options:
        number, day = item.number or 0, air_day(item.first_aired)
        named = self.named(number)
        lines = list(dict.fromkeys([*(line for line, *_ in named), *self.around(day)]))
        reading.lacks(lines)
        options = Options(frozenset(self.placed), self.notes)
        for line, code, first, scheme in named:
            position = number - first + 1
            if 1 <= position <= max(line.length, 1):
                options.at(line, position).numbers[code] = {"scheme": scheme, "number": number, "position": position}
        if day:
            for line in lines:
                self.by_date(options, line, number, day)
            for option in options:
                _compare(option, day)
            if not any(option.day for option in options):
                self.inside(options, item, day, reading)
            options.drop_idle()
        return options

    def named(self, number: int) -> list[tuple[Line, EvidenceCode, int, str]]:
        """Subjects whose first special a data set names, with that special's number."""
        found = [
            (self.show.line(subject_id), E.TMDB_EPISODE, episode, TMDB)
            for subject_id, episode in self.placed.items()
            if episode is not None
        ]
        for scheme, row in self.show.ranges(self.season, number):
            if row.position:
                first = row.first - row.position + 1
                found.append((self.show.line(row.subject_id), E.RANGE, first, scheme))
        return found

    def around(self, day: int | None) -> list[Line]:
        """Subjects outside the regular seasons that a date may mean."""
        if day is None:
            return []
        kindred = [
            self.show.line(subject_id)
            for begin in range(day - TOLERANCE, day + TOLERANCE + 1)
            for subject_id in self.show.index.begins.get(begin, ())
            if kin(self.show.index.entries[subject_id].title, (line.title for line in self.regular))
        ]
        near_by = [line for line in self.apart if line.during(day, RELEASE)]
        return near_by + [line for line in kindred if line not in near_by and line not in self.regular]

    def by_date(self, options: Options, line: Line, number: int, day: int) -> None:
        for position in {*line.positions_at(day), 1, number}:
            if line.holds(position):
                option = options.at(line, position)
                _compare(option, day)
                if option.day and position == number and line.length > 1:
                    option.numbers[E.RANK] = {"number": number, "position": position, "of": line.length}

    def inside(self, options: Options, item: Item, day: int, reading: Reading) -> None:
        """Look for a special inside the season's own subjects: by date, and by title where there are several."""
        lines = [line for line in self.regular if line.during(day, RELEASE)]
        reading.lacks(lines)
        for line in lines:
            for episode in line.specials:
                same_title = alike(item.title, episode.name) or alike(item.title, episode.name_cn)
                listed = read_day(episode.airdate)
                if not near(day, listed) and not same_title:
                    continue
                option = options.special(line, episode.id)
                if near(day, listed):
                    option.day = E.AIRDATE, {"aired": iso(day), "listed": iso(listed)}
                if same_title:
                    option.numbers[E.TITLE] = {"title": item.title, "name": episode.name}

    def verdict(self, options: list[Option]) -> Verdict:
        if not options:
            return Verdict(None, reason=MatchReason.SPECIAL_UNKNOWN, demanding=True)
        ranked = sorted(options, key=_weight, reverse=True)
        best = ranked[0]
        confidence = _confidence(best, ranked[1:])
        candidates = tuple(
            option.candidate(confidence if option is best else Confidence.LOW) for option in ranked[:MOST_CANDIDATES]
        )
        reason = "" if confidence == Confidence.HIGH else MatchReason.SPECIAL_UNKNOWN
        return Verdict(candidates[0], candidates, reason, demanding=True)


def _compare(option: Option, day: int) -> None:
    """Compare the date; the release of a single episode may lie some days off."""
    compare_day(option, day, weekly=False)
    line = option.line
    if line.length <= 1 and option.position == 1 and line.begin:
        if option.day is None and near(day, line.begin, RELEASE):
            option.against.clear()
            option.day = E.RELEASED, {"released": iso(day), "date": iso(line.begin)}
            option.distance = abs(day - line.begin)
        if option.day:
            option.numbers[E.ONLY_EPISODE] = {}


def _confidence(best: Option, others: Iterable[Option]) -> Confidence:
    if best.day is None:
        if best.against or any(other.numbers for other in others):
            return Confidence.LOW
        return Confidence.HIGH if E.NEIGHBOURS in best.numbers and len(best.numbers) > 1 else Confidence.MEDIUM
    for other in others:
        if other.day and other.distance <= best.distance + TOLERANCE and other.strength >= best.strength:
            best.against[E.RIVAL] = {"subject_id": other.line.subject_id}
            return Confidence.LOW
    if best.numbers:
        return Confidence.HIGH
    sure = best.position is not None and best.line.length <= FEW and best.distance <= TOLERANCE
    return Confidence.HIGH if sure else Confidence.LOW


def _weight(option: Option) -> tuple:
    return (
        option.day is not None,
        not option.against,
        option.strength,
        -option.distance,
        option.keyed,
        -option.line.subject_id,
    )
