"""Gather both sides of a comparison: the ledger from the database, and Bangumi with as few requests as tell the truth.

``/v0/me``, the pages of the user's list, and the episodes of those subjects alone whose count is not the ledger's, or
whose entry was touched since. Nothing is written, neither there nor here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from asgiref.sync import sync_to_async

from bgmsync.shared.http import NotFound, RemoteError, together
from sync.bangumi.schemas import SubjectType
from sync.engine import ledger as store
from sync.engine.context import STOPS_ALL
from sync.engine.facts import episode_of
from sync.engine.kinds.asking import STANDING, gather_from
from sync.engine.kinds.entry import WRITE, Place, decide_entry
from sync.engine.kinds.matching import lists_of
from sync.engine.plan import main_episodes
from sync.matching.facts import MAIN_EPISODE
from sync.models import Subject, SyncItem, Written
from sync.parity.rules import Fact, Ledger, There, What, needs_reading
from sync.reasons import Reason
from trakt.models import Scope
from trakt.rules import Conflict, Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sync.bangumi.client import Bangumi
    from sync.bangumi.schemas import CollectionRow, EpisodeState
    from sync.engine.kinds.asking import Asking
    from sync.engine.kinds.entry import Ask, EntryChange
    from sync.matching.index import Index
    from trakt.models import TraktConfig

State = SyncItem.State
CARRIED = (State.DONE, State.ALREADY)
OPEN = (State.NEW, State.MATCHED, State.PLANNED, *SyncItem.RETRIED)
KEPT_BACK = (Reason.RATING_KEPT, Reason.RATING_OLDER)
"""Ratings that were not written because Bangumi has another: the two sides differ, and the user may want Trakt's."""
DIFFERS = (*KEPT_BACK, Reason.TAKEN_OFF_LIST, Reason.CHANGED_BY_HAND, Reason.TAG_REMOVED)
"""What the rules answer when a fact that was carried over is not to be found any more."""
READ_AT_ONCE = 64
PLAY_FIELDS = ("pk", "subject_id", "episode_id", "position", "state", "reason", "title_id", "season", "updated_at")


class Group(NamedTuple):
    """What waits without a subject, by title and season."""

    title_id: int | None
    season: int | None


@dataclass(slots=True)
class Sides:
    """Both sides of all subjects that either knows; and what waits of titles whose subject nobody knows yet."""

    ledgers: dict[int, Ledger] = field(default_factory=dict)
    there: dict[int, There] = field(default_factory=dict)
    groups: dict[Group, dict[str, list[int]]] = field(default_factory=dict)
    titles: dict[int, dict[int, set[int]]] = field(default_factory=dict)
    """By subject: the titles that lead to it, each with its seasons."""

    def of(self, subject_id: int) -> Ledger:
        return self.ledgers.setdefault(subject_id, Ledger())

    def note_title(self, subject_id: int, title_id: int | None, season: int | None) -> None:
        if title_id is not None:
            seasons = self.titles.setdefault(subject_id, {}).setdefault(title_id, set())
            seasons |= set() if season is None else {season}

    def leave_waiting(self, subject_id: int | None, group: Group, reason: str, item: int) -> None:
        """Note an item that is not written yet: with its subject, if that is settled, else with its title."""
        of = self.groups.setdefault(group, {}) if subject_id is None else self.of(subject_id).waiting
        of.setdefault(reason, []).append(item)


def read_ledger(config: TraktConfig) -> Sides:
    """Return Trakt's side as the ledger knows it, without the facts of lists, which need the entries to be judged."""
    sides = Sides()
    _read_plays(config.user_id, sides)
    _read_waiting_facts(config.user_id, sides)
    for subject_id, kind in Written.objects.filter(user_id=config.user_id).values_list("subject_id", "type"):
        if subject_id in sides.ledgers:
            sides.ledgers[subject_id].ours = kind
    return sides


def _read_plays(user_id: int, sides: Sides) -> None:
    plays = SyncItem.objects.filter(user_id=user_id, kind=SyncItem.Kind.HISTORY, gone_at=None).order_by()
    for pk, subject_id, episode_id, position, state, reason, title_id, season, at in plays.values_list(
        *PLAY_FIELDS
    ).iterator():
        if state == State.REVIEW or (state in OPEN and subject_id is None):
            sides.leave_waiting(None, Group(title_id, season), reason, pk)
            continue
        if subject_id is None:
            continue  # left out before anybody asked which subject it is
        of = sides.of(subject_id)
        sides.note_title(subject_id, title_id, season)
        if episode_id is not None:
            of.known.add(episode_id)
        if state in OPEN:
            sides.leave_waiting(subject_id, Group(title_id, season), reason, pk)
        elif state in CARRIED:
            of.settled_at = max(of.settled_at or at, at)
            if episode_id is None:
                of.film = True
            else:
                of.watched[episode_id] = position


def _read_waiting_facts(user_id: int, sides: Sides) -> None:
    rows = lists_of(user_id).filter(state__in=(*OPEN, State.REVIEW), gone_at=None).order_by()
    for pk, subject_id, state, reason, title_id, season in rows.values_list(
        "pk", "subject_id", "state", "reason", "title_id", "season"
    ):
        known = subject_id if state != State.REVIEW else None
        if known is not None:
            sides.note_title(known, title_id, season)
        sides.leave_waiting(known, Group(title_id, season), reason, pk)


async def read_bangumi(  # noqa: PLR0913  # what a reading depends on, each by its name
    bangumi: Bangumi,
    config: TraktConfig,
    index: Index,
    sides: Sides,
    *,
    deadline: float,
    told: Callable[[int, int], None],
) -> None:
    """Fill in Bangumi's side. *told* hears how many of how many subjects were read one by one.

    Raises :class:`bgmsync.shared.http.RemoteError` where nothing can be compared; a single subject that can't be read
    says so itself.
    """
    rows = await _entries(bangumi, config, index, sides)
    await sync_to_async(_judge_facts)(config, index, sides, rows)
    sides.there = {subject_id: _there(row) for subject_id, row in rows.items()}
    mains = await sync_to_async(_cached_mains)(list(sides.ledgers))
    for subject_id in sides.ledgers:
        sides.there[subject_id] = replace(sides.there.get(subject_id, There()), main=mains.get(subject_id, ()))
    wanted = [s for s, of in sides.ledgers.items() if needs_reading(of, sides.there[s])]
    # Where ticks are missing is what the user asks first, should the time not do for all.
    wanted.sort(key=lambda s: sides.there[s].ticks >= len(sides.ledgers[s].watched))
    done = 0
    told(done, len(wanted))
    for part in store.chunks(wanted, READ_AT_ONCE):
        late = time.monotonic() > deadline
        for subject_id, there in zip(
            part, await together(_read_subject(bangumi, sides.there[s], s, late=late) for s in part), strict=True
        ):
            sides.there[subject_id] = there
        done += len(part)
        told(done, len(wanted))


async def _entries(bangumi: Bangumi, config: TraktConfig, index: Index, sides: Sides) -> dict[int, CollectionRow]:
    """Read the pages of the user's list, and one by one what a list of anime does not hold."""
    me = await bangumi.me()
    everything = config.scope == Scope.ALL
    found = await bangumi.collections(me.username, None if everything else SubjectType.ANIME)
    await sync_to_async(store.remember_names)([row.subject for row in found if row.subject])
    known = index.entries.keys() | {row.subject_id for row in found}
    others = [] if everything else [subject for subject in sides.ledgers if subject not in known]

    async def entry(subject_id: int) -> CollectionRow | None:
        try:
            return await bangumi.collection(me.username, subject_id)
        except NotFound:
            return None

    found += [row for row in await together(entry(subject) for subject in others) if row]
    return {row.subject_id: row for row in found}


def _there(row: CollectionRow) -> There:
    return There(type=row.type, rate=row.rate, ticks=row.ep_status or 0, changed_at=row.updated_at)


async def _read_subject(bangumi: Bangumi, there: There, subject_id: int, *, late: bool) -> There:
    if late:
        return replace(there, unread=str(Reason.TIME_UP))
    try:
        rows = await bangumi.episode_states(subject_id)
    except NotFound:
        return replace(there, unread=str(Reason.SUBJECT_MISSING))
    except RemoteError as error:
        if isinstance(error, STOPS_ALL):
            raise
        return replace(there, unread=error.reason)
    return replace(there, marks={row.episode.id: int(row.type) for row in rows}, main=_mains(rows))


def _mains(rows: Iterable[EpisodeState]) -> tuple[int, ...]:
    return tuple(episode.id for episode in main_episodes(episode_of(row.episode) for row in rows))


def _cached_mains(subjects: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Return the main episodes of subjects that somebody's run has read."""
    found = {}
    for part in store.chunks(subjects):
        rows = Subject.objects.filter(pk__in=part, episodes__isnull=False)
        for pk, episodes in rows.values_list("pk", "episodes"):
            mains = sorted((row for row in episodes if row[1] == MAIN_EPISODE), key=lambda row: (row[2], row[0]))
            found[pk] = tuple(row[0] for row in mains)
    return found


# the facts of lists: the rules that decide what a run writes say here what differs


def _judge_facts(config: TraktConfig, index: Index, sides: Sides, rows: Mapping[int, CollectionRow]) -> None:
    standing = lists_of(config.user_id).filter(state__in=STANDING, gone_at=None).defer("evidence", "candidates")
    items = [item for item in standing if item.targets]
    rules = Rules.of(config)
    asking = gather_from(items, [], config, index, rules)
    for subject_id in sorted(asking.subjects):
        facts, listed = _facts_of(asking, subject_id, rows.get(subject_id), rules)
        if not listed:
            continue
        of = sides.of(subject_id)
        of.facts, of.listed = facts, listed
        of.ours = asking.ours[subject_id].type if subject_id in asking.ours else of.ours
        for pk in listed:
            item = asking.items[pk]
            sides.note_title(subject_id, item.title_id, item.season)


def _facts_of(
    asking: Asking, subject_id: int, row: CollectionRow | None, rules: Rules
) -> tuple[list[Fact], tuple[int, ...]]:
    """Return the subject's facts, and all items that count on its entry."""
    change = asking.decide(subject_id, row, None, joins=None, seen=None)
    asks = [ask for ask in asking.asks[subject_id] if _counts(asking.items[ask.item])]
    facts = []
    for what, mine in (
        (What.RATING, [ask for ask in asks if ask.rate]),
        (What.TAG, [ask for ask in asks if ask.tag]),
        (What.DROPPED, [ask for ask in asks if ask.drop]),
    ):
        if mine:
            differing = [ask.item for ask in mine if _differs(change, ask)]
            wanted = _wanted_rating(asking.asks[subject_id], rules) if what is What.RATING else 0
            facts.append(Fact(what, tuple(differing), bool(differing), wanted))
    listed = tuple(ask.item for ask in asks if asking.items[ask.item].state in CARRIED and not ask.if_begun)
    return facts, listed or tuple(ask.item for ask in asks)


def _counts(item: SyncItem) -> bool:
    """Tell whether a fact was carried over, or kept back in favour of what Bangumi has."""
    return item.state in CARRIED or item.reason in KEPT_BACK


def _differs(change: EntryChange, ask: Ask) -> bool:
    fate = change.fates.get(ask.item)
    return fate is not None and (fate.kind == WRITE.kind or fate.reason in DIFFERS)


def _wanted_rating(asks: Sequence[Ask], rules: Rules) -> int:
    """Return the rating that Trakt's side comes to: what would be written where there is nothing yet."""
    return decide_entry(Place(), [a for a in asks if a.rate], replace(rules, rating_conflict=Conflict.TRAKT)).rate or 0
