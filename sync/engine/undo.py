"""A plan turned round: put back what was before a run wrote, save what the user changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import transaction

from bgmsync.shared.http import NotFound, OutcomeUnknown, RemoteError, together
from sync.bangumi.client import MARK_LIMIT
from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.engine.context import Listing
from sync.engine.plan import read_lists
from sync.engine.written import forget_written
from sync.models import SubjectPlan, SyncItem, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.bangumi.schemas import CollectionRow
    from sync.engine.context import Context

TRIES = 3

ENTRY = ("list", "rate", "tags")
"""What of an entry a restore may hold; None: it is left."""


@dataclass(slots=True)
class Restore:
    """What a subject had before, as far as it is ours to put back."""

    marks: dict[int, int] = field(default_factory=dict)
    """Episodes we marked, and the state each had."""
    list_before: int | None = None
    list_ours: int | None = None
    """The list state that we set; None when we set none."""
    rate_before: int = 0
    rate_ours: int | None = None
    """The rating that we gave or took away (0); None when we did neither."""
    tags_given: set[str] = field(default_factory=set)
    tags_taken: set[str] = field(default_factory=set)


def turned_round(plans: Iterable[SubjectPlan]) -> dict[int, Restore]:
    """Return, by subject, what stood before the earliest of *plans* (oldest first) and what we made of it."""
    restores: dict[int, Restore] = {}
    for plan in plans:
        restore = restores.get(plan.subject_id)
        if restore is None:
            restore = restores[plan.subject_id] = Restore(
                list_before=plan.before.get("list"), rate_before=plan.before.get("rate", 0)
            )
        marks = plan.before.get("marks", {})
        for episode in plan.mark:
            restore.marks.setdefault(episode, marks.get(str(episode), EpisodeStatus.NONE))
        set_to = CollectionType.DONE if plan.complete else plan.collect
        restore.list_ours = set_to or restore.list_ours
        restore.rate_ours = restore.rate_ours if plan.rate is None else plan.rate
        if plan.tags is not None:
            had, has = set(plan.before.get("tags", ())), set(plan.tags)
            restore.tags_given |= has - had
            restore.tags_taken |= had - has
    return restores


def still_ours(
    restore: Restore, marks: Mapping[int, int], listed: int | None, row: CollectionRow | None = None
) -> dict:
    """Return what is to be put back now: what still is as we left it. What the user changed since is theirs."""
    back = {e: was for e, was in restore.marks.items() if marks.get(e) == EpisodeStatus.WATCHED != was}
    to_list = None
    if restore.list_ours is not None and listed == restore.list_ours and restore.list_before not in {None, listed}:
        to_list = restore.list_before
    rate, tags = _rate_back(restore, row), _tags_back(restore, row)
    if to_list == CollectionType.WISH and row is not None and (row.rate if rate is None else rate):
        to_list = None  # Bangumi would drop the rating, which is the user's
    return {"marks": {str(e): was for e, was in back.items()}, "list": to_list, "rate": rate, "tags": tags}


def _rate_back(restore: Restore, row: CollectionRow | None) -> int | None:
    ours = row is not None and restore.rate_ours is not None and row.rate == restore.rate_ours
    return restore.rate_before if ours and restore.rate_before != restore.rate_ours else None


def _tags_back(restore: Restore, row: CollectionRow | None) -> list[str] | None:
    if row is None:
        return None
    missing = [tag for tag in sorted(restore.tags_taken) if tag not in row.tags]
    back = [tag for tag in row.tags if tag not in restore.tags_given] + missing
    return back if back != list(row.tags) else None


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
            "Subjects that were added by that run: %(n)s. Bangumi lets no program remove an entry: they stay on the "
            "list without our ticks; remove them by hand at bgm.tv if you like.",
            n=kept,
        )
    if ctx.run.dry_run:
        await ctx.log("Preview: subjects that would be put back: %(n)s.", n=len(plans))
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
    plans = SubjectPlan.objects.filter(run_id=run.undoes_id, restore__isnull=True).exclude(
        status=SubjectPlan.Status.PLANNED
    )
    return list(plans.exclude(status=SubjectPlan.Status.UNDONE).order_by("pk"))


async def _plan(ctx: Context, subject_id: int, restore: Restore) -> SubjectPlan | None:
    row = ctx.rows.get(subject_id)
    listing = await ctx.listing(subject_id) if restore.marks else Listing((), {})
    if listing is None or subject_id in ctx.hidden:
        await ctx.log(
            "bgm.tv/subject/%(subject_id)s can't be seen any more and stays as it is.", "warning", subject_id=subject_id
        )
        return None
    back = still_ours(restore, listing.marks, ctx.lists.get(subject_id), row)
    changed = len(restore.marks) - len(back["marks"])
    if changed:
        await ctx.log(
            "bgm.tv/subject/%(subject_id)s: episodes that were changed since, and stay as they are: %(n)s.",
            subject_id=subject_id,
            n=changed,
        )
    if not back["marks"] and all(back[name] is None for name in ENTRY):
        return None
    before = {
        "list": row.type if row else None,
        "rate": row.rate if row else 0,
        "tags": list(row.tags) if row else [],
        "marks": dict.fromkeys(back["marks"], int(EpisodeStatus.WATCHED)),
    }
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
    now = ctx.listings[plan.subject_id].marks if marks else {}
    try:
        await _set(ctx, plan, [e for e in marks if now.get(e) != EpisodeStatus.NONE], EpisodeStatus.NONE)
        for state in (EpisodeStatus.WISH, EpisodeStatus.DROPPED):
            await _set(ctx, plan, [e for e, was in marks.items() if was == state], state)
        await _write_entry(ctx, plan, plan.restore)
    except OutcomeUnknown:
        return


async def _write_entry(ctx: Context, plan: SubjectPlan, restore: Mapping[str, Any]) -> None:
    """Put state, rating and tags back in one request, as far as they are not so already."""
    row = ctx.rows.get(plan.subject_id)
    state, rate, tags = (restore.get(name) for name in ENTRY)
    if row is not None:
        state = None if state == row.type else state
        rate = None if rate == row.rate else rate
        tags = None if tags is not None and set(tags) == set(row.tags) else tags
    if state is None and rate is None and tags is None:
        return
    ctx.writes += 1
    plan.writes += 1
    kind = None if state is None else CollectionType(state)
    await ctx.bangumi.update_collection(plan.subject_id, type=kind, rate=rate, tags=tags)


async def _set(ctx: Context, plan: SubjectPlan, episodes: Sequence[int], state: EpisodeStatus) -> None:
    for start in range(0, len(episodes), MARK_LIMIT):
        ctx.writes += 1
        plan.writes += 1
        await ctx.bangumi.mark_episodes(plan.subject_id, episodes[start : start + MARK_LIMIT], type=state)


async def _is_back(ctx: Context, plan: SubjectPlan) -> bool:
    assert plan.restore is not None  # noqa: S101  # it is an undo's plan
    if any(plan.restore.get(name) is not None for name in ENTRY):
        row = await ctx.bangumi.collection(ctx.account.username, plan.subject_id)
        if row is None:
            return True  # the user took it off the list meanwhile
        ctx.rows[plan.subject_id] = row
        if not _is_entry_back(plan.restore, row):
            return False
    if not plan.restore["marks"]:
        return True
    listing: Listing | None = await ctx.reread(plan.subject_id)
    if listing is None:
        raise NotFound("bangumi", "the subject is no longer visible")
    return all(listing.marks.get(int(e), EpisodeStatus.NONE) == was for e, was in plan.restore["marks"].items())


def _is_entry_back(restore: Mapping[str, Any], row: CollectionRow) -> bool:
    state, rate, tags = (restore.get(name) for name in ENTRY)
    return (
        (state is None or row.type == state)
        and (rate is None or row.rate == rate)
        and (tags is None or set(row.tags) == set(tags))
    )


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
        if any(plan.restore.get(name) is not None for name in ENTRY):
            forget_written(plan)
            _undo_lists(plan)


def _undo_lists(plan: SubjectPlan) -> None:
    """Let the facts of lists that were written to the subject know that they are not any more."""
    rows = SyncItem.objects.filter(user_id=plan.user_id, state=SyncItem.State.DONE)
    rows = rows.exclude(kind=SyncItem.Kind.HISTORY).values_list("pk", "subject_id", "targets")
    ours = [pk for pk, subject, targets in rows if plan.subject_id == subject or plan.subject_id in targets]
    SyncItem.objects.filter(pk__in=ours).update(
        state=SyncItem.State.SKIPPED, reason=Reason.UNDONE, run_id=plan.run_id, ticked_subject_id=None
    )


def _mark_undone(plans: Sequence[SubjectPlan]) -> None:
    SubjectPlan.objects.filter(pk__in=[plan.pk for plan in plans]).update(status=SubjectPlan.Status.UNDONE)
