"""What becomes of one entry of the user's Bangumi list: a pure function of what stands there and what is asked for.

All kinds ask of an entry what they want (:class:`Ask`), and the asks of one subject are answered together, so that they
end in one write. The user's own hand wins: what differs from what this program last wrote there is the user's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from sync.bangumi.schemas import CollectionType
from sync.reasons import Reason
from trakt.rules import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trakt.rules import Rules

MOST_TAGS = 10
LARGEST_RATING = 10


class Rank(Enum):
    """Whose rating goes first when several are about one subject."""

    OWN = 0
    """The film's, or the season's."""
    SHOW = 1
    EPISODES = 2


class Seen(Enum):
    """How much of the subject was watched, as far as Trakt tells."""

    NOTHING = 0
    SOME = 1
    ALL = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A subject's row on the user's list, as Bangumi shows it."""

    type: CollectionType
    rate: int = 0
    tags: tuple[str, ...] = ()
    private: bool = False
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """What this program last wrote to the entry; None or empty where it never wrote."""

    type: int | None = None
    rate: int | None = None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """All that is known of one subject for one user; ``entry`` is None when it is not on the list."""

    entry: Entry | None = None
    ours: Ours = Ours()
    seen: Seen = Seen.NOTHING
    played_at: datetime | None = None
    """When it was watched last, as far as Trakt tells."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one item wants of one entry: a rating, a wish, a tag, to be dropped, or one of the first two taken back.

    ``item`` names who asks. ``stands`` marks what was answered in an earlier run: it counts where asks are weighed
    against each other, and is not answered again.
    """

    item: int
    at: datetime | None = None
    rate: int = 0
    rank: Rank = Rank.OWN
    wish: bool = False
    tag: str = ""
    drop: bool = False
    if_begun: bool = False
    """Drop only what the list says is being watched, or on hold."""
    unrate: bool = False
    untag: str = ""
    stands: bool = False


UNRATED = {Seen.NOTHING: CollectionType.WISH, Seen.SOME: CollectionType.DOING, Seen.ALL: CollectionType.DONE}
"""The state in which an entry is made that has a tag and no rating."""


class Fate(NamedTuple):
    """What became of an ask: it is to be written, is so already (by us or by the user), or is left, for a reason."""

    kind: str
    reason: str = ""
    detail: str = ""
    """A number that reads alike in every language, such as the rating that Bangumi has."""


WRITE = Fate("write")
ALREADY = Fate("already")
OURS = Fate("ours")


def left(reason: Reason, detail: object = "") -> Fate:
    return Fate("left", str(reason), str(detail))


@dataclass(slots=True)
class EntryChange:
    """What is to be written to the entry, in one request. ``type`` is None where the state stays."""

    type: CollectionType | None = None
    rate: int | None = None
    tags: tuple[str, ...] | None = None
    fates: dict[int, Fate] = field(default_factory=dict)
    """By item."""

    def __bool__(self) -> bool:
        return self.type is not None or self.rate is not None or self.tags is not None


def decide_entry(
    place: Place, asks: Sequence[Ask], rules: Rules, *, joins: CollectionType | None = None
) -> EntryChange:
    """Return what is to be written so that *asks* are met, as far as *rules* and the user's hand allow.

    *joins* is the state that the plays of this run give the entry anyway (None: they leave it).
    """
    change = EntryChange()
    fates = _drop(place, [a for a in asks if a.drop], change)
    joins = change.type or joins
    fates |= _rate(place, [a for a in asks if a.rate or a.unrate], rules, change, joins)
    fates |= _tag(place, [a for a in asks if a.tag or a.untag], change, joins)
    fates |= _wish(place, [a for a in asks if a.wish], change, joins)
    fresh = {ask.item for ask in asks if not ask.stands}
    change.fates = {item: fate for item, fate in fates.items() if item in fresh}
    return change


def _drop(place: Place, asks: Sequence[Ask], change: EntryChange) -> dict[int, Fate]:
    fates = {}
    for ask in asks:
        if ask.stands:
            continue
        resumed = place.played_at is not None and ask.at is not None and place.played_at > ask.at
        fates[ask.item] = left(Reason.PLAYED_SINCE) if resumed else _fate_of_drop(place, ask)
        if fates[ask.item] is WRITE:
            change.type = CollectionType.DROPPED
    return fates


def _fate_of_drop(place: Place, ask: Ask) -> Fate:
    entry, ours = place.entry, place.ours
    if ask.if_begun and (entry is None or entry.type == CollectionType.WISH):
        return ALREADY
    if entry is None and ours.type is not None:
        return left(Reason.TAKEN_OFF_LIST)
    if entry is not None and entry.type == CollectionType.DROPPED:
        return OURS if ours.type == CollectionType.DROPPED else ALREADY
    if place.seen is Seen.ALL or (entry is not None and entry.type == CollectionType.DONE):
        return left(Reason.NOT_DROPPED)
    return left(Reason.CHANGED_BY_HAND) if ours.type == CollectionType.DROPPED else WRITE


def _rate(
    place: Place, asks: Sequence[Ask], rules: Rules, change: EntryChange, joins: CollectionType | None
) -> dict[int, Fate]:
    """Answer the asks for a rating: the one of the highest rank counts, and the others are told so."""
    wanted, heard, fates = _weigh(asks, rules)
    removals = [ask for ask in asks if ask.unrate]
    if not wanted:
        return fates | _unrate(place, removals, change)
    fate = _fate_of_rating(place, wanted, max((a.at for a in heard if a.at), default=None), rules)
    if fate is WRITE and any(not ask.stands for ask in heard):
        change.rate = wanted
        state = joins or (place.entry and place.entry.type)
        if state in {None, CollectionType.WISH}:
            # Bangumi drops the rating of a wish without a word, and one does not rate the unseen.
            change.type = CollectionType.DOING if place.seen is Seen.SOME else CollectionType.DONE
    return fates | {ask.item: fate for ask in heard} | {ask.item: OURS for ask in removals}


def _weigh(asks: Sequence[Ask], rules: Rules) -> tuple[int, list[Ask], dict[int, Fate]]:
    """Return the rating that counts (0: none), who asked for it, and the fate of those that do not count."""
    fates: dict[int, Fate] = {}
    wanted, heard = 0, []
    for rank in Rank:
        rated = [a for a in asks if a.rate and a.rank is rank]
        if not rated:
            continue
        if wanted:
            fates |= {a.item: left(Reason.OUTRANKED) for a in rated}
        elif rank is Rank.EPISODES and len(rated) < rules.rating_episodes_least:
            fates |= {a.item: left(Reason.TOO_FEW_RATED) for a in rated}
        elif rank is Rank.EPISODES:
            wanted, heard = mean([a.rate for a in rated]), rated
        else:
            # Two titles of Trakt that are one subject: the later rating is what the person thinks now.
            last = max(rated, key=lambda a: (a.at is not None, a.at and a.at.timestamp(), a.item))
            wanted, heard = last.rate, [last]
            fates |= {a.item: left(Reason.OUTRANKED) for a in rated if a is not last and a.rate != last.rate}
            fates |= {a.item: ALREADY for a in rated if a is not last and a.rate == last.rate}
    return wanted, heard, fates


def mean(ratings: Sequence[int]) -> int:
    """Return the mean, halves rounded up as people do."""
    return (2 * sum(ratings) + len(ratings)) // (2 * len(ratings))


def _fate_of_rating(place: Place, wanted: int, at: datetime | None, rules: Rules) -> Fate:
    entry, ours = place.entry, place.ours
    if entry is None:
        taken_off = ours.type is not None and rules.rating_conflict != Conflict.TRAKT
        return left(Reason.TAKEN_OFF_LIST) if taken_off else WRITE
    if entry.rate == wanted:
        return OURS if ours.rate == wanted else ALREADY
    is_ours = entry.rate == (ours.rate or 0) and not _put_back_to_wish(entry, ours)
    if is_ours or rules.rating_conflict == Conflict.TRAKT:
        return WRITE
    if rules.rating_conflict == Conflict.KEEP:
        return left(Reason.RATING_KEPT, entry.rate)
    newer = at is not None and entry.updated_at is not None and at > entry.updated_at
    return WRITE if newer else left(Reason.RATING_OLDER, entry.rate)


def _put_back_to_wish(entry: Entry, ours: Ours) -> bool:
    """Tell whether the user made a wish of what we had as more than that."""
    return entry.type == CollectionType.WISH and ours.type not in {None, CollectionType.WISH}


def _unrate(place: Place, asks: Sequence[Ask], change: EntryChange) -> dict[int, Fate]:
    entry, ours = place.entry, place.ours
    if not asks:
        return {}
    if entry is None or entry.rate == 0:
        fate = OURS
    elif entry.rate == ours.rate:
        fate, change.rate = WRITE, 0
    else:
        fate = left(Reason.RATING_KEPT)
    return {ask.item: fate for ask in asks}


def _tag(place: Place, asks: Sequence[Ask], change: EntryChange, joins: CollectionType | None) -> dict[int, Fate]:
    has = list(place.entry.tags) if place.entry else []
    tags = list(has)
    fates = {}
    for ask in asks:
        if ask.stands:
            continue
        if ask.tag:
            fates[ask.item] = _add_tag(tags, ask.tag, place)
        elif any(other.tag == ask.untag for other in asks):
            fates[ask.item] = OURS
        else:
            fates[ask.item] = _take_tag(tags, ask.untag, place.ours)
    if tags != has:
        change.tags = tuple(tags)
        if place.entry is None and joins is None and change.type is None:
            change.type = UNRATED[place.seen]
    return fates


def _add_tag(tags: list[str], tag: str, place: Place) -> Fate:
    entry, ours = place.entry, place.ours
    if entry is None and ours.type is not None:
        return left(Reason.TAKEN_OFF_LIST)
    if entry is not None and tag in entry.tags:
        return OURS if tag in ours.tags else ALREADY
    if tag in tags:
        return WRITE
    if tag in ours.tags:
        return left(Reason.TAG_REMOVED)
    if len(tags) >= MOST_TAGS:
        return left(Reason.TAGS_FULL)
    tags.append(tag)
    return WRITE


def _take_tag(tags: list[str], tag: str, ours: Ours) -> Fate:
    if tag not in tags:
        return OURS
    if tag not in ours.tags:
        return left(Reason.TAG_KEPT)
    tags.remove(tag)
    return WRITE


def _wish(place: Place, asks: Sequence[Ask], change: EntryChange, joins: CollectionType | None) -> dict[int, Fate]:
    fresh = [ask for ask in asks if not ask.stands]
    if not fresh:
        return {}
    ours = place.ours
    if place.entry is not None:
        fate = OURS if ours.type == CollectionType.WISH else ALREADY
    elif joins is not None or change:
        fate = WRITE
    elif ours.type is not None:
        fate = left(Reason.TAKEN_OFF_LIST)
    elif place.seen is not Seen.NOTHING:
        fate = left(Reason.NO_WISH)
    else:
        fate, change.type = WRITE, CollectionType.WISH
    return {ask.item: fate for ask in fresh}
