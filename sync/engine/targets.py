"""What an undo is about: a run, a few items, or everything since a date; by subject, what is to be turned round."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from django.db.models import Q

from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.engine import ledger
from sync.engine.restore import Restore, turned_round
from sync.models import SubjectPlan, SyncItem
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from sync.models import SyncRun

State = SyncItem.State
Kind = SyncItem.Kind
Status = SubjectPlan.Status

STANDING = (State.MATCHED, State.PLANNED, State.DONE, State.ALREADY)
"""States in which an item speaks for the tick at its place."""
TAKEN = (*STANDING, *SyncItem.RETRIED)
"""States of an item whose tick is, or may be, on Bangumi, or would be made by the next run."""
NOT_BEGUN = (Status.PLANNED, Status.DECLINED)


@dataclass(slots=True)
class Target:
    """What is to be turned round, newest first, and whose plans or items these are, all by subject."""

    restores: dict[int, list[Restore]] = field(default_factory=lambda: defaultdict(list))
    plans: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    items: dict[int, list[int]] | None = None
    """None: all items at the places that are put back."""
    held: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Episodes whose tick stays because another play of the user speaks for it."""
    tells: bool = True
    """Whether what is not put back is listed."""


def target_of(run: SyncRun, account_id: int | None) -> Target:
    """Return what *run* is to undo in an account of Bangumi."""
    if run.undo_items:
        return _of_items(run, account_id)
    target = Target()
    for plan in _chosen(run, account_id).order_by("-run_id", "-pk"):
        target.restores[plan.subject_id].append(turned_round(plan))
        target.plans[plan.subject_id].append(plan.pk)
    return target


def _begun(user_id: int, account_id: int | None) -> QuerySet[SubjectPlan]:
    """Return the plans that wrote to the account, or may have, and are not undone."""
    plans = SubjectPlan.objects.filter(user_id=user_id, account_id=account_id, restore__isnull=True)
    return plans.exclude(status__in=(*NOT_BEGUN, Status.UNDONE))


def _chosen(run: SyncRun, account_id: int | None) -> QuerySet[SubjectPlan]:
    plans = _begun(run.user_id, account_id)
    if run.undo_shown is not None:  # what was written after the preview was not shown in it
        plans = plans.filter(updated_at__lte=run.undo_shown.finished_at)
    if run.undo_since is not None:
        return plans.filter(run__started_at__gte=run.undo_since)
    return plans.filter(run_id=run.undoes_id)


def _of_items(run: SyncRun, account_id: int | None) -> Target:
    """Return what these items brought, each tick only where no other item of the user speaks for it."""
    of_subject: dict[int, list[int]] = defaultdict(list)
    target = Target(items=of_subject)
    items = list(SyncItem.objects.filter(user_id=run.user_id, pk__in=run.undo_items, state__in=TAKEN))
    places: dict[int, set[int | None]] = defaultdict(set)
    kinds: dict[int, set[str]] = defaultdict(set)
    for item in items:
        for subject_id in _subjects_of(item):
            of_subject[subject_id].append(item.pk)
            if item.kind == Kind.HISTORY:
                places[subject_id].add(item.ticked_episode_id or item.episode_id)
            else:
                kinds[subject_id].add(item.kind)
    for subject_id in places.keys() | kinds.keys():
        wanted = places[subject_id]
        target.held[subject_id] = needed_by_others(run.user_id, subject_id, wanted, besides=run.undo_items)
        alone = {kind for kind in kinds[subject_id] if not _spoken_for(run, kind, subject_id)}
        target.restores[subject_id] = restores_at(
            run.user_id, account_id, subject_id, wanted - target.held[subject_id], alone
        )
    return target


def _subjects_of(item: SyncItem) -> set[int]:
    if item.kind != Kind.HISTORY and item.targets:
        return set(item.targets)
    subject_id = item.ticked_subject_id or item.subject_id
    return {subject_id} if subject_id else set()


def needed_by_others(
    user_id: int, subject_id: int, episodes: Collection[int | None], *, besides: Iterable[int] = ()
) -> set[int]:
    """Return those of *episodes* that other plays than *besides* speak for."""
    rows = SyncItem.objects.filter(user_id=user_id, subject_id=subject_id, kind=Kind.HISTORY, state__in=STANDING)
    others = rows.exclude(pk__in=list(besides)).filter(episode_id__in=[e for e in episodes if e])
    return set(others.values_list("episode_id", flat=True))


def _spoken_for(run: SyncRun, kind: str, subject_id: int) -> bool:
    """Tell whether another fact of the same kind stands for what was written to the subject."""
    rows = SyncItem.objects.filter(user_id=run.user_id, kind=kind, state__in=(State.DONE, State.PLANNED), gone_at=None)
    others = rows.exclude(pk__in=run.undo_items).values_list("subject_id", "targets")
    return any(subject_id == subject or subject_id in targets for subject, targets in others)


def restores_at(
    user_id: int, account_id: int | None, subject_id: int, episodes: Collection[int | None], kinds: Collection[str] = ()
) -> list[Restore]:
    """Return what the plans of a subject did for these *episodes* and *kinds* alone, newest first.

    An episode that is None is the film itself, where Bangumi lists no episode of it.
    """
    wanted = {episode for episode in episodes if episode}
    restores, unknown, whole = [], set(wanted), True
    for plan in _begun(user_id, account_id).filter(subject_id=subject_id).order_by("-run_id", "-pk"):
        made = turned_round(plan)
        marks = {episode: was for episode, was in made.marks.items() if episode in wanted}
        unknown -= marks.keys()
        part = Restore(marks=marks, cleared=made.cleared & marks.keys())
        if Kind.RATINGS in kinds:
            part.rate_ours, part.rate_before = made.rate_ours, made.rate_before
        if Kind.COLLECTION in kinds:
            part.tags_given, part.tags_taken = made.tags_given, made.tags_taken
        if whole:
            part, whole = _with_list(part, made, film=None in episodes, kinds=kinds)
        restores.append(part)
    if unknown:  # the run that ticked them is not kept any more
        restores.append(Restore(marks=dict.fromkeys(unknown, int(EpisodeStatus.NONE))))
    return restores


def _with_list(part: Restore, made: Restore, *, film: bool, kinds: Collection[str]) -> tuple[Restore, bool]:
    """Add the list state to *part* if all that the plan did is taken back; also tell whether that was so.

    What completed a subject without these episodes is not complete any more: it is back to being watched.
    """
    covered = made.marks.keys() == part.marks.keys() if made.marks else film or bool(kinds)
    if covered:
        return replace(part, list_ours=made.list_ours, list_before=made.list_before), True
    if part.marks and made.list_ours == {CollectionType.DONE}:
        return replace(part, list_ours=made.list_ours, list_before=int(CollectionType.DOING)), False
    return part, not made.marks and not made.list_ours


def unfinished_clears(user_id: int, subjects: Iterable[int]) -> dict[int, set[int]]:
    """Return, by subject, the episodes that an undo which was not seen through may have left without their state."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = unfinished_undos(user_id)
    for part in ledger.chunks(list(subjects)):
        for plan in rows.filter(subject_id__in=part):
            data = plan.restore or {}
            found[plan.subject_id] |= {int(e) for e, was in data["marks"].items() if was != EpisodeStatus.NONE}
    return found


def unfinished_undos(user_id: int) -> QuerySet[SubjectPlan]:
    """Return the plans of undos that began and were not seen through, by themselves or by a later one."""
    rows = SubjectPlan.objects.filter(user_id=user_id, restore__isnull=False, run__dry_run=False)
    failed = Q(status=Status.FAILED) & ~Q(reason=Reason.INTERRUPTED)
    return rows.filter(Q(status__in=(Status.APPLYING, Status.WAITING)) | failed)


def amended(restores: Mapping[int, Sequence[Restore]], clears: Mapping[int, set[int]]) -> None:
    """Note in *restores* which episodes may have lost their state to an undo that was not seen through."""
    for subject_id, episodes in clears.items():
        for restore in restores.get(subject_id, ()):
            restore.cleared |= episodes & restore.marks.keys()
