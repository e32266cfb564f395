"""What is written to an entry of Bangumi, in words."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from sync.bangumi.schemas import CollectionType
from sync.words import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.models import SubjectPlan

SHOWN_STRETCHES = 6
"""So many stretches of episodes are named; more would not be read."""


def changes_of(plan: SubjectPlan) -> Iterable[str]:
    """Say what would become of the entry itself, besides its ticks."""
    before = plan.before.get("list")
    after = CollectionType.DONE if plan.complete else plan.collect
    if after and not before:
        yield gettext("added to your list as %(state)s") % {"state": LISTED[after]}
    elif after and after != before:
        yield gettext("%(before)s becomes %(after)s") % {"before": LISTED[before], "after": LISTED[after]}
    if plan.rate:
        was = plan.before.get("rate")
        text = gettext("rating %(rate)s instead of %(was)s") if was else gettext("rating %(rate)s")
        yield text % {"rate": plan.rate, "was": was}
    elif plan.rate == 0:
        yield gettext("your rating is taken away")
    if plan.tags is not None:
        given = [tag for tag in plan.tags if tag not in plan.before.get("tags", ())]
        yield gettext("tag %(tags)s") % {"tags": ", ".join(given)} if given else gettext("a tag is taken away")


def in_ranges(numbers: Iterable[float | None]) -> str:
    """Write episode numbers as stretches: 1–12, 14. Those without a number are left out."""
    known = sorted({number for number in numbers if number is not None})
    breaks = [0, *(place + 1 for place, (a, b) in enumerate(pairwise(known)) if b != a + 1), len(known)]
    stretches = [known[start:end] for start, end in pairwise(breaks) if start < end]
    texts = [f"{s[0]:g}" if len(s) == 1 else f"{s[0]:g}–{s[-1]:g}" for s in stretches]
    return ", ".join(texts[:SHOWN_STRETCHES]) + (" …" if len(texts) > SHOWN_STRETCHES else "")
