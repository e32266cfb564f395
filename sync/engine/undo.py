"""Undo: put back what stood before a run, an item or everything since a date, save what the user changed since.

It is a plan turned round, written and confirmed as every plan is (``apply.py``). A preview stores the same plans and
writes nothing; what the user then agrees to is no more than it showed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import transaction

from bgmsync.shared.http import RemoteError, together
from sync.bangumi.schemas import EpisodeStatus
from sync.engine.apply import write
from sync.engine.context import STOPS_ALL, Listing, Stopped
from sync.engine.plan import read_lists
from sync.engine.restore import Back, Found, put_back, within
from sync.engine.targets import amended, target_of, unfinished_clears
from sync.engine.undone import settle_undo
from sync.models import SubjectPlan, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.bangumi.schemas import CollectionRow
    from sync.engine.context import Context
    from sync.engine.restore import Restore
    from sync.engine.targets import Target

Status = SubjectPlan.Status


async def undo(ctx: Context) -> None:
    """Undo what the run is about: plan, and unless it is a preview, write and confirm."""
    run = ctx.run
    if not ctx.account.access_token:
        raise Stopped(Reason.BANGUMI_NOT_CONNECTED)
    target = await _target(ctx)
    if not target.restores:
        await ctx.log("There is nothing of that left to undo.")
        return
    shown = await sync_to_async(_shown)(run)
    plans, unreadable = await plan_restores(ctx, target, shown)
    await _tell(ctx, plans)
    if run.dry_run:
        return
    await ctx.stage(SyncRun.Stage.APPLY, len(plans))
    if not await put_back_all(ctx, target, plans) or unreadable:
        raise Stopped(Reason.UNDO_LEFT)


async def _target(ctx: Context) -> Target:
    """Say what is to be undone in the account that is connected now, and read where its list stands."""
    account = ctx.account.bangumi_id
    target = await sync_to_async(target_of)(ctx.run, account)
    if not target.restores:
        return target
    await ctx.stage(SyncRun.Stage.PLAN, len(target.restores))
    await read_lists(ctx, target.restores)
    if ctx.account.bangumi_id == account:
        return target
    await ctx.log("Another Bangumi account is connected now. What was written elsewhere is left alone.", "warning")
    return await sync_to_async(target_of)(ctx.run, ctx.account.bangumi_id)


async def plan_restores(
    ctx: Context, target: Target, shown: Mapping[int, dict[str, Any]] | None = None
) -> tuple[list[SubjectPlan], bool]:
    """Make and store the plans that put back what the user did not change since, and no more than was *shown*.

    Also tell whether a subject could not be read.
    """
    amended(target.restores, await sync_to_async(unfinished_clears)(ctx.run.user_id, target.restores))
    missed: list[int] = []

    async def plan_one(subject_id: int) -> SubjectPlan | None:
        try:
            return await _plan(ctx, target, subject_id, shown)
        except RemoteError as error:
            if isinstance(error, STOPS_ALL):
                raise
            missed.append(subject_id)
            await ctx.log(
                "bgm.tv/subject/%(subject_id)s could not be read: %(reason)s",
                "warning",
                subject_id=subject_id,
                reason=error.reason,
            )
            return None
        finally:
            ctx.run.step += 1

    plans = [plan for plan in await together(plan_one(subject_id) for subject_id in target.restores) if plan]
    await sync_to_async(_save)(ctx.run, target, plans)
    return plans, bool(missed)


async def put_back_all(ctx: Context, target: Target, plans: Sequence[SubjectPlan]) -> bool:
    """Write and confirm *plans*; tell whether all of them are done."""
    due = [plan for plan in plans if plan.status != Status.DONE]
    await write(ctx, due, partial(settle_undo, target))
    return all(plan.status == Status.DONE for plan in due)


def _shown(run: SyncRun) -> dict[int, dict[str, Any]] | None:
    """Return, by subject, what the preview that the user agreed to said; None where there was none."""
    if run.undo_shown is None:
        return None
    return {plan.subject_id: plan.restore or {} for plan in run.undo_shown.plans.filter(restore__isnull=False)}


async def _plan(
    ctx: Context, target: Target, subject_id: int, shown: Mapping[int, dict[str, Any]] | None
) -> SubjectPlan | None:
    row, restores = ctx.rows.get(subject_id), target.restores[subject_id]
    listing = await _listing(ctx, subject_id, row, restores)
    back = Back(kept={"hidden": True}) if listing is None else put_back(restores, Found(listing.marks, row))
    if held := target.held.get(subject_id):
        back.kept["held"] = sorted(held)
    if shown is not None:
        back = within(back, shown[subject_id]) if subject_id in shown else Back()
    if not (back.tells if target.tells else back or back.same):
        return None
    now = listing.marks if listing else {}
    return SubjectPlan(
        run=ctx.run,
        user_id=ctx.run.user_id,
        account_id=ctx.account.bangumi_id,
        subject_id=subject_id,
        status=Status.PLANNED if back else Status.DONE,
        before={
            "list": row.type if row else None,
            "rate": row.rate if row else 0,
            "tags": list(row.tags) if row else [],
            "marks": {str(episode): now.get(episode, EpisodeStatus.NONE) for episode in back.marks},
        },
        collect=back.list,
        rate=back.rate,
        tags=back.tags,
        clear=[episode for episode in back.marks if now.get(episode, EpisodeStatus.NONE) != EpisodeStatus.NONE],
        restore=back.as_data(),
    )


async def _listing(
    ctx: Context, subject_id: int, row: CollectionRow | None, restores: Sequence[Restore]
) -> Listing | None:
    """Read the subject's episodes where they matter; None when Bangumi does not show the subject any more."""
    listing: Listing | None = Listing((), {})
    if subject_id not in ctx.hidden and row is not None and any(restore.marks for restore in restores):
        listing = await ctx.listing(subject_id)
    if subject_id in ctx.hidden:
        await ctx.make_sure(subject_id)
        return None
    return listing


def _save(run: SyncRun, target: Target, plans: Sequence[SubjectPlan]) -> None:
    """Store the plans. Those that an interrupted attempt had not begun are made anew from what stands now."""
    with transaction.atomic():
        run.plans.filter(restore__isnull=False, status=Status.PLANNED).delete()
        SubjectPlan.objects.bulk_create(plans)
        for plan in plans:
            if plan.status == Status.DONE and not run.dry_run and "hidden" not in (plan.restore or {})["kept"]:
                settle_undo(target, plan)


async def _tell(ctx: Context, plans: Sequence[SubjectPlan]) -> None:
    """Say in the log what comes back and what does not."""
    told = [plan.restore or {} for plan in plans]
    back = sum(plan.status != Status.DONE for plan in plans)
    if ctx.run.dry_run:
        await ctx.log("Preview: subjects that would be put back: %(n)s.", n=back)
    if changed := sum(bool(restore["kept"].keys() - {"held"}) for restore in told):
        await ctx.log("Subjects of which something was changed since, and stays as it is: %(n)s.", n=changed)
    if added := sum(restore["stays"] for restore in told):
        await ctx.log(
            "Subjects that had been added: %(n)s. Bangumi lets no program remove an entry: they stay on the list "
            "without our ticks; remove them by hand at bgm.tv if you like.",
            n=added,
        )
