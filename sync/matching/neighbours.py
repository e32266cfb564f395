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


def anchor_of(item: Item, options: Iterable[Option]) -> Anchor | None:
    best = max((option for option in options if option.day), key=weight, default=None)
    if best is None or best.position is None or item.number is None:
        return None
    return Anchor(item.number, best.line.subject_id, best.position - item.number)


def with_neighbours(show: Show, item: Item, options: Options, anchors: Sequence[Anchor]) -> None:
    """Let the nearest dated episodes before and after speak for the position on the same line."""
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
        if (known or witnesses == BOTH_SIDES) and line.holds(number + offset):
            option = options.at(line, number + offset)
            option.numbers[E.NEIGHBOURS] = {"offset": offset, "sides": witnesses}
