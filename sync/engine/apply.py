"""Stage four: write each subject's plan, on different subjects at once and on one subject never.

A subject is brought to where it should be by comparing and writing until a fresh read shows nothing left to do: that
one loop covers a lost answer, a write that did not stick, and what the user changed meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from bgmsync.shared.http import NotFound, OutcomeUnknown, Rejected, RemoteError, together
from sync.bangumi.client import MARK_LIMIT, NOT_COLLECTED
from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.engine import ledger
from sync.engine.confirm import confirm, wanted_marks
from sync.engine.context import STOPS_ALL
from sync.engine.entries import confirm_entries, count, goes_with_completion, reveal, shows_in_list, write_entry
from sync.engine.rules import Change
from sync.engine.shared import settle_shared
from sync.models import SubjectPlan, SyncItem, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.engine.context import Context
    from sync.engine.entries import Settle

State = SyncItem.State
Status = SubjectPlan.Status
TRIES = 3
"""How often a subject is written and read back in one run before it is left for the next one."""


async def apply(ctx: Context, plans: Sequence[SubjectPlan]) -> None:
    """Write *plans* and settle their items."""
    if not plans:
        return
    items = await sync_to_async(ledger.planned_items)(ctx.run.user_id)

    def settle(plan: SubjectPlan, state: State) -> None:
        ledger.settle(plan, items.get(plan.subject_id, []), state)

    await ctx.stage(SyncRun.Stage.APPLY, len(plans))
    await write(ctx, plans, settle)
    await sync_to_async(settle_shared)(plans, ctx.shared)


async def write(ctx: Context, plans: Sequence[SubjectPlan], settle: Settle) -> None:
    """Write *plans*, those of an undo as well, and settle each. The first error that concerns them all stops them.

    A user's wish to stop lets the subjects that have begun be seen through, and then stops the run.
    """
    await together(_write_subject(ctx, plan, settle) for plan in plans)
    unproven = [plan for plan in plans if plan.status == Status.APPLYING]
    await confirm_entries(ctx, unproven, settle)
    if any(plan.status == Status.PLANNED for plan in plans):
        ctx.check()


async def _write_subject(ctx: Context, plan: SubjectPlan, settle: Settle) -> None:
    async with ctx.writers:
        if ctx.stopping:
            return
        ctx.check()
        await sync_to_async(ledger.begin)(plan)
        try:
            written = await _converge(ctx, plan)
        except RemoteError as error:
            state = _end(plan, *_what_it_means(plan, error), error.detail)
            await sync_to_async(settle)(plan, state)
            if isinstance(error, STOPS_ALL):
                raise
        else:
            if written and shows_in_list(plan):
                ctx.run.step += 1
                return
            ending = (Status.DONE, State.DONE, "") if written else (Status.WAITING, State.WAITING, Reason.NOT_CONFIRMED)
            await sync_to_async(settle)(plan, _end(plan, *ending))
        ctx.run.step += 1


def _end(plan: SubjectPlan, status: Status, state: State, reason: str, detail: str = "") -> State:
    """Note on the plan how it ended, and return what that makes of its items."""
    plan.status, plan.reason, plan.detail = status, str(reason), detail[:300]
    return state


def _what_it_means(plan: SubjectPlan, error: RemoteError) -> tuple[Status, State, str]:
    """Return what an error makes of a subject's plan and its items, and why."""
    match error:
        case NotFound() if "locked" in error.detail or "merged" in error.detail:
            # Only a person can choose another subject for one that Bangumi locked or merged.
            return Status.FAILED, State.REVIEW, Reason.SUBJECT_LOCKED
        case NotFound() if not plan.mark and NOT_COLLECTED not in error.detail:
            # Nothing but this write has asked for the subject, or an undo sees it no more.
            return Status.FAILED, State.REVIEW, Reason.SUBJECT_MISSING
        case NotFound() | Rejected():
            # The plan saw the subject a moment ago; whether it is hidden now, the next plan asks. This one has begun,
            # and waits: what is marked may still have to be completed.
            return Status.WAITING, State.FAILED, error.reason
    return Status.WAITING, State.WAITING, error.reason


async def _converge(ctx: Context, plan: SubjectPlan) -> bool:
    """Write and read back until the plan is fulfilled; False when it does not stick."""
    back = wanted_marks(plan) if plan.restore is not None else {}
    change = Change(
        collect=CollectionType(plan.collect) if plan.collect else None,
        clear=tuple(plan.clear),
        mark=tuple(plan.mark),
        wish=tuple(e for e, was in back.items() if was == EpisodeStatus.WISH),
        drop=tuple(e for e, was in back.items() if was == EpisodeStatus.DROPPED),
        # What completes the subject can carry these along.
        rate=None if goes_with_completion(plan) else plan.rate,
        tags=None if plan.tags is None or goes_with_completion(plan) else tuple(plan.tags),
    )
    for _attempt in range(TRIES):
        await _write_surely(ctx, plan, change)
        left = await confirm(ctx, plan)
        if not left:
            break
        change = left
    else:
        return False
    if plan.complete:
        await _complete(ctx, plan)
    if plan.reveal:
        await reveal(ctx, plan)
    return True


async def _write_surely(ctx: Context, plan: SubjectPlan, change: Change) -> None:
    """Send what *change* asks for. A lost answer ends it: the read that follows tells what has arrived."""
    try:
        if change.writes_entry:
            await write_entry(ctx, plan, change)
        for state, episodes in change.marks.items():
            for start in range(0, len(episodes), MARK_LIMIT):
                await _mark(ctx, plan, episodes[start : start + MARK_LIMIT], state)
    except OutcomeUnknown:
        # Whether the entry itself arrived is not in the episode list, so it is asked for.
        row = await ctx.bangumi.collection(ctx.account.username, plan.subject_id)
        ctx.lists[plan.subject_id] = row.type if row else None


async def _mark(ctx: Context, plan: SubjectPlan, episodes: Sequence[int], state: EpisodeStatus) -> None:
    count(ctx, plan)
    await ctx.bangumi.mark_episodes(plan.subject_id, list(episodes), type=state)


async def _complete(ctx: Context, plan: SubjectPlan) -> None:
    """Set the entry to done, if it still is what it was; a rating that waited for this is written in any case."""
    rate, tags = (plan.rate, plan.tags) if goes_with_completion(plan) else (None, None)
    state = CollectionType.DONE if ctx.lists.get(plan.subject_id) == CollectionType.DOING else None
    if state is None and rate is None and tags is None:
        return
    count(ctx, plan)
    try:
        await ctx.bangumi.update_collection(plan.subject_id, type=state, rate=rate, tags=tags)
    except OutcomeUnknown:
        row = await ctx.bangumi.collection(ctx.account.username, plan.subject_id)
        if row is None or (state and row.type != state):
            raise
    if state is not None:
        ctx.lists[plan.subject_id] = state
