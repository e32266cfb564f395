"""What differs between the two sides of one subject, case by case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.bangumi.schemas import CollectionType
from sync.parity.rules import Fact, Ledger, There, What, compare, needs_reading

DOING, DONE, WISH, DROPPED, ON_HOLD = (
    CollectionType.DOING,
    CollectionType.DONE,
    CollectionType.WISH,
    CollectionType.DROPPED,
    CollectionType.ON_HOLD,
)
THEN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = THEN + timedelta(days=1)
MAIN = (11, 12, 13)


def seen(*episodes: int, **more) -> Ledger:
    """Return a ledger whose plays of these episodes were carried over; episode 11 is position 1."""
    watched = {episode: episode - 10 for episode in episodes}
    return Ledger(watched=dict(watched), known=set(watched), settled_at=THEN, **more)


def shown(kind: CollectionType | None = DOING, /, *ticked: int, **more) -> There:
    """Return an entry whose episodes were read, of which these are ticked."""
    marks = dict.fromkeys(ticked, 2) | more.pop("marks", {})
    return There(kind, main=more.pop("main", MAIN), marks=marks, ticks=len(marks), changed_at=THEN, **more)


def rated(wanted: int, *, differs: bool) -> list[Fact]:
    return [Fact(What.RATING, (7,), differs, wanted)]


CASES = {
    "the same on both sides": (seen(11, 12), shown(DOING, 11, 12), []),
    "nothing at all": (Ledger(), There(), []),
    "not read because the count agrees": (seen(11, 12), There(DOING, ticks=2), []),
    "a tick taken away": (seen(11, 12), shown(DOING, 11), ["missing unticked 12"]),
    "two ticks taken away": (seen(11, 12, 13), shown(DOING, 12), ["missing unticked 11,13"]),
    "an episode made dropped": (seen(11), shown(DOING, marks={11: 3}), ["missing remarked 11"]),
    "an episode made a wish": (seen(11), shown(DOING, marks={11: 1}), ["missing remarked 11"]),
    "a tick without a play": (seen(11), shown(DOING, 11, 13), ["extra ticks 13"]),
    "a special ticked without a play": (seen(11), shown(DOING, 11, 99), ["extra ticks 99"]),
    "one tick for another": (seen(11), shown(DOING, 13), ["missing unticked 11", "extra ticks 13"]),
    "a tick whose play was left out": (Ledger(known={11}), shown(DOING, 11), []),
    "a tick whose play waits": (Ledger(known={11}, waiting={"x": [1]}), shown(DOING, 11), ["waiting items"]),
    "the entry removed": (seen(11), There(), ["missing entry 11"]),
    "a film's entry removed": (Ledger(film=True), There(), ["missing entry"]),
    "a wish removed": (Ledger(listed=(3,)), There(), ["missing entry"]),
    "only waiting, and not on the list": (Ledger(waiting={"bangumi_unreachable": [1, 2]}), There(), ["waiting items"]),
    "the same rating": (seen(11, facts=rated(8, differs=False)), shown(DOING, 11, rate=8), []),
    "another rating": (seen(11, facts=rated(8, differs=True)), shown(DOING, 11, rate=5), ["conflicting rating"]),
    "a rating removed": (seen(11, facts=rated(8, differs=True)), shown(DOING, 11), ["missing rating"]),
    "a tag removed": (seen(11, facts=[Fact(What.TAG, (7,), differs=True)]), shown(DOING, 11), ["missing tag"]),
    "dropped on Trakt alone": (
        Ledger(facts=[Fact(What.DROPPED, (7,), differs=True)], listed=(7,)),
        There(DOING),
        ["conflicting dropped"],
    ),
    "watched to the end and dropped": (seen(*MAIN), shown(DROPPED, *MAIN), ["conflicting state"]),
    "watched to the end and on hold": (seen(*MAIN), shown(ON_HOLD, *MAIN), ["conflicting state"]),
    "watched in part and dropped": (seen(11), shown(DROPPED, 11), []),
    "watched to the end and doing": (seen(*MAIN), shown(DOING, *MAIN), []),
    "completed by us and doing": (seen(*MAIN, ours=DONE), shown(DOING, *MAIN), ["conflicting state"]),
    "completed by us and done": (seen(*MAIN, ours=DONE), shown(DONE, *MAIN), []),
    "begun and a wish": (seen(11), shown(WISH, 11), ["conflicting state"]),
    "only wanted, and a wish": (Ledger(listed=(3,)), There(WISH), []),
    "done there before it is here": (seen(11), shown(DONE, 11), []),
    "rated and ticked without a play": (Ledger(listed=(3,)), There(DONE, ticks=12), ["extra ticks"]),
    "not to be read": (seen(11), There(DOING, ticks=3, unread="subject_missing"), ["waiting unread"]),
}


def named(finding) -> str:
    episodes = ",".join(map(str, finding.episodes))
    return f"{finding.kind} {finding.what} {episodes}".strip()


@pytest.mark.parametrize(("ledger", "there", "expected"), CASES.values(), ids=CASES)
def test_what_differs(ledger, there, expected):
    assert [named(finding) for finding in compare(ledger, there)] == expected


READING = {
    "the count agrees": (seen(11, 12), There(DOING, ticks=2, changed_at=THEN), False),
    "fewer there": (seen(11, 12), There(DOING, ticks=1, changed_at=THEN), True),
    "more there": (seen(11, 12), There(DOING, ticks=3, changed_at=THEN), True),
    "touched since": (seen(11, 12), There(DOING, ticks=2, changed_at=LATER), True),
    "touched by our own write, on a clock a little ahead": (
        seen(11, 12),
        There(DOING, ticks=2, changed_at=THEN + timedelta(minutes=2)),
        False,
    ),
    "when it was touched is not told": (seen(11, 12), There(DOING, ticks=2), False),
    "not on the list": (seen(11, 12), There(), False),
    "nothing played": (Ledger(listed=(3,)), There(DONE, ticks=12), False),
    "played and left out": (Ledger(known={11}), There(DOING, ticks=1), True),
}


@pytest.mark.parametrize(("ledger", "there", "expected"), READING.values(), ids=READING)
def test_which_subjects_are_read_one_by_one(ledger, there, expected):
    assert needs_reading(ledger, there) is expected


def test_positions_are_told_where_episodes_have_any():
    ledger = seen(11, 13)
    ledger.watched[99] = None
    (found,) = compare(ledger, shown(DOING, 11))
    assert (found.episodes, found.positions, found.count) == ((13, 99), (3,), 2)


def test_only_what_a_run_can_write_may_be_chosen():
    fixable = {
        named(finding).partition(" ")[2].split()[0]: finding.fixable
        for ledger, there, _expected in CASES.values()
        for finding in compare(ledger, there)
    }
    assert {what for what, can in fixable.items() if can} == {
        "unticked",
        "remarked",
        "entry",
        "rating",
        "tag",
        "dropped",
    }


def test_a_rating_that_a_wish_cannot_keep_may_not_be_chosen():
    (found,) = compare(Ledger(facts=rated(8, differs=True), listed=(7,)), There(WISH))
    assert not found.fixable
