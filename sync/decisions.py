"""What a person decides about a match: the rule that it makes, which items that is about, and what it will move."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from sync import runs
from sync.engine.takeback import STANDING
from sync.matching.facts import MAIN_EPISODE
from sync.models import MappingOverride, Subject, SyncItem, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

State = SyncItem.State
WRITTEN = (State.DONE, State.ALREADY)
ENDLESS = 10**9
"""Stands for "to the end" where episodes are compared."""


class UnderWay(Exception):  # noqa: N818  # it is no error: the person only came at a bad moment
    """A run is at these very items, and would write what it has decided about them before."""


class Scope(StrEnum):
    """How much of a show an answer is about."""

    EPISODE = "episode"
    RANGE = "range"
    """The episodes that the subject covers, counted in both directions from the one that was asked about."""
    SEASON = "season"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says an item is: a subject and the place in it; without a subject, that it is to be left out."""

    subject_id: int | None
    position: int | None = None
    episode_id: int | None = None
    scope: Scope = Scope.RANGE


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule would do."""

    plays: int
    """All plays that it is about, those included that stay as they are."""
    others: int
    """Ratings and entries of lists that it is about."""
    moved: int
    """Items that are looked at again: those that are not already where the rule says."""
    waiting: int
    """Those of them for which nothing was written."""
    taken_back: int
    """Ticks that this program made and that no other play speaks for."""
    made: int
    """Episodes that may be ticked for it. Some may be ticked already."""
    users: int
    busy: bool
    """Whether a run is at these items right now."""


# which rule


def rule_for(item: SyncItem, answer: Answer, *, everybody: bool = False) -> MappingOverride:
    """Return the rule (unsaved) that keeps *answer* for *item* and what belongs to it."""
    if item.title is None:
        raise ValueError("An item without a title can't be mapped.")
    length = main_episodes(answer.subject_id) if answer.subject_id else 0
    return MappingOverride(
        user=None if everybody else item.user,
        kind=item.title.kind,
        trakt_id=item.title.trakt_id,
        subject_id=answer.subject_id,
        episode_id=answer.episode_id,
        **extent_of(item, answer, length),
    )


def extent_of(item: SyncItem, answer: Answer, length: int) -> dict[str, int | None]:
    """Return the season and the episodes that the answer is about, and the position of the first of them.

    *length* is the number of the subject's main episodes, 0 if unknown.
    """
    if item.season is None:
        return {"first_position": answer.position or 1}
    number = item.number or 0
    if answer.subject_id is None:
        return _left_out(item.season, number, answer.scope)
    if answer.episode_id is not None:
        return _range(item.season, number, number, 1)
    position = answer.position or max(number, 1)
    if answer.scope == Scope.EPISODE:
        return _range(item.season, number, number, position)
    if answer.scope == Scope.RANGE and answer.position is not None:
        return _covered(item.season, number, position, length)
    return _counted(None if answer.scope == Scope.SHOW else item.season, number, position)


def _covered(season: int, number: int, position: int, length: int) -> dict[str, int | None]:
    """Return the range that a subject of *length* covers, where episode *number* is its *position*."""
    first = max(number - position + 1, min(number, 1))
    last = number + length - position if length >= position else None
    return _range(season, first, last, position - (number - first))


def _counted(season: int | None, number: int, position: int) -> dict[str, int | None]:
    """Return a whole season, or the whole show, counted so that episode *number* is *position*."""
    if position >= number or season is None:
        return {"season": season, "first_position": max(1 + position - number, 1)}
    return _range(season, number - position + 1, None, 1)


def _left_out(season: int, number: int, scope: Scope) -> dict[str, int | None]:
    if scope == Scope.SHOW:
        return {}
    return _range(season, number, number, 1) if scope == Scope.EPISODE else {"season": season}


def _range(season: int, first: int, last: int | None, position: int) -> dict[str, int | None]:
    return {"season": season, "first_episode": first, "last_episode": last, "first_position": position}


def main_episodes(subject_id: int) -> int:
    """Return how many main episodes the subject is known to have or to get; 0 when nobody has read it."""
    subject = Subject.objects.filter(pk=subject_id).first()
    if subject is None:
        return 0
    return sum(1 for row in subject.episodes or () if row[1] == MAIN_EPISODE) or subject.eps


def superseded(rule: MappingOverride) -> list[MappingOverride]:
    """Return the rules of the same owner that *rule* replaces, wholly or in part: those it covers, or overlaps.

    A wider rule stays as it is, because the narrower goes before it.
    """
    rows = MappingOverride.objects.filter(user_id=rule.user_id, kind=rule.kind, trakt_id=rule.trakt_id)
    if rule.season is not None:
        rows = rows.filter(season=rule.season)
    older = rows.exclude(pk=rule.pk)
    return [old for old in older if _covers(rule, old) or (_is_range(rule) and _is_range(old) and _overlap(rule, old))]


def rivals_of(rule: MappingOverride) -> list[MappingOverride]:
    """Return the rules of the same owner that go neither before nor behind *rule* where both apply."""
    rows = MappingOverride.objects.filter(user_id=rule.user_id, kind=rule.kind, trakt_id=rule.trakt_id)
    same = rows.filter(season=rule.season).exclude(pk=rule.pk)
    return [old for old in same if _is_range(old) == _is_range(rule) and _overlap(rule, old)]


def _is_range(rule: MappingOverride) -> bool:
    return rule.first_episode is not None or rule.last_episode is not None


def _bounds(rule: MappingOverride) -> tuple[int, int]:
    first = 0 if rule.first_episode is None else rule.first_episode
    return first, ENDLESS if rule.last_episode is None else rule.last_episode


def _covers(rule: MappingOverride, old: MappingOverride) -> bool:
    (first, last), (old_first, old_last) = _bounds(rule), _bounds(old)
    return (rule.season is None or rule.season == old.season) and first <= old_first and old_last <= last


def _overlap(rule: MappingOverride, old: MappingOverride) -> bool:
    (first, last), (old_first, old_last) = _bounds(rule), _bounds(old)
    return first <= old_last and old_first <= last


def keep(rule: MappingOverride) -> None:
    """Store *rule* in place of what its owner decided before about the same episodes; of that, the rest stays."""
    for old in superseded(rule):
        if not _covers(rule, old):
            MappingOverride.objects.bulk_create(_rest(old, rule))
        old.delete()
    rule.save()


def _rest(old: MappingOverride, rule: MappingOverride) -> list[MappingOverride]:
    """Return the parts of *old* before and behind *rule*, which map as they did."""
    (first, last), (old_first, old_last) = _bounds(rule), _bounds(old)
    parts = []
    if old_first < first:
        parts.append(_part(old, old.first_episode, first - 1))
    if last < old_last:
        parts.append(_part(old, last + 1, old.last_episode))
    return parts


def _part(old: MappingOverride, first: int | None, last: int | None) -> MappingOverride:
    position = old.first_position + ((first or 0) - _first(old) if first is not None else 0)
    return MappingOverride(
        user_id=old.user_id,
        kind=old.kind,
        trakt_id=old.trakt_id,
        subject_id=old.subject_id,
        note=old.note,
        season=old.season,
        first_episode=first,
        last_episode=last,
        first_position=position,
    )


def _first(rule: MappingOverride) -> int:
    """Return the episode that ``first_position`` is about."""
    return 1 if rule.first_episode is None else rule.first_episode


# which items


def items_of(rule: MappingOverride) -> QuerySet[SyncItem]:
    """Return the items that *rule* speaks of: its user's, or everybody's."""
    rows = SyncItem.objects.filter(title__kind=rule.kind, title__trakt_id=rule.trakt_id).order_by()
    if rule.user_id is not None:
        rows = rows.filter(user_id=rule.user_id)
    if rule.season is not None:
        rows = rows.filter(season=rule.season)
    if rule.first_episode is not None:
        rows = rows.filter(number__gte=rule.first_episode)
    if rule.last_episode is not None:
        rows = rows.filter(number__lte=rule.last_episode)
    return rows


def decided_by(rule: MappingOverride, *, without: Collection[MappingOverride] = ()) -> QuerySet[SyncItem]:
    """Return the items that *rule* decides: no stronger rule, save those that it is to replace, speaks of them."""
    stronger = MappingOverride.objects.filter(
        Q(season=None) | Q(season=OuterRef("season")),
        Q(first_episode=None) | Q(first_episode__lte=OuterRef("number")),
        Q(last_episode=None) | Q(last_episode__gte=OuterRef("number")),
        kind=rule.kind,
        trakt_id=rule.trakt_id,
    ).exclude(pk__in=[rule.pk or 0, *(old.pk for old in without)])
    narrower = Q(pk=None)
    if not _is_range(rule):
        narrower = Q(first_episode__isnull=False) | Q(last_episode__isnull=False)
        if rule.season is None:
            narrower |= Q(season__isnull=False)
    if rule.user_id is None:
        stronger = stronger.filter(Q(user_id=OuterRef("user_id")) | Q(narrower, user=None))
    else:
        stronger = stronger.filter(narrower, user_id=rule.user_id)
    return items_of(rule).exclude(Exists(stronger))


def moved_by(rule: MappingOverride, *, without: Collection[MappingOverride] = ()) -> QuerySet[SyncItem]:
    """Return the items that *rule* decides and that are not yet where it says.

    What is there already is not touched: taking a tick back and making it again would only lose its date.
    """
    return decided_by(rule, without=without).exclude(_already_there(rule))


def _already_there(rule: MappingOverride) -> Q:
    if rule.subject_id is None:
        return Q(state=State.SKIPPED, reason=Reason.IGNORED)
    here = Q(state__in=WRITTEN, subject_id=rule.subject_id)
    if rule.episode_id is not None:
        return here & Q(episode_id=rule.episode_id)
    return here & (Q(number=None) | Q(position=F("number") + rule.first_position - _first(rule)))


def released_by(rule: MappingOverride) -> QuerySet[SyncItem]:
    """Return the items that are where they are because of *rule*, or that wait in spite of it."""
    return decided_by(rule).filter(Q(by_person=True) | Q(reason=Reason.IGNORED) | Q(state=State.REVIEW))


# what it does


def effect_of(rule: MappingOverride, *, without: Collection[MappingOverride] = ()) -> Effect:
    """Say beforehand what keeping *rule* would do."""
    return _effect(rule, decided_by(rule, without=without), moved_by(rule, without=without))


def effect_of_removing(rule: MappingOverride) -> Effect:
    """Say beforehand what deleting *rule* would do: its items are judged by what is left."""
    return _effect(rule, decided_by(rule), released_by(rule))


def _effect(rule: MappingOverride, about: QuerySet[SyncItem], moved: QuerySet[SyncItem]) -> Effect:
    plays = about.filter(kind=SyncItem.Kind.HISTORY).count()
    others = about.exclude(kind=SyncItem.Kind.HISTORY).count()
    waiting = moved.filter(state__in=(State.REVIEW, State.SKIPPED, State.NEW, *SyncItem.RETRIED)).count()
    made = moved.filter(kind=SyncItem.Kind.HISTORY).values("user_id", "season", "number").distinct().count()
    return Effect(
        plays=plays,
        others=others,
        moved=moved.count(),
        waiting=waiting,
        taken_back=_ticks_of(moved),
        made=made if rule.subject_id else 0,
        users=moved.values("user_id").distinct().count(),
        busy=_in_hand(moved).exists(),
    )


def _ticks_of(moved: QuerySet[SyncItem]) -> int:
    """Count the ticks of ours behind *moved* that no play which stays speaks for."""
    others = SyncItem.objects.filter(
        ~Q(pk__in=moved.values("pk")),
        user_id=OuterRef("user_id"),
        subject_id=OuterRef("ticked_subject_id"),
        episode_id=OuterRef("ticked_episode_id"),
        state__in=STANDING,
    )
    ticked = moved.filter(~Exists(others), ticked_subject_id__isnull=False, ticked_episode_id__isnull=False)
    return ticked.values("user_id", "ticked_subject_id", "ticked_episode_id").distinct().count()


def _in_hand(rows: QuerySet[SyncItem]) -> QuerySet[SyncItem]:
    """Return those of *rows* that a run has judged, or may be judging, and will write as it thinks."""
    running = SyncRun.objects.filter(user_id=OuterRef("user_id"), status=SyncRun.Status.RUNNING)
    return rows.filter(Exists(running), state__in=SyncItem.UNFINISHED)


# doing it


class Outcome(NamedTuple):
    reopened: int
    run: SyncRun | None
    """The run that acts on it; None where nothing is to be moved, or only for others."""
    is_new: bool = False
    """Whether that run was started for it; else one is under way, and another follows by itself."""


def decide(rule: MappingOverride, who: Any) -> Outcome:
    """Keep *rule*, let everything that it moves be judged anew, and start a run of *who*, whose items they are.

    Others, where it is for everybody, get theirs by :func:`follow_up`. Raises :class:`UnderWay`, and then nothing
    was changed.
    """
    with transaction.atomic():
        keep(rule)
        return _judge_anew(moved_by(rule), who)


def take(rule: MappingOverride) -> int:
    """Keep *rule* and reopen what it moves, without starting a run; return how many items that are.

    To be called within a transaction: raises :class:`UnderWay` when it must not be kept.
    """
    keep(rule)
    return _reopened(moved_by(rule), None)[0]


def replace(old: MappingOverride | None, rule: MappingOverride, who: Any) -> Outcome:
    """Store *rule* as it is, in place of *old* (the same row as it was), and judge anew what either is about."""
    with transaction.atomic():
        before = list(released_by(old).values_list("pk", flat=True)) if old else []
        rule.save()
        freed = SyncItem.objects.filter(pk__in=before).exclude(pk__in=decided_by(rule).values("pk"))
        again = [*freed.values_list("pk", flat=True), *moved_by(rule).values_list("pk", flat=True)]
        return _judge_anew(SyncItem.objects.filter(pk__in=again), who)


def remove(rule: MappingOverride, who: Any) -> Outcome:
    """Delete *rule*, and let what it decided be judged by what is left."""
    with transaction.atomic():
        rows = SyncItem.objects.filter(pk__in=list(released_by(rule).values_list("pk", flat=True)))
        rule.delete()
        return _judge_anew(rows, who)


def _judge_anew(rows: QuerySet[SyncItem], who: Any) -> Outcome:
    count, theirs = _reopened(rows, who)
    return _outcome(count, who if theirs else None)


def _reopened(rows: QuerySet[SyncItem], who: Any) -> tuple[int, bool]:
    if _in_hand(rows).exists():
        raise UnderWay
    theirs = who is not None and rows.filter(user=who).exists()
    return reopen(rows), theirs


def _outcome(count: int, who: Any) -> Outcome:
    if who is None:
        return Outcome(count, None)
    return Outcome(count, *runs.request(who, SyncRun.Trigger.RETRY, only_retry=True))


def reopen(rows: QuerySet[SyncItem]) -> int:
    """Let the next run judge *rows* anew; return how many they are.

    Where this program ticked them is remembered, so that wrong ticks are taken back.
    """
    return SyncItem.objects.filter(pk__in=rows.values("pk")).update(
        state=State.NEW,
        reason="",
        detail="",
        subject_id=None,
        episode_id=None,
        position=None,
        by_person=False,
        next_try_at=None,
        run=None,
        updated_at=timezone.now(),
    )


def follow_up() -> int:
    """Start runs for users with reopened items that no run has taken up; return how many. For the dispatcher.

    A decision that falls into a run of the same user would else wait for the schedule, or for ever without one.
    """
    rows = SyncItem.objects.filter(run=None, state=State.NEW).order_by()
    users = get_user_model().objects.filter(
        ~Exists(SyncRun.objects.filter(user=OuterRef("pk"), status__in=(*SyncRun.ACTIVE, *SyncRun.HELD))),
        pk__in=rows.values("user_id"),
        is_active=True,
    )
    return sum(runs.request(user, SyncRun.Trigger.RETRY, only_retry=True)[1] for user in users)
