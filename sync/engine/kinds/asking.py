"""What the facts of all lists want of each subject, gathered for the plan; and what became of each fact."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Q

from sync.bangumi.schemas import CollectionType
from sync.engine import ledger
from sync.engine.kinds import KINDS
from sync.engine.kinds.entry import ALREADY, OURS, WRITE, Ask, Entry, Ours, Place, Seen, decide_entry, left
from sync.engine.kinds.matching import PLACED, Wheres, fact_of_row, lists_of
from sync.matching.facts import MAIN_EPISODE
from sync.models import Subject, SyncItem, Written
from sync.reasons import Reason
from trakt.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from bgmsync.shared.http import RemoteError
    from sync.bangumi.schemas import CollectionRow
    from sync.engine.kinds.entry import EntryChange, Fate
    from sync.matching.index import Index
    from sync.models import SubjectPlan, SyncRun
    from trakt.models import TraktConfig

State = SyncItem.State
STANDING = (State.DONE, State.ALREADY, State.SKIPPED)
"""States of facts that were answered before and still count, as a season's rating against its show's."""
Begun = dict[tuple[int, int | None], tuple[int, "datetime | None"]]
"""How many episodes of a title's season were watched, and when last."""
HELD = (Reason.PRIVATE_ASKED, Reason.PRIVATE_SKIPPED, Reason.HELD_BACK)
"""Plays that were matched, and are left out for another reason than doubt."""


@dataclass(slots=True)
class Asking:
    rules: Rules
    items: dict[int, SyncItem] = field(default_factory=dict)
    """The facts to be answered in this run, by primary key."""
    asks: defaultdict[int, list[Ask]] = field(default_factory=lambda: defaultdict(list))
    """By subject."""
    fates: defaultdict[int, dict[int, Fate]] = field(default_factory=lambda: defaultdict(dict))
    """By item and subject."""
    hidden: set[int] = field(default_factory=set)
    """Subjects that Bangumi does not show to this account."""
    errors: dict[int, RemoteError] = field(default_factory=dict)
    """By subject: why it could not be planned."""
    ours: dict[int, Ours] = field(default_factory=dict)
    seen: dict[int, Seen] = field(default_factory=dict)
    played_at: dict[int, datetime] = field(default_factory=dict)

    def unseen(self, listed: Mapping[int, CollectionType | None]) -> list[SyncItem]:
        """Return the facts that would add an entry, or make more of a wish, without a word of what was watched."""
        new = {
            subject
            for subject, asks in self.asks.items()
            if listed.get(subject) in {None, CollectionType.WISH} and subject not in self.seen
            if any(not ask.stands and (ask.rate or ask.tag or ask.wish or ask.drop) for ask in asks)
        }
        return [item for item in self.items.values() if new.intersection(item.targets)]

    @property
    def subjects(self) -> set[int]:
        """The subjects that a fact of this run is about."""
        return {subject for subject, asks in self.asks.items() if any(not ask.stands for ask in asks)}

    def decide(
        self,
        subject_id: int,
        row: CollectionRow | None,
        unfinished: SubjectPlan | None,
        *,
        joins: CollectionType | None,
        seen: Seen | None,
    ) -> EntryChange:
        """Answer what is asked of a subject. *seen* is what its episode list told, where that was read."""
        place = Place(
            entry=entry_of(row),
            ours=_with_attempt(self.ours.get(subject_id, Ours()), unfinished, row),
            seen=max((seen or Seen.NOTHING, self.seen.get(subject_id, Seen.NOTHING)), key=lambda s: s.value),
            played_at=self.played_at.get(subject_id),
        )
        change = decide_entry(place, self.asks.get(subject_id, ()), self.rules, joins=joins)
        for item, fate in change.fates.items():
            self.fates[item][subject_id] = fate
        return change

    def hide(self, subject_id: int) -> None:
        """Note that a subject can't be seen: what is asked of it waits for a person."""
        self.hidden.add(subject_id)

    def leave(self, subject_id: int, reason: Reason) -> None:
        """Note that nothing of what is asked of a subject is written."""
        for ask in self.asks.get(subject_id, ()):
            if not ask.stands:
                self.fates[ask.item][subject_id] = left(reason)

    def conclude(self) -> dict[int, set[int]]:
        """Give each fact its state; return, for those that several subjects are written for, which these are."""
        shared = {}
        for item in self.items.values():
            if error := next((self.errors[s] for s in item.targets if s in self.errors), None):
                ledger.put_back(item, State.WAITING, error.reason, error.detail)
                continue
            fates = self.fates.get(item.pk, {})
            if not fates and self.hidden.intersection(item.targets):
                item.state, item.reason, item.next_try_at = State.REVIEW, str(Reason.SUBJECT_MISSING), None
                continue
            _settle(item, list(fates.values()))
            if len(item.targets) > 1 and item.state == State.PLANNED:
                shared[item.pk] = {subject for subject, fate in fates.items() if fate is WRITE}
        return shared


def _settle(item: SyncItem, fates: Sequence[Fate]) -> None:
    left = next((fate for fate in fates if fate.kind == "left"), None)
    item.reason, item.detail, item.next_try_at = "", "", None
    if WRITE in fates:
        item.state = State.PLANNED
    elif left is not None:
        item.state, item.reason, item.detail = State.SKIPPED, left.reason, left.detail
    elif OURS in fates:
        item.state = State.DONE
    else:
        item.state = State.ALREADY


def entry_of(row: CollectionRow | None) -> Entry | None:
    return Entry(row.type, row.rate, tuple(row.tags), row.private, row.updated_at) if row else None


def _with_attempt(ours: Ours, plan: SubjectPlan | None, row: CollectionRow | None) -> Ours:
    """Count as ours what an attempt that was not seen through meant to write and the entry shows.

    What it does not show has not arrived, or the user changed it since: the last that is known decides.
    """
    if plan is None or row is None:
        return ours
    state = CollectionType.DONE if plan.complete else plan.collect
    given = set(plan.tags or ()) - set(plan.before.get("tags", ()))
    return Ours(
        type=row.type if row.type == state else ours.type,
        rate=row.rate if row.rate == plan.rate else ours.rate,
        tags=ours.tags | given.intersection(row.tags),
    )


def gather(run: SyncRun, config: TraktConfig, index: Index) -> Asking:
    """Collect the asks of all matched facts, and of those that stand for the same titles."""
    fresh = list(lists_of(run.user_id).filter(state=State.MATCHED).defer("evidence", "candidates"))
    for item in fresh:
        item.run = run
    titles = sorted({item.title_id for item in fresh if item.title_id})
    return gather_from(fresh, list(standing_facts(run.user_id, titles)), config, index, Rules.of(config))


def gather_from(
    fresh: Sequence[SyncItem], standing: Sequence[SyncItem], config: TraktConfig, index: Index, rules: Rules
) -> Asking:
    asking = Asking(rules, {item.pk: item for item in fresh})
    if not fresh:
        return asking
    titles = sorted({item.title_id for item in fresh if item.title_id})
    wheres = Wheres.of(config.user_id, titles, index, config.threshold)
    for item in fresh:
        _ask(asking, item, wheres, stands=False)
    for item in standing:
        _ask(asking, item, wheres, stands=True)
    _note_what_is_known(asking, config.user_id)
    return asking


def standing_facts(user_id: int, titles: Sequence[int]) -> Iterable[SyncItem]:
    """Return the facts about *titles* that were answered before and still count."""
    rows = lists_of(user_id).filter(state__in=STANDING, gone_at=None).defer("evidence", "candidates")
    for part in ledger.chunks(titles):
        yield from (item for item in rows.filter(title_id__in=part) if item.targets)


def _ask(asking: Asking, item: SyncItem, wheres: Wheres, *, stands: bool) -> None:
    kind, fact, where = KINDS[item.kind], fact_of_row(item), wheres.where(item)
    for subject_id in item.targets:
        ask = kind.ask(fact, subject_id, where, asking.rules)
        if ask is None:
            asking.fates[item.pk][subject_id] = ALREADY
        else:
            asking.asks[subject_id].append(_standing_ask(ask) if stands else ask)


def _standing_ask(ask: Ask) -> Ask:
    return Ask(item=ask.item, at=ask.at, rate=ask.rate, rank=ask.rank, tag=ask.tag, wish=ask.wish, stands=True)


def _note_what_is_known(asking: Asking, user_id: int) -> None:
    """Look up what we wrote to the subjects, and how much of them was watched."""
    plays = SyncItem.objects.filter(user_id=user_id, kind=SyncItem.Kind.HISTORY)
    placed = plays.filter(Q(state__in=PLACED) | Q(reason__in=HELD))
    for part in ledger.chunks(sorted(asking.asks)):
        for row in Written.objects.filter(user_id=user_id, subject_id__in=part):
            asking.ours[row.subject_id] = Ours(row.type, row.rate, frozenset(row.tags))
        mains = {s.pk: _main_count(s) for s in Subject.objects.filter(pk__in=part)}
        counted = placed.filter(subject_id__in=part).order_by().values("subject_id")
        for row in counted.annotate(n=Count("episode_id", distinct=True), last=Max("watched_at")):
            subject_id, main = row["subject_id"], mains.get(row["subject_id"], 0)
            asking.seen[subject_id] = Seen.ALL if main and row["n"] >= main else Seen.SOME
            asking.played_at[subject_id] = row["last"]
    note_begun(asking, _begun_in_ledger(asking, plays))


def _main_count(subject: Subject) -> int:
    return sum(row[1] == MAIN_EPISODE for row in subject.episodes or ())


def _begun_in_ledger(asking: Asking, plays: ledger.QuerySet[SyncItem]) -> Begun:
    titles = sorted({item.title_id for item in asking.items.values() if item.title_id})
    begun: Begun = {}
    for part in ledger.chunks(titles):
        rows = plays.filter(title_id__in=part).order_by().values("title_id", "season")
        for row in rows.annotate(n=Count("episode_trakt_id", distinct=True), last=Max("watched_at")):
            begun[row["title_id"], row["season"]] = (row["n"], row["last"])
    return begun


def note_begun(asking: Asking, begun: Begun) -> None:
    """Take what was played of a season or film for seen, though no play may have found its subject."""
    of_show: Counter[int] = Counter()
    for (title_id, season), (count, _last) in begun.items():
        of_show[title_id] += count if season else 0
    for item in asking.items.values():
        if item.title_id is None:
            continue
        count, last = begun.get((item.title_id, item.season), (0, None))
        if item.season is None and len(item.targets) == 1:  # of several seasons this would not tell which
            count = of_show[item.title_id]
        film = fact_of_row(item).media == "movie" and (item.title_id, None) in begun
        if not (count or film):
            continue
        whole = film or 0 < item.told.get("_episodes", 0) <= count
        for subject_id in item.targets:
            asking.seen[subject_id] = Seen.ALL if whole else asking.seen.get(subject_id, Seen.SOME)
            if last is not None:
                asking.played_at.setdefault(subject_id, last)
