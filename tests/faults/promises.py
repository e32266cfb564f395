"""What no run may ever do to a Bangumi list, whatever happens: pure functions of the list before and after it.

They know nothing of how the program works, so that they can judge it. Each returns what was broken, in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    Row = Mapping[str, Any]
    Shelf = Mapping[str, Row]

WISH, DONE, DOING, ON_HOLD, DROPPED = 1, 2, 3, 4, 5
WATCHED = 2

STEPS_UP = {(WISH, DOING), (WISH, DONE), (DOING, DONE)}
"""How the state of an entry may change; all else is a downgrade, or overrules what the person set aside."""

THEIR_OWN = ("comment", "tags", "private")
"""What of an entry that was there before is never touched."""


@dataclass
class Hand:
    """What this program wrote to one entry and nobody changed since: all else of it is the user's own."""

    ticks: set[int] = field(default_factory=set)
    type: int | None = None
    rate: int | None = None


def broken_by_sync(
    before: Shelf,
    after: Shelf,
    watched: AbstractSet[int],
    ours: Mapping[int, Hand],
    rated: Mapping[int, AbstractSet[int]],
) -> list[str]:
    """Return what a sync did that it must never do.

    *watched* are the Bangumi episodes that were ever watched on Trakt, *rated* the ratings given there, by subject.
    """
    broken = [f"{subject} was taken off the list" for subject in before.keys() - after.keys()]
    for subject, row in after.items():
        old = before.get(subject)
        hand = ours.get(int(subject), Hand())
        told = [*_ticks(old, row, watched), *_entry(old, row, hand, rated.get(int(subject), set()))]
        broken += [f"{subject}: {what}" for what in told]
    return broken


def _ticks(old: Row | None, row: Row, watched: AbstractSet[int]) -> Iterator[str]:
    marks = old["marks"] if old else {}
    for episode in marks.keys() - row["marks"].keys():
        if int(episode) not in half_done(old, row, watched):
            yield f"the mark of {episode} was taken away"
    for episode, state in row["marks"].items():
        if marks.get(episode) == state:
            continue
        if state != WATCHED:
            yield f"{episode} was marked {state}"
        elif int(episode) not in watched:
            yield f"{episode} was ticked, and nobody ever watched it"
        elif old and old["private"]:
            yield f"{episode} of a private entry was ticked without asking"


def half_done(old: Row | None, row: Row, watched: AbstractSet[int]) -> set[int]:
    """Return the watched episodes whose other mark was cleared: the service needs that before it ticks them.

    Who dies in between leaves them so, and the next run has to tick them.
    """
    gone = old["marks"].keys() - row["marks"].keys() if old else set()
    return {int(e) for e in gone if old and old["marks"][e] != WATCHED and int(e) in watched}


def _entry(old: Row | None, row: Row, hand: Hand, rated: AbstractSet[int]) -> Iterator[str]:
    if old is None:
        if row["type"] not in {WISH, DOING, DONE} or row["comment"] or row["tags"] or row["private"]:
            yield f"it was added as {row}"
        if row["rate"] not in {0, *rated}:
            yield f"it was added with the rating {row['rate']}"
        return
    if row["type"] != old["type"] and (old["type"], row["type"]) not in STEPS_UP:
        yield f"its state went from {old['type']} to {row['type']}"
    for name in THEIR_OWN:
        if row[name] != old[name]:
            yield f"{name} went from {old[name]!r} to {row[name]!r}"
    if row["rate"] != old["rate"]:
        if old["rate"] and old["rate"] != hand.rate:
            yield f"the user's own rating {old['rate']} became {row['rate']}"
        if row["rate"] not in rated:
            yield f"it was rated {row['rate']}, which Trakt never said"


def broken_by_undo(before: Shelf, after: Shelf, ours: Mapping[int, Hand]) -> list[str]:
    """Return what an undo did that it must never do: it changes nothing but what is still as we left it."""
    broken = [f"{subject} came or went" for subject in before.keys() ^ after.keys()]
    for subject in before.keys() & after.keys():
        old, row, hand = before[subject], after[subject], ours.get(int(subject), Hand())
        told = [f"{name} was changed" for name in THEIR_OWN if row[name] != old[name]]
        changed = {e for e in old["marks"].keys() | row["marks"].keys() if old["marks"].get(e) != row["marks"].get(e)}
        told += [f"{e} was not ours" for e in changed if int(e) not in hand.ticks]
        for name in ("type", "rate"):
            if row[name] != old[name] and old[name] != getattr(hand, name):
                told.append(f"{name} went from {old[name]}, which was not ours, to {row[name]}")
        broken += [f"{subject}: {what}" for what in told]
    return broken


def note_ours(before: Shelf, after: Shelf, ours: dict[int, Hand]) -> None:
    """Note what a run of ours changed."""
    for subject, row in after.items():
        old = before.get(subject)
        hand = ours.setdefault(int(subject), Hand())
        marks = old["marks"] if old else {}
        hand.ticks |= {int(e) for e, state in row["marks"].items() if state == WATCHED != marks.get(e)}
        if old is None or old["type"] != row["type"]:
            hand.type = row["type"]
        if row["rate"] != (old["rate"] if old else 0):
            hand.rate = row["rate"]


def note_theirs(before: Shelf, after: Shelf, ours: dict[int, Hand]) -> None:
    """Note what a person changed by hand: it is theirs from now on."""
    for subject in before.keys() | after.keys():
        old, row = before.get(subject), after.get(subject)
        hand = ours.get(int(subject))
        if hand is None:
            continue
        if old is None or row is None:
            ours.pop(int(subject))
            continue
        changed = {
            int(e) for e in old["marks"].keys() | row["marks"].keys() if old["marks"].get(e) != row["marks"].get(e)
        }
        hand.ticks -= changed
        if old["type"] != row["type"]:
            hand.type = None
        if old["rate"] != row["rate"]:
            hand.rate = None
