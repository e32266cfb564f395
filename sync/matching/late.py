"""Seasons that Trakt dates late as a whole, or early: by a streaming release, not by the broadcast.

A week late, each date is that of the next episode. Whether a season is late or begins at another episode is told by
its broadcast gaps and by its length; where neither tells, its items are asked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sync.matching.dates import air_day, near
from sync.matching.facts import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching.facts import Item
    from sync.matching.lines import Line
    from sync.matching.numbers import Season
    from sync.matching.options import Options

MOST_DAYS = 45
"""By how much a season may be late and still be told from one that begins elsewhere."""
LEAST_EPISODES = 3
"""Fewer dates show no pattern."""
NEARLY_ALL = 0.9


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
    number: int
    day: int
    agrees: bool
    """Whether the date and a number rule agree as they are."""
    places: tuple[_Place, ...]
    led: tuple[tuple[int, int], ...]
    """Subjects and positions that the date leads to."""


class _Slip(NamedTuple):
    """The other reading of a late season: its dates are right, and its numbers lead to other episodes."""

    by: int
    """Positions from where the numbers lead to where the dates lead."""
    places: tuple[tuple[int, _Place], ...]
    """The episodes' days with the places of their numbers."""


def pace_of(season: Season, found: Iterable[tuple[Item, Options]]) -> Pace:
    """Compare the dates of a whole season with the places of its numbers."""
    dated = [one for item, options in found if (one := _dated(season, item, options))]
    if not dated or _share(dated, [one for one in dated if one.agrees]) > 1 - NEARLY_ALL:
        return ON_TIME
    days = _common(dated)
    explained = [(one, place) for one in dated if (place := _explaining(one, days))]
    if not days or _share(dated, [one for one, _ in explained]) < NEARLY_ALL:
        return ON_TIME
    enough = len({one.number for one in dated}) >= LEAST_EPISODES
    slip = _slip(explained)
    if slip is None:
        return Pace(days) if enough else ON_TIME
    if not enough:
        return Pace(days, Confidence.LOW)
    return _told_apart(season, days, slip, explained, dated)


def _dated(season: Season, item: Item, options: Options) -> _Dated | None:
    """Gather where an episode's number and its date lead; None where no number leads to a listed date."""
    day = air_day(item.first_aired)
    if day is None or item.number is None:
        return None
    dated = [option for option in options if option.day and option.position]
    places = {(option.line, option.position) for option in options if option.numbers and option.position}
    # A season that no data set knows may still begin with the subject that its dates lead to
    places |= {(option.line, item.number) for option in dated if not season.keyed}
    late = tuple(
        _Place(line, position, day - listed) for line, position in places if position and (listed := line.day(position))
    )
    if not late:
        return None
    led = tuple((option.line.subject_id, option.position) for option in dated if option.listed and option.position)
    return _Dated(item.number, day, any(option.agrees for option in dated), late, led)


def _common(dated: Sequence[_Dated]) -> int:
    """Return the days by which most dates are late; 0 when they are late by too much."""
    counts = Counter(late for one in dated for late in {place.late for place in one.places} if abs(late) <= MOST_DAYS)
    return max(counts, key=lambda late: (counts[late], -abs(late)), default=0)


def _explaining(one: _Dated, days: int) -> _Place | None:
    """Return the place of its number at which an episode is late by so many days."""
    return next((place for place in one.places if near(place.late, days)), None)


def _slip(explained: Sequence[tuple[_Dated, _Place]]) -> _Slip | None:
    """Find how far the dates lead from the numbers; None where they lead to no other episode."""
    by = Counter(
        position - place.position
        for one, place in explained
        for subject_id, position in one.led
        if subject_id == place.line.subject_id and position != place.position
    )
    if not by:
        return None
    return _Slip(max(by, key=lambda slip: (by[slip], -abs(slip))), tuple((one.day, place) for one, place in explained))


def _told_apart(
    season: Season,
    days: int,
    slip: _Slip,
    explained: Sequence[tuple[_Dated, _Place]],
    dated: Sequence[_Dated],
) -> Pace:
    """Decide between a late season and one whose numbers lead elsewhere."""
    late = any(_only_late(day, place, slip.by) for day, place in slip.places)
    left = [one for one in dated if all(one is not other for other, _ in explained)]
    slipped = any(_only_slipped(one, slip.by) for one in left)
    if late and slipped:
        return Pace(days, Confidence.LOW)
    if slipped:
        return ON_TIME
    return Pace(days, Confidence.HIGH if late else _by_length(season, slip))


def _only_late(day: int, place: _Place, slip: int) -> bool:
    """Whether a date is late, but is not that of the episode to which it would lead."""
    line, position = place.line, place.position + slip
    if line.length and position > line.length:
        return len(line.mains) >= line.length
    listed = line.day(position)
    return listed is not None and not near(day, listed)


def _only_slipped(one: _Dated, slip: int) -> bool:
    return any(near(one.day, place.line.day(place.position + slip)) for place in one.places)


def _by_length(season: Season, slip: _Slip) -> Confidence:
    """Say how sure the length of Trakt's season makes it that its dates are late.

    Where the numbers lead elsewhere, the season ends with the subject after all; where they don't, it has as many
    episodes as the subject.
    """
    lines = {place.line for _, place in slip.places}
    whole = season.total if season.keyed else sum(line.length for line in lines)
    if not season.length or not whole or season.length + slip.by == whole:
        return Confidence.LOW
    return Confidence.HIGH if season.length == whole else Confidence.MEDIUM


def _share(of: Sequence[_Dated], part: Sequence[_Dated]) -> float:
    return len(part) / len(of)
