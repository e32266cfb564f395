"""Note what this program wrote to an entry, so that whatever differs from it later is known to be the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.bangumi.schemas import CollectionType
from sync.models import Written

if TYPE_CHECKING:
    from sync.bangumi.schemas import CollectionRow
    from sync.models import SubjectPlan


def note_written(plan: SubjectPlan) -> None:
    """Note what a plan that is done wrote; call it in the transaction that stores the plan."""
    state = CollectionType.DONE if plan.complete else plan.collect
    if state is None and plan.rate is None and plan.tags is None:
        return
    row, _made = Written.objects.get_or_create(user_id=plan.user_id, subject_id=plan.subject_id)
    if state is not None:
        row.type = int(state)
    if plan.rate is not None:
        row.rate = plan.rate
    if plan.tags is not None:
        had, has = set(plan.before.get("tags", ())), set(plan.tags)
        row.tags = sorted((set(row.tags) | (has - had)) - (had - has))
    row.save()


def note_attempt(plan: SubjectPlan, row: CollectionRow | None) -> None:
    """Note what of an attempt that another plan takes over has arrived, as *row* shows it now."""
    if row is None:
        return
    state = CollectionType.DONE if plan.complete else plan.collect
    arrived = Written(
        type=state if state == row.type else None,
        rate=plan.rate if plan.rate == row.rate else None,
        tags=[tag for tag in plan.tags or () if tag in row.tags and tag not in plan.before.get("tags", ())],
    )
    if arrived.type is None and arrived.rate is None and not arrived.tags:
        return
    known, _made = Written.objects.get_or_create(user_id=plan.user_id, subject_id=plan.subject_id)
    known.type = arrived.type if arrived.type is not None else known.type
    known.rate = arrived.rate if arrived.rate is not None else known.rate
    known.tags = sorted({*known.tags, *arrived.tags})
    known.save()


def forget_written(plan: SubjectPlan) -> None:
    """Forget what was put back by an undo: it is as the user had it, and theirs."""
    restore = plan.restore or {}
    row = Written.objects.filter(user_id=plan.user_id, subject_id=plan.subject_id).first()
    if row is None:
        return
    row.type = row.type if restore.get("list") is None else None
    row.rate = row.rate if restore.get("rate") is None else None
    if restore.get("tags") is not None:
        row.tags = [tag for tag in row.tags if tag in restore["tags"]]
    row.save()
