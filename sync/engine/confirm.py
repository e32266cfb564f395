"""Stage five: read a subject back, and say what of its plan has not arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgmsync.shared.http import NotFound
from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.engine.rules import Change

if TYPE_CHECKING:
    from sync.engine.context import Context
    from sync.models import SubjectPlan


async def confirm(ctx: Context, plan: SubjectPlan) -> Change:
    """Return what is still to be written; an empty change proves the plan.

    What stands on the list was answered for by the write itself, or asked for where its answer was lost.
    """
    collect = _still_to_collect(plan, ctx.lists.get(plan.subject_id))
    if not plan.mark:
        return Change(collect=collect)
    listing = await ctx.reread(plan.subject_id)
    if listing is None:
        raise NotFound("bangumi", "the subject is no longer visible")
    missing = tuple(e for e in plan.mark if listing.marks.get(e) != EpisodeStatus.WATCHED)
    clear = tuple(e for e in missing if listing.marks.get(e, EpisodeStatus.NONE) != EpisodeStatus.NONE)
    return Change(collect=collect, clear=clear, mark=missing)


def _still_to_collect(plan: SubjectPlan, listed: CollectionType | None) -> CollectionType | None:
    """Return the state to set while the entry is missing or a wish; anything else it is now is the user's doing."""
    if plan.collect and listed in {None, CollectionType.WISH} and listed != plan.collect:
        return CollectionType(plan.collect)
    return None
