"""Where the other episodes of the same season lie: numbers that run on, run on in the subject too."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from sync.matching.codes import EvidenceCode
from sync.matching.weighing import weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching.facts import Item
    from sync.matching.options import Option, Options
    from sync.matching.shows import Show

E = EvidenceCode
BOTH_SIDES = 2


class Anchor(NamedTuple):
    """An episode of the season whose date says where it belongs."""

    number: int
    subject_id: int
    offset: int
    """Position less number."""


def anchor_of(item: Item, options: Iterable[Option], *, single: bool = False) -> Anchor | None:
    """Return where a date puts an item, unless it leads to several places equally well.

    In a season of a ``single`` subject the first or last day alone is no anchor: premieres and finales may bring
    several episodes at once. Among several subjects it tells which of them begins or ends.
    """
    dated = [option for option in options if option.day and (option.agrees or option.listed or not single)]
    dated.sort(key=weight, reverse=True)
    if not dated or dated[0].position is None or item.number is None:
        return None
    if len(dated) > 1 and weight(dated[0])[:-1] == weight(dated[1])[:-1]:
        return None
    return Anchor(item.number, dated[0].line.subject_id, dated[0].position - item.number)


def with_neighbours(show: Show, item: Item, options: Options, anchors: Sequence[Anchor]) -> None:
    """Let the nearest dated episodes before and after speak for the position on the same line.

    One neighbour is enough where a rule names the same position already, or where no other subject could follow.
    """
    number = item.number or 0
    at = bisect_left(anchors, (number,))
    sides = [anchors[at - 1]] if at else []
    while at < len(anchors) and anchors[at].number == number:
        at += 1
    sides += anchors[at : at + 1]
    for subject_id, offset in {(anchor.subject_id, anchor.offset) for anchor in sides}:
        witnesses = sum(anchor[1:] == (subject_id, offset) for anchor in sides)
        line = show.line(subject_id)
        known = (subject_id, number + offset) in options
        proposes = witnesses == BOTH_SIDES or (witnesses == len(sides) and show.regular == [line])
        if (known or proposes) and line.holds(number + offset):
            option = options.at(line, number + offset)
            option.numbers[E.NEIGHBOURS] = {"offset": offset, "sides": witnesses}
    for option in options:
        if sides and not option.day and E.NEIGHBOURS not in option.numbers:
            option.against[E.OFF_LINE] = {"offsets": [anchor.offset for anchor in sides]}
