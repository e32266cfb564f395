"""Correct a wrong match: take back the ticks that this program made for items that belong elsewhere, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db.models import F, Q

from sync.bangumi.schemas import EpisodeStatus
from sync.engine.kinds.stale import forget_stale, stale_facts
from sync.engine.plan import read_lists
from sync.engine.undo import Restore, plan_restores, put_back
from sync.models import SubjectPlan, SyncItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from sync.engine.context import Context

State = SyncItem.State
STANDING = (State.MATCHED, State.PLANNED, State.DONE, State.ALREADY)
"""States in which an item speaks for the tick at its place."""


async def take_back(ctx: Context) -> None:
    """Put back, save what the user changed since, the ticks of items that were judged anew and went elsewhere."""
    restores = await sync_to_async(_restores)(ctx.run.user_id)
    for subject_id, restore in (await sync_to_async(stale_facts)(ctx.run.user_id)).items():
        known = restores.setdefault(subject_id, restore)
        known.rate_ours, known.tags_given = restore.rate_ours, restore.tags_given
    if not restores:
        return
    ticks = sum(len(restore.marks) for restore in restores.values())
    if ctx.run.dry_run:
        await ctx.log("Preview: ticks at the wrong place that would be taken back: %(n)s.", n=ticks)
        return
    await ctx.log("Ticks at the wrong place that are taken back: %(n)s.", n=ticks)
    await read_lists(ctx, restores)
    await put_back(ctx, await plan_restores(ctx, restores))
    await sync_to_async(_forget)(ctx.run.user_id, restores)
    await sync_to_async(forget_stale)(ctx.run.user_id)


def stale_items(user_id: int) -> QuerySet[SyncItem]:
    """Return the items that were ticked at one place and belong at another, or at none."""
    moved = Q(state__in=STANDING) & ~Q(subject_id=F("ticked_subject_id"), episode_id=F("ticked_episode_id"))
    nowhere = Q(state__in=(State.SKIPPED, State.REVIEW))
    rows = SyncItem.objects.filter(moved | nowhere, user_id=user_id, ticked_subject_id__isnull=False)
    return rows.exclude(ticked_episode_id=None)


def _restores(user_id: int) -> dict[int, Restore]:
    restores: dict[int, Restore] = {}
    for subject_id, episode_id in stale_items(user_id).values_list("ticked_subject_id", "ticked_episode_id").distinct():
        restores.setdefault(subject_id, Restore()).marks[episode_id] = EpisodeStatus.NONE
    for subject_id, restore in restores.items():
        _keep_what_others_need(user_id, subject_id, restore)
        _recall_before(user_id, subject_id, restore)
    return {subject_id: restore for subject_id, restore in restores.items() if restore.marks}


def _keep_what_others_need(user_id: int, subject_id: int, restore: Restore) -> None:
    """Leave alone the ticks that another play speaks for."""
    rows = SyncItem.objects.filter(user_id=user_id, subject_id=subject_id, state__in=STANDING)
    for episode_id in rows.filter(episode_id__in=list(restore.marks)).values_list("episode_id", flat=True):
        restore.marks.pop(episode_id, None)


def _recall_before(user_id: int, subject_id: int, restore: Restore) -> None:
    """Look up what each episode was before we ticked it, and the list state if all that we did there is taken back."""
    plans = SubjectPlan.objects.filter(user_id=user_id, subject_id=subject_id, restore__isnull=True).order_by("-pk")
    for plan in plans:
        before = plan.before.get("marks", {})
        for episode_id in restore.marks:
            if str(episode_id) in before:
                restore.marks[episode_id] = before[str(episode_id)]
        if plan.mark and set(plan.mark) <= restore.marks.keys() and (plan.complete or plan.collect):
            restore.list_before = plan.before.get("list")
            restore.list_ours = 2 if plan.complete else plan.collect


def _forget(user_id: int, subjects: Iterable[int]) -> None:
    """Forget where the items were ticked: those ticks are gone, or are the user's own by now."""
    stale_items(user_id).filter(ticked_subject_id__in=list(subjects)).update(
        ticked_subject_id=None, ticked_episode_id=None
    )
