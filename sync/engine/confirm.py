"""Stage five: read a subject back, and say what of its plan has not arrived."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bgmsync.shared.http import NotFound
from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.engine.rules import Change, left_to_mark

if TYPE_CHECKING:
    from sync.engine.context import Context
    from sync.models import SubjectPlan


async def confirm(ctx: Context, plan: SubjectPlan) -> Change:
    """Return what is still to be written; an empty change proves the plan.

    What stands on the list was answered for by the write itself, or asked for where its answer was lost.
    """
    collect = _still_to_collect(plan, ctx.lists.get(plan.subject_id))
    wanted = wanted_marks(plan)
    if not wanted:
        return Change(collect=collect)
    listing = await ctx.reread(plan.subject_id)
    if listing is None:
        raise NotFound("bangumi", "the subject is no longer visible")
    return replace(left_to_mark(wanted, listing.marks), collect=collect)


def wanted_marks(plan: SubjectPlan) -> dict[int, int]:
    """Return the episodes that the plan is about, and the state that it wants of each."""
    if plan.restore is not None:
        return {int(episode): was for episode, was in plan.restore["marks"].items()}
    return dict.fromkeys(plan.mark, int(EpisodeStatus.WATCHED))


def _still_to_collect(plan: SubjectPlan, listed: CollectionType | None) -> CollectionType | None:
    """Return the state to set while the entry is missing or a wish; anything else it is now is the user's doing.

    What an undo puts back is proven by the list alone, and what is not on it any more is not added again.
    """
    if plan.restore is None and plan.collect and listed in {None, CollectionType.WISH} and listed != plan.collect:
        return CollectionType(plan.collect)
    return None
