"""Examples for the rules that depend on what Bangumi had: earlier plans tell it, and why things were left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, Max
from django.utils import timezone

from sync.engine.kinds.collection import OWNED
from sync.engine.kinds.matching import PLACED
from sync.engine.rules import HELD, has_ended
from sync.matching.facts import MAIN_EPISODE
from sync.models import Subject, SubjectPlan, SyncItem
from sync.reasons import Reason
from trakt.models import Scope
from trakt.rules import Collected, Conflict, Finished, PrivateMarks, Removed, Resumed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.db.models import QuerySet

    from sync.matching.index import Index
    from trakt.models import TraktConfig

PLANS = 200
"""Plans, the latest first, that are looked through for what Bangumi had."""
SUBJECTS = 50
"""Subjects, those played last first, of which it is counted how much was watched."""
ON = (True, False)
Kind, State = SyncItem.Kind, SyncItem.State


class Memory(NamedTuple):
    """A fact that a rule is about, the rule's choices, and what is known besides."""

    rule: str
    item: SyncItem
    choices: Sequence[Any]
    facts: Mapping[str, Any] = {}


def remembered(config: TraktConfig, index: Index) -> list[Memory]:
    """Return what is remembered, a rule each; a handful of queries, whatever the size of the ledger."""
    memories = _Memories(config, index)
    found = (look() for look in (
        memories.of_conflict, memories.of_history, memories.of_scope, memories.of_adult, memories.of_finished,
        memories.of_resumed, memories.of_removed, memories.of_private_marks,
    ))  # fmt: skip
    return [memory for memory in found if memory is not None] + list(memories.of_new_entries())


@dataclass(slots=True)
class _Memories:
    config: TraktConfig
    index: Index
    plans: list[SubjectPlan] = field(init=False)

    def __post_init__(self) -> None:
        mine = SubjectPlan.objects.filter(user_id=self.config.user_id, restore__isnull=True).order_by("-pk")
        self.plans = list(mine.only("subject_id", "before", "collect", "mark", "rate")[:PLANS])

    def of_conflict(self) -> Memory | None:
        """Find a rating that differs from Bangumi's, left or written over."""
        ratings = self._items(kind=Kind.RATINGS, gone_at=None)
        left = ratings.filter(reason__in=(Reason.RATING_KEPT, Reason.RATING_OLDER)).first()
        if left is not None:
            theirs = int(left.detail) if left.detail.isdigit() else None
            older = left.reason == Reason.RATING_OLDER
            return Memory("rating_conflict", left, Conflict.values, {"theirs": theirs, "older": older})
        over = {plan.subject_id: plan.before.get("rate", 0) for plan in self.plans if plan.rate}
        over = {subject: rate for subject, rate in over.items() if rate}
        item = ratings.filter(subject_id__in=over).first() if over else None
        facts = {"theirs": over[item.subject_id or 0], "older": False} if item else {}
        return Memory("rating_conflict", item, Conflict.values, facts) if item else None

    def of_history(self) -> Memory | None:
        item = self._items(kind=Kind.HISTORY, state__in=PLACED).first()
        return Memory("history", item, ON) if item else None

    def of_scope(self) -> Memory | None:
        item = self._items(reason__in=(Reason.LIVE_ACTION, Reason.NOT_ANIME)).first()
        return Memory("scope", item, Scope.values) if item else None

    def of_adult(self) -> Memory | None:
        mine = self._items()
        item = mine.filter(reason=Reason.ADULT).first()
        if item is None:
            known = list(Subject.objects.filter(nsfw=True).order_by("-read_at").values_list("pk", flat=True)[:PLANS])
            item = mine.filter(subject_id__in=known).first() if known else None
        return Memory("adult", item, ON) if item else None

    def of_finished(self) -> Memory | None:
        """Find a subject all of whose main episodes were watched."""
        plays = SyncItem.objects.filter(user_id=self.config.user_id, kind=Kind.HISTORY, state__in=PLACED)
        rows = plays.filter(subject_id__isnull=False, season__isnull=False).order_by().values("subject_id")
        counted = rows.annotate(n=Count("episode_id", distinct=True), last=Max("watched_at")).order_by("-last")
        watched = {row["subject_id"]: row["n"] for row in counted[:SUBJECTS]}
        known = Subject.objects.in_bulk(watched)
        for subject_id, count in watched.items():
            subject = known.get(subject_id)
            main = [row for row in (subject.episodes if subject else None) or () if row[1] == MAIN_EPISODE]
            if subject and 1 < len(main) <= count:
                item = self._items(kind=Kind.HISTORY, subject_id=subject_id).first()
                facts = {"ended": self._ended(subject), "main": len(main)}
                return Memory("finished", item, Finished.values, facts) if item else None
        return None

    def of_resumed(self) -> Memory | None:
        """Find a play of what was on hold or dropped on Bangumi."""
        plays = self._items(kind=Kind.HISTORY)
        if item := plays.filter(reason=Reason.HELD_BACK).first():
            return Memory("resumed", item, Resumed.values, {"was": None})
        held = {plan.subject_id: plan.before.get("list") for plan in self.plans if plan.mark}
        held = {subject: state for subject, state in held.items() if state in HELD}
        item = plays.filter(subject_id__in=held, state__in=PLACED).first() if held else None
        return Memory("resumed", item, Resumed.values, {"was": held[item.subject_id or 0]}) if item else None

    def of_removed(self) -> Memory | None:
        """Find what is gone on Trakt; without such, what was written and might be removed there one day."""
        kinds = (Kind.RATINGS, Kind.COLLECTION) if self.config.collected == Collected.TAG else (Kind.RATINGS,)
        mine = self._items(kind__in=kinds)
        gone = mine.filter(gone_at__isnull=False).first()
        item = gone or mine.filter(state=State.DONE).first()
        if item is None:
            return None
        return Memory("removed", item, Removed.values, {"gone": gone is not None, "tag": OWNED})

    def of_private_marks(self) -> Memory | None:
        plays = self._items(kind=Kind.HISTORY, reason__in=(Reason.PRIVATE_ASKED, Reason.PRIVATE_SKIPPED))
        item = plays.first()
        return Memory("mark_private", item, PrivateMarks.values) if item else None

    def of_new_entries(self) -> Iterator[Memory]:
        """Find what was added to the list, or would be, by the latest plans."""
        added = [plan.subject_id for plan in self.plans if plan.before.get("list") is None and plan.collect]
        item = self._items(subject_id__in=added).first() if added else None
        if item is not None:
            over = self.config.last_good_at is not None
            yield Memory("private", item, ON)
            yield Memory("quiet_first", item, ON, {"over": over, "private": self.config.private})

    def _items(self, **conditions: Any) -> QuerySet[SyncItem]:
        """Return the user's rows, the latest first."""
        mine = SyncItem.objects.filter(user_id=self.config.user_id, title__isnull=False, **conditions)
        return mine.select_related("title").defer("evidence", "candidates").order_by("-pk")

    def _ended(self, subject: Subject) -> bool:
        entry = self.index.entries.get(subject.pk)
        return has_ended(
            subject.facts().episodes or (),
            timezone.now().date().toordinal(),
            known_end=entry.end if entry else 0,
            known_count=subject.eps,
        )
