"""Trakt and Bangumi side by side, one subject at a time: pure functions of what the ledger says and what is there.

What a person changed on Bangumi since is theirs, so a difference is named and never mended by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sync.bangumi.schemas import CollectionType, EpisodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

CLOCKS_DIFFER = timedelta(minutes=5)
"""An entry that Bangumi says was changed no longer than this after we settled it was changed by us."""


class Kind(StrEnum):
    """How the two sides differ; what has no finding is in step."""

    MISSING = "missing"
    """It came from Trakt and should be on Bangumi, and is not."""
    CONFLICTING = "conflicting"
    """Both say something, and not the same."""
    WAITING = "waiting"
    """It has not been carried over yet, or could not be compared."""
    EXTRA = "extra"
    """Only Bangumi has it: to be known, and never removed."""


class What(StrEnum):
    """What of a subject differs."""

    UNTICKED = "unticked"
    """Episodes that were ticked when this program last looked, and are not any more."""
    REMARKED = "remarked"
    """Episodes that were ticked and are marked as wished or dropped now."""
    ENTRY = "entry"
    """The entry of the list is gone."""
    RATING = "rating"
    TAG = "tag"
    STATE = "state"
    """The state on the list contradicts what was watched."""
    DROPPED = "dropped"
    """Trakt says dropped, and Bangumi does not."""
    ITEMS = "items"
    """Items of the ledger that are not written yet, for a reason."""
    UNREAD = "unread"
    """Bangumi could not show the subject's episodes."""
    TICKS = "ticks"
    """Ticks without a play that was carried over."""
    ONLY_THERE = "only_there"
    """A subject that no play or list of Trakt leads to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. ``on_trakt`` and ``on_bangumi`` are ratings or list states, by ``what``."""

    kind: Kind
    what: What
    count: int = 0
    episodes: tuple[int, ...] = ()
    """Bangumi's ids of the episodes it is about."""
    positions: tuple[int, ...] = ()
    """Their places among the main episodes; specials have none."""
    items: tuple[int, ...] = ()
    """Primary keys of the items it is about, where these are no plays; of plays that wait, one of them."""
    reason: str = ""
    on_trakt: int | None = None
    on_bangumi: int | None = None
    fixable: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A rating, tag or drop from Trakt that was carried over, or kept back because Bangumi has another.

    ``differs`` is what the rules for entries say of it and the entry as it is now.
    """

    what: What
    items: tuple[int, ...]
    differs: bool
    wanted: int = 0


@dataclass(slots=True)
class Ledger:
    """What is known of one subject from Trakt, and what became of it."""

    watched: dict[int, int | None] = field(default_factory=dict)
    """Episodes that were ticked, or found ticked, with their positions."""
    known: set[int] = field(default_factory=set)
    """Episodes that any play speaks of, left out or waiting ones included."""
    film: bool = False
    """Watched, and done by its entry alone, since Bangumi lists no episode of it."""
    waiting: dict[str, list[int]] = field(default_factory=dict)
    """Items that are not written yet, by reason."""
    facts: list[Fact] = field(default_factory=list)
    listed: tuple[int, ...] = ()
    """Items that want an entry, whatever else they ask for."""
    ours: int | None = None
    """The list state that this program wrote last."""
    settled_at: datetime | None = None
    """When this program last knew its episodes to be as they should."""

    @property
    def seen(self) -> bool:
        return bool(self.watched) or self.film

    @property
    def rating(self) -> int | None:
        return next((fact.wanted for fact in self.facts if fact.what is What.RATING), None)


@dataclass(frozen=True, slots=True)
class There:
    """One subject as Bangumi shows it to the user. ``type`` is None when it is not on the list."""

    type: CollectionType | None = None
    rate: int = 0
    ticks: int = 0
    """How many episodes the entry counts, of every sort and state."""
    changed_at: datetime | None = None
    main: tuple[int, ...] = ()
    """Its main episodes in their order; empty when nobody has read them."""
    marks: Mapping[int, int] | None = None
    """States by episode; None when they were not read, because the count agrees or the read failed."""
    unread: str = ""
    """Why they could not be read."""

    @property
    def ticked(self) -> int:
        return self.ticks if self.marks is None else len(_ticked(self.marks))


def needs_reading(ledger: Ledger, there: There) -> bool:
    """Tell whether the list alone leaves open which episodes are ticked.

    The entry's count is all that a page of the list tells; where it is right and nobody touched the entry since we
    proved it, the episodes are what they were.
    """
    if there.type is None or not (ledger.watched or ledger.known):
        return False
    if there.ticks != len(ledger.watched):
        return True
    if ledger.settled_at is None or there.changed_at is None:
        return False
    return there.changed_at > ledger.settled_at + CLOCKS_DIFFER


def compare(ledger: Ledger, there: There) -> list[Finding]:
    """Return how the two sides of one subject that Trakt leads to differ; nothing when they are in step."""
    return [
        *_waiting(ledger, there),
        *(_gone(ledger) if there.type is None else _differences(ledger, there)),
    ]


def only_there(there: There) -> Finding:
    """Return what to say of an entry that nothing on Trakt leads to."""
    return Finding(Kind.EXTRA, What.ONLY_THERE, count=there.ticks, on_bangumi=there.type)


def _differences(ledger: Ledger, there: There) -> Iterator[Finding]:
    yield from _ticks(ledger, there)
    yield from _facts(ledger, there)
    yield from _state(ledger, there)
    yield from _extra(ledger, there)


def _waiting(ledger: Ledger, there: There) -> Iterator[Finding]:
    for reason, items in ledger.waiting.items():
        yield Finding(Kind.WAITING, What.ITEMS, count=len(items), items=tuple(items[:1]), reason=reason)
    if there.unread:
        yield Finding(Kind.WAITING, What.UNREAD, count=len(ledger.watched), reason=there.unread)


def _gone(ledger: Ledger) -> Iterator[Finding]:
    if ledger.seen or ledger.listed:
        episodes = tuple(sorted(ledger.watched))
        count = len(episodes) or int(ledger.film)
        yield Finding(
            Kind.MISSING, What.ENTRY, count, episodes, items=ledger.listed, on_trakt=ledger.rating, fixable=True
        )


def _ticks(ledger: Ledger, there: There) -> Iterator[Finding]:
    if there.marks is None:
        return
    lost = [e for e in sorted(ledger.watched) if there.marks.get(e, 0) != EpisodeStatus.WATCHED]
    for what, found in (
        (What.UNTICKED, [e for e in lost if not there.marks.get(e, 0)]),
        (What.REMARKED, [e for e in lost if there.marks.get(e, 0)]),
    ):
        if found:
            places = tuple(sorted(p for e in found if (p := ledger.watched[e]) is not None))
            yield Finding(Kind.MISSING, what, len(found), tuple(found), places, fixable=True)


def _facts(ledger: Ledger, there: There) -> Iterator[Finding]:
    for fact in ledger.facts:
        if not fact.differs:
            continue
        if fact.what is What.RATING:
            # A wish can have no rating: Bangumi drops it without a word.
            yield Finding(
                Kind.CONFLICTING if there.rate else Kind.MISSING,
                fact.what,
                items=fact.items,
                on_trakt=fact.wanted,
                on_bangumi=there.rate,
                fixable=there.type != CollectionType.WISH,
            )
        elif fact.what is What.TAG:
            yield Finding(Kind.MISSING, fact.what, items=fact.items, fixable=True)
        else:
            yield Finding(Kind.CONFLICTING, fact.what, items=fact.items, on_bangumi=there.type, fixable=True)


def _state(ledger: Ledger, there: There) -> Iterator[Finding]:
    """Name a state that what was watched contradicts. It is the user's word, so there is nothing to mend."""
    whole = ledger.film or (bool(there.main) and ledger.watched.keys() >= set(there.main))
    done = whole or ledger.ours == CollectionType.DONE
    undone = there.type in {CollectionType.ON_HOLD, CollectionType.DROPPED} and done
    fell_back = there.type == CollectionType.DOING and ledger.ours == CollectionType.DONE
    if undone or fell_back or (there.type == CollectionType.WISH and ledger.seen):
        on_trakt = CollectionType.DONE if done else CollectionType.DOING
        yield Finding(Kind.CONFLICTING, What.STATE, on_trakt=on_trakt, on_bangumi=there.type)


def _extra(ledger: Ledger, there: There) -> Iterator[Finding]:
    if there.marks is None:
        if there.ticks and not (ledger.watched or ledger.known or ledger.waiting):
            yield Finding(Kind.EXTRA, What.TICKS, count=there.ticks)
        return
    more = sorted(_ticked(there.marks) - ledger.known - ledger.watched.keys())
    if more:
        place = {episode: number for number, episode in enumerate(there.main, start=1)}
        places = tuple(sorted(place[e] for e in more if e in place))
        yield Finding(Kind.EXTRA, What.TICKS, len(more), tuple(more), places)


def _ticked(marks: Mapping[int, int]) -> set[int]:
    return {episode for episode, state in marks.items() if state == EpisodeStatus.WATCHED}
