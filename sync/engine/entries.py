"""Write entries of the user's list, and prove them all by reading the list once more, where that asks for less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from bgmsync.shared.http import NotFound, OutcomeUnknown, together
from sync.bangumi.client import COLLECTION_LIMIT
from sync.bangumi.schemas import CollectionType, SubjectType
from sync.engine import ledger
from sync.engine.kinds.entry import MOST_TAGS
from sync.engine.rules import Change
from sync.models import SubjectPlan, SyncItem
from sync.reasons import Reason
from trakt.models import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sync.bangumi.schemas import CollectionRow
    from sync.engine.context import Context

    Settle = Callable[[SubjectPlan, SyncItem.State], None]
    """Stores how a plan ended, together with its items, and the state that this makes of them."""

Status = SubjectPlan.Status
TRIES = 3
"""How often an entry is written and read back in one run before it is left for the next one."""


def count(ctx: Context, plan: SubjectPlan) -> None:
    plan.writes += 1
    ctx.writes += 1


def goes_with_completion(plan: SubjectPlan) -> bool:
    """Tell whether the write that completes the subject carries its rating and tags, so that one write does for all."""
    return plan.complete and not plan.collect


def shows_in_list(plan: SubjectPlan) -> bool:
    """Tell whether only the user's list can prove the plan."""
    changes_entry = plan.rate is not None or plan.tags is not None or plan.reveal
    return changes_entry or bool(plan.collect and not plan.mark)  # an undo has no marks to set here


async def write_entry(ctx: Context, plan: SubjectPlan, change: Change) -> None:
    """Send the entry's part of *change* in one request.

    The state is sent only where it changes: Bangumi shows it in the timeline whenever it is sent.
    """
    subject, state = plan.subject_id, change.collect
    tags = None if change.tags is None else tags_on(plan, ctx.rows.get(subject))
    count(ctx, plan)
    if ctx.lists.get(subject) is None and state is not None:
        private = True if ctx.config.private or plan.reveal else None
        await ctx.bangumi.create_collection(subject, state, rate=change.rate, tags=tags, private=private)
    else:
        await ctx.bangumi.update_collection(subject, type=state, rate=change.rate, tags=tags)
    if state is not None:
        ctx.lists[subject] = state


async def reveal(ctx: Context, plan: SubjectPlan) -> None:
    """Show an entry that was added hidden: that leaves no line in the timeline."""
    count(ctx, plan)
    try:
        await ctx.bangumi.update_collection(plan.subject_id, private=False)
    except OutcomeUnknown:
        return  # the read of the list tells


async def confirm_entries(ctx: Context, plans: Sequence[SubjectPlan], settle: Settle) -> None:
    """Read back the entries of *plans*, write again what has not arrived, and settle what has."""
    left = list(plans)
    for attempt in range(TRIES):
        if not left:
            return
        rows = await _read_back(ctx, [plan.subject_id for plan in left])
        missing = {plan.pk: still_missing(plan, rows.get(plan.subject_id)) for plan in left}
        for plan in [plan for plan in left if not missing[plan.pk]]:
            plan.status, plan.reason, plan.detail = Status.DONE, "", ""
            await sync_to_async(settle)(plan, SyncItem.State.DONE)
        left = [plan for plan in left if missing[plan.pk]]
        if attempt < TRIES - 1:
            await together(_write_again(ctx, plan, missing[plan.pk]) for plan in left)
    for plan in left:
        plan.status, plan.reason = Status.WAITING, str(Reason.NOT_CONFIRMED)
        await sync_to_async(settle)(plan, SyncItem.State.WAITING)


async def _read_back(ctx: Context, subjects: Collection[int]) -> dict[int, CollectionRow]:
    """Read the list's pages once more, or the single entries where these are fewer."""
    username = ctx.account.username
    listed = sum(state is not None for state in ctx.lists.values())
    pages = max(-(-max(ctx.account.listed, listed) // COLLECTION_LIMIT), 1)
    if len(subjects) > pages:
        everything = ctx.config.scope == Scope.ALL
        found = await ctx.bangumi.collections(username, None if everything else SubjectType.ANIME)
        rows = {row.subject_id: row for row in found}
    else:
        rows = {}
    # What is not in the pages may be of another type than anime.
    single = await together(_entry(ctx, subject) for subject in subjects if subject not in rows)
    rows |= {row.subject_id: row for row in single if row is not None}
    ctx.rows |= rows
    told = [row.subject for subject, row in rows.items() if row.subject and subject in set(subjects)]
    await sync_to_async(ledger.remember_names)(told)
    return rows


async def _entry(ctx: Context, subject_id: int) -> CollectionRow | None:
    try:
        return await ctx.bangumi.collection(ctx.account.username, subject_id)
    except NotFound:
        return None


def still_missing(plan: SubjectPlan, row: CollectionRow | None) -> Change:
    """Return what of the entry's part of a plan has not arrived; an empty change proves it.

    A state that is neither what it was nor what was written is the user's doing meanwhile, and stays.
    """
    if row is None and plan.restore is not None:
        return Change()  # the user took it off the list meanwhile
    if row is None:
        return Change(collect=_state(plan), rate=plan.rate, tags=plan.tags and tuple(plan.tags))
    wanted = _state(plan)
    collect = wanted if wanted is not None and row.type != wanted and row.type == plan.before.get("list") else None
    rate = plan.rate if plan.rate is not None and row.rate != plan.rate else None
    tags = tuple(plan.tags) if plan.tags is not None and not _has_tags(plan, row) else None
    return Change(collect=collect, rate=rate, tags=tags, reveal=plan.reveal and row.private)


def _state(plan: SubjectPlan) -> CollectionType | None:
    return CollectionType.DONE if plan.complete else (CollectionType(plan.collect) if plan.collect else None)


def _has_tags(plan: SubjectPlan, row: CollectionRow) -> bool:
    """Tell whether the tags we gave are there and those we took are gone; others may be the user's of this minute."""
    had, wanted, has = set(plan.before.get("tags", ())), set(plan.tags or ()), set(row.tags)
    return has >= wanted - had and not has & (had - wanted)


def tags_on(plan: SubjectPlan, row: CollectionRow | None) -> tuple[str, ...]:
    """Return the tags to write, which go whole: those of *row*, the freshest that is known, with ours given and taken.

    A tag that the user gave or took since the plan was made stays as they left it.
    """
    had, wanted = list(plan.before.get("tags", ())), list(plan.tags or ())
    if row is None:
        return tuple(wanted)
    given = [tag for tag in wanted if tag not in had and tag not in row.tags]
    return (*(tag for tag in row.tags if tag in wanted or tag not in had), *given)[:MOST_TAGS]


async def _write_again(ctx: Context, plan: SubjectPlan, change: Change) -> None:
    async with ctx.writers:
        ctx.check()
        try:
            if change.writes_entry:
                await write_entry(ctx, plan, change)
            if change.reveal:
                await reveal(ctx, plan)
        except OutcomeUnknown:
            return  # the read that follows tells
