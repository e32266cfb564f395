"""A plan turned round: put back what was before a run wrote, save what the user changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db import transaction

from bgmsync.shared.http import NotFound, OutcomeUnknown, RemoteError, together
from sync.bangumi.client import MARK_LIMIT
from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.engine.plan import read_lists
from sync.models import SubjectPlan, SyncItem, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.engine.context import Context, Listing

TRIES = 3


@dataclass(slots=True)
class Restore:
    """What a subject had before, as far as it is ours to put back."""

    marks: dict[int, int] = field(default_factory=dict)
    """Episodes we marked, and the state each had."""
    list_before: int | None = None
    list_ours: int | None = None
    """The list state that we set; None when we set none."""


def turned_round(plans: Iterable[SubjectPlan]) -> dict[int, Restore]:
    """Return, by subject, what stood before the earliest of *plans* (oldest first) and what we made of it."""
    restores: dict[int, Restore] = {}
    for plan in plans:
        restore = restores.get(plan.subject_id)
        if restore is None:
            restore = restores[plan.subject_id] = Restore(list_before=plan.before.get("list"))
        marks = plan.before.get("marks", {})
        for episode in plan.mark:
            restore.marks.setdefault(episode, marks.get(str(episode), EpisodeStatus.NONE))
        set_to = CollectionType.DONE if plan.complete else plan.collect
        restore.list_ours = set_to or restore.list_ours
    return restores


def still_ours(restore: Restore, marks: Mapping[int, int], listed: int | None) -> dict:
    """Return what is to be put back now: what still is as we left it. What the user changed since is theirs."""
    back = {e: was for e, was in restore.marks.items() if marks.get(e) == EpisodeStatus.WATCHED != was}
    to_list = None
    if restore.list_ours is not None and listed == restore.list_ours and restore.list_before not in {None, listed}:
        to_list = restore.list_before
    return {"marks": {str(e): was for e, was in back.items()}, "list": to_list}


async def undo(ctx: Context) -> None:
    """Undo the run that this run is about: plan, and unless it is a preview, write and confirm."""
    chosen = await sync_to_async(_done_plans)(ctx.run)
    restores = turned_round(chosen)
    if not restores:
        await ctx.log("There is nothing of that run left to undo.")
        return
    await ctx.stage(SyncRun.Stage.PLAN, len(restores))
    await read_lists(ctx, restores)
    plans = await plan_restores(ctx, restores)
    kept = sum(r.list_before is None and r.list_ours is not None for r in restores.values())
    if kept:
        await ctx.log(
            f"{kept} subjects were added by that run. Bangumi lets no program remove an entry: they stay on the list "
            f"without our ticks; remove them by hand at bgm.tv if you like."
        )
    if ctx.run.dry_run:
        await ctx.log(f"Preview: {len(plans)} subjects would be put back.")
        return
    await ctx.stage(SyncRun.Stage.APPLY, len(plans))
    await put_back(ctx, plans)
    if all(plan.status == SubjectPlan.Status.DONE for plan in plans):
        await sync_to_async(_mark_undone)(chosen)


async def plan_restores(ctx: Context, restores: Mapping[int, Restore]) -> list[SubjectPlan]:
    """Make and store the plans that put *restores* back, as far as the user changed nothing since."""
    plans = [plan for plan in await together(_plan(ctx, s, r) for s, r in restores.items()) if plan]
    await sync_to_async(_save)(ctx.run, plans)
    return plans


async def put_back(ctx: Context, plans: Sequence[SubjectPlan]) -> None:
    """Write *plans* and confirm them."""
    await together(_put_back(ctx, plan) for plan in plans)


def _done_plans(run: SyncRun) -> list[SubjectPlan]:
    plans = SubjectPlan.objects.filter(run_id=run.undoes_id, restore__isnull=True).exclude(status=SubjectPlan.Status.PLANNED)
    return list(plans.exclude(status=SubjectPlan.Status.UNDONE).order_by("pk"))


async def _plan(ctx: Context, subject_id: int, restore: Restore) -> SubjectPlan | None:
    listing = await ctx.listing(subject_id)
    if listing is None:
        await ctx.log(f"bgm.tv/subject/{subject_id} can't be seen any more and stays as it is.", "warning")
        return None
    back = still_ours(restore, listing.marks, ctx.lists.get(subject_id))
    changed = len(restore.marks) - len(back["marks"])
    if changed:
        await ctx.log(f"bgm.tv/subject/{subject_id}: {changed} episodes were changed since, and stay as they are.")
    if not back["marks"] and back["list"] is None:
        return None
    before = {"list": ctx.lists.get(subject_id), "marks": dict.fromkeys(back["marks"], int(EpisodeStatus.WATCHED))}
    return SubjectPlan(run=ctx.run, user_id=ctx.run.user_id, subject_id=subject_id, before=before, restore=back)


def _save(run: SyncRun, plans: Sequence[SubjectPlan]) -> None:
    """Store the plans; those of an interrupted attempt are replaced, since they were made from what stands now."""
    with transaction.atomic():
        run.plans.filter(restore__isnull=False).delete()
        SubjectPlan.objects.bulk_create(plans)


async def _put_back(ctx: Context, plan: SubjectPlan) -> None:
    async with ctx.writers:
        ctx.check()
        plan.status = SubjectPlan.Status.WAITING
        plan.reason = Reason.NOT_CONFIRMED
        try:
            for _attempt in range(TRIES):
                await _write(ctx, plan)
                if await _is_back(ctx, plan):
                    plan.status, plan.reason = SubjectPlan.Status.DONE, ""
                    break
        except RemoteError as error:
            plan.reason, plan.detail = error.reason, error.detail[:300]
            raise
        finally:
            await sync_to_async(_settle)(plan)
        ctx.run.step += 1


async def _write(ctx: Context, plan: SubjectPlan) -> None:
    """Clear the marks, then set those that were something else; a lost answer is told by the read that follows."""
    assert plan.restore is not None  # noqa: S101  # it is an undo's plan
    marks = {int(e): EpisodeStatus(was) for e, was in plan.restore["marks"].items()}
    now = ctx.listings[plan.subject_id].marks
    try:
        await _set(ctx, plan, [e for e in marks if now.get(e) != EpisodeStatus.NONE], EpisodeStatus.NONE)
        for state in (EpisodeStatus.WISH, EpisodeStatus.DROPPED):
            await _set(ctx, plan, [e for e, was in marks.items() if was == state], state)
        if plan.restore["list"] is not None:
            ctx.writes += 1
            plan.writes += 1
            await ctx.bangumi.update_collection(plan.subject_id, type=CollectionType(plan.restore["list"]))
    except OutcomeUnknown:
        return


async def _set(ctx: Context, plan: SubjectPlan, episodes: Sequence[int], state: EpisodeStatus) -> None:
    for start in range(0, len(episodes), MARK_LIMIT):
        ctx.writes += 1
        plan.writes += 1
        await ctx.bangumi.mark_episodes(plan.subject_id, episodes[start : start + MARK_LIMIT], type=state)


async def _is_back(ctx: Context, plan: SubjectPlan) -> bool:
    assert plan.restore is not None  # noqa: S101  # it is an undo's plan
    listing: Listing | None = await ctx.reread(plan.subject_id)
    if listing is None:
        raise NotFound("bangumi", "the subject is no longer visible")
    return all(listing.marks.get(int(e), EpisodeStatus.NONE) == was for e, was in plan.restore["marks"].items())


def _settle(plan: SubjectPlan) -> None:
    """Store how it ended, and let the items know that they are ticked no more."""
    with transaction.atomic():
        plan.save()
        if plan.status != SubjectPlan.Status.DONE or plan.restore is None:
            return
        items = SyncItem.objects.filter(
            user_id=plan.user_id, subject_id=plan.subject_id, episode_id__in=[int(e) for e in plan.restore["marks"]]
        )
        items.filter(state=SyncItem.State.DONE).update(
            state=SyncItem.State.SKIPPED,
            reason=Reason.UNDONE,
            run_id=plan.run_id,
            ticked_subject_id=None,
            ticked_episode_id=None,
        )


def _mark_undone(plans: Sequence[SubjectPlan]) -> None:
    SubjectPlan.objects.filter(pk__in=[plan.pk for plan in plans]).update(status=SubjectPlan.Status.UNDONE)
