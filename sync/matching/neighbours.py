"""Where the other episodes of the same season lie: numbers that run on, run on in the subject too."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from sync.matching.codes import EvidenceCode
from sync.matching.options import compare_day
from sync.matching.weighing import BOTH_SIDES, weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching.facts import Item
    from sync.matching.options import Option, Options
    from sync.matching.shows import Show

E = EvidenceCode


class Anchor(NamedTuple):
    """An episode of the season whose date says where it belongs."""

    number: int
    subject_id: int
    offset: int
    """Position less number."""


class Aired(NamedTuple):
    """An episode's number, the day of its broadcast, and by how many days Trakt dates it late."""

    number: int
    day: int | None
    late: int = 0


def dated_option(options: Iterable[Option], *, single: bool = False) -> Option | None:
    """Return the option that a date leads to, unless it leads to several equally well.

    In a season of a ``single`` subject the first or last day alone is not enough: premieres and finales may bring
    several episodes at once. Among several subjects it tells which of them begins or ends.
    """
    dated = [option for option in options if option.day and (option.agrees or option.listed or not single)]
    dated.sort(key=weight, reverse=True)
    if not dated or (len(dated) > 1 and weight(dated[0])[:-1] == weight(dated[1])[:-1]):
        return None
    return dated[0]


def anchor_at(item: Item, option: Option | None) -> Anchor | None:
    if option is None or option.position is None or item.number is None:
        return None
    return Anchor(item.number, option.line.subject_id, option.position - item.number)


def with_neighbours(show: Show, aired: Aired, options: Options, anchors: Sequence[Anchor]) -> None:
    """Let the nearest dated episodes before and after speak for the position on the same line.

    One neighbour is enough where a rule names the same position already, where no other subject could follow, and
    where the season is seen to begin with the subject.
    """
    number = aired.number
    at = bisect_left(anchors, (number,))
    sides = [anchors[at - 1]] if at else []
    while at < len(anchors) and anchors[at].number == number:
        at += 1
    sides += anchors[at : at + 1]
    for subject_id, offset in {(anchor.subject_id, anchor.offset) for anchor in sides}:
        witnesses = sum(anchor[1:] == (subject_id, offset) for anchor in sides)
        line = show.line(subject_id)
        known = (subject_id, number + offset) in options
        alone = witnesses == len(sides) and (offset == 0 or show.regular == [line])
        proposes = witnesses == BOTH_SIDES or alone
        if (known or proposes) and line.holds(number + offset):
            option = options.at(line, number + offset)
            if not known and aired.day:
                compare_day(option, aired.day, late=aired.late)
            option.numbers[E.NEIGHBOURS] = {"offset": offset, "sides": witnesses, "number": witnesses}
    for option in options:
        if sides and not option.day and E.NEIGHBOURS not in option.numbers:
            option.against[E.OFF_LINE] = {"offsets": [anchor.offset for anchor in sides]}
