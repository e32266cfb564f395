"""Correct a wrong match: take back the ticks that this program made for items that belong elsewhere, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db.models import F, Q

from sync.engine.context import Stopped
from sync.engine.kinds.stale import forget_stale, stale_facts
from sync.engine.plan import read_lists
from sync.engine.targets import STANDING, Target, needed_by_others, restores_at
from sync.engine.undo import plan_restores, put_back_all
from sync.models import SyncItem
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from sync.engine.context import Context
    from sync.engine.restore import Restore

State = SyncItem.State


async def take_back(ctx: Context) -> None:
    """Put back, save what the user changed since, the ticks of items that were judged anew and went elsewhere."""
    restores = await sync_to_async(_restores)(ctx.run.user_id, ctx.account.bangumi_id)
    for subject_id, restore in (await sync_to_async(stale_facts)(ctx.run.user_id)).items():
        restores.setdefault(subject_id, []).append(restore)
    if not restores:
        return
    ticks = sum(len({episode for part in parts for episode in part.marks}) for parts in restores.values())
    if ctx.run.dry_run:
        await ctx.log("Preview: ticks at the wrong place that would be taken back: %(n)s.", n=ticks)
        return
    await ctx.log("Ticks at the wrong place that are taken back: %(n)s.", n=ticks)
    target = Target(restores, items={}, tells=False)
    await read_lists(ctx, restores)
    plans, unread = await plan_restores(ctx, target)
    if unread or not await put_back_all(ctx, target, plans):
        raise Stopped(Reason.UNDO_LEFT)  # what is done is seen to be so by the next run, which goes on from there
    await sync_to_async(_forget)(ctx.run.user_id, restores)
    await sync_to_async(forget_stale)(ctx.run.user_id)


def stale_items(user_id: int) -> QuerySet[SyncItem]:
    """Return the items that were ticked at one place and belong at another, or at none."""
    moved = Q(state__in=STANDING) & ~Q(subject_id=F("ticked_subject_id"), episode_id=F("ticked_episode_id"))
    nowhere = Q(state__in=(State.SKIPPED, State.REVIEW))
    rows = SyncItem.objects.filter(moved | nowhere, user_id=user_id, ticked_subject_id__isnull=False)
    return rows.exclude(ticked_episode_id=None)


def _restores(user_id: int, account_id: int | None) -> dict[int, list[Restore]]:
    places: dict[int, set[int | None]] = {}
    for subject_id, episode_id in stale_items(user_id).values_list("ticked_subject_id", "ticked_episode_id").distinct():
        places.setdefault(subject_id, set()).add(episode_id)
    restores = {}
    for subject_id, episodes in places.items():
        wrong = episodes - needed_by_others(user_id, subject_id, episodes)
        if wrong:
            restores[subject_id] = restores_at(user_id, account_id, subject_id, wrong)
    return restores


def _forget(user_id: int, subjects: Iterable[int]) -> None:
    """Forget where the items were ticked: those ticks are gone, or are the user's own by now."""
    stale_items(user_id).filter(ticked_subject_id__in=list(subjects)).update(
        ticked_subject_id=None, ticked_episode_id=None
    )
