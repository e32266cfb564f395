"""Seasons that Trakt dates late as a whole, or early: by a streaming release, not by the broadcast.

A week late, each date is that of the next episode. Whether a season is late or begins at another episode is told by
its broadcast gaps and by its length; where neither tells, its items are asked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sync.matching.codes import EvidenceCode
from sync.matching.dates import air_day, near
from sync.matching.facts import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching.facts import Item
    from sync.matching.lines import Line
    from sync.matching.numbers import Season
    from sync.matching.options import Option, Options

E = EvidenceCode
MOST_DAYS = 45
"""By how much a season may be late and still be told from one that begins elsewhere."""
LEAST_EPISODES = 3
"""Fewer dates show no pattern."""
MOST = 2 / 3


class Pace(NamedTuple):
    """By how many days Trakt's dates of a season follow Bangumi's, and how sure that is."""

    days: int = 0
    confidence: Confidence = Confidence.HIGH


ON_TIME = Pace()


class _Place(NamedTuple):
    """A position that a number rule gives an episode."""

    line: Line
    position: int
    late: int
    """Days from the listed date to Trakt's."""


class _Dated(NamedTuple):
    """An episode of which Trakt says the date, and Bangumi the date of where its number leads."""

    number: int
    day: int
    agrees: bool
    """Whether the date and a number rule agree as they are."""
    places: tuple[_Place, ...]
    led: tuple[tuple[Line, int], ...]
    """Where the date leads."""


def pace_of(season: Season, found: Iterable[tuple[Item, Options]]) -> Pace:
    """Compare the dates of a whole season with those listed where its numbers lead."""
    dated = [one for item, options in found if (one := _dated(season, item, options))]
    days = _common(dated)
    late = [(one, place) for one in dated if (place := _late_by(one, days))]
    others = [one for one in dated if _late_by(one, days) is None]
    as_they_are = sum(one.agrees for one in dated)
    if not days or len(late) < MOST * len(dated) or as_they_are > len(late) * (1 - MOST):
        return ON_TIME
    enough = len({one.number for one, _ in late}) >= LEAST_EPISODES
    slip = _slip(late)
    if not slip:
        return Pace(days) if enough else ON_TIME
    if not enough:
        return Pace(days, Confidence.LOW)
    by_length = _by_length(season, slip, late)
    if any(one.agrees or _only_slipped(one, slip) for one in others):
        return Pace(days, Confidence.MEDIUM if by_length == Confidence.HIGH else Confidence.LOW)
    only_late = any(_only_late(one.day, place, slip) for one, place in late)
    return Pace(days, Confidence.HIGH if only_late else by_length)


def _dated(season: Season, item: Item, options: Options) -> _Dated | None:
    day = air_day(item.first_aired)
    if day is None or item.number is None:
        return None
    dated = [option for option in options if option.day and option.position]
    places = {(option.line, option.position) for option in options if _is_placed(option)}
    if not season.keyed:
        # A season that no data set knows may still begin with the subject that its dates lead to
        places |= {(option.line, item.number) for option in dated}
    late = tuple(
        _Place(line, position, day - listed) for line, position in places if position and (listed := line.day(position))
    )
    if not late:
        return None
    led = tuple((option.line, option.position) for option in dated if option.listed and option.position)
    return _Dated(item.number, day, any(option.agrees for option in dated), late, led)


def _is_placed(option: Option) -> bool:
    """Whether a number rule leads to an option, one more than a count behind earlier cours that may not add up."""
    counted = option.numbers.get(E.COUNTED)
    doubtful = counted is not None and counted["offset"] and E.SEASON_LENGTH not in option.numbers
    return option.strength >= (2 if doubtful else 1)


def _common(dated: Iterable[_Dated]) -> int:
    """Return by how many days most dates are late; 0 where that is too much."""
    counts = Counter(late for one in dated for late in {place.late for place in one.places} if abs(late) <= MOST_DAYS)
    return max(counts, key=lambda late: (counts[late], -abs(late)), default=0)


def _late_by(one: _Dated, days: int) -> _Place | None:
    return next((place for place in one.places if near(place.late, days)), None)


def _slip(late: Iterable[tuple[_Dated, _Place]]) -> int:
    """Return by how many positions the dates as they are lead past the numbers; 0 where they lead nowhere."""
    slips = Counter(
        position - place.position
        for one, place in late
        for line, position in one.led
        if line is place.line and position != place.position
    )
    return max(slips, key=lambda slip: (slips[slip], -abs(slip)), default=0)


def _only_late(day: int, place: _Place, slip: int) -> bool:
    """Whether a late date is not that of the episode to which it would have to lead."""
    position = place.position + slip
    if position > len(place.line.mains):
        return position > place.line.length
    listed = place.line.day(position)
    return listed is not None and not near(day, listed)


def _only_slipped(one: _Dated, slip: int) -> bool:
    return any(near(one.day, place.line.day(place.position + slip)) for place in one.places)


def _by_length(season: Season, slip: int, late: Sequence[tuple[_Dated, _Place]]) -> Confidence:
    """Say how sure the length of Trakt's season makes it that the dates are late.

    Episodes that only lie elsewhere end where the subject ends; those that are late are as many as the subject's.
    """
    lines = {place.line for _, place in late}
    offsets = {place.position - one.number for one, place in late}
    last, whole = season.length, season.total
    if len(lines) == len(offsets) == 1:
        last, whole = last + offsets.pop(), lines.pop().length
    if not season.length or not whole or last + slip == whole:
        return Confidence.LOW
    return Confidence.HIGH if last == whole or last + slip > whole else Confidence.MEDIUM
