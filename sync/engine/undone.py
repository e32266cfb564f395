"""What a finished undo means for the ledger: which items are undone, and what is not ours to remember any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from sync.engine import ledger
from sync.engine.targets import TAKEN, unfinished_undos
from sync.engine.written import forget_written
from sync.models import SubjectPlan, SyncItem
from sync.reasons import Reason

if TYPE_CHECKING:
    from sync.engine.targets import Target

Kind = SyncItem.Kind
KINDS_OF = {"rate": (Kind.RATINGS,), "tags": (Kind.COLLECTION,), "list": (Kind.WATCHLIST, Kind.HIDDEN)}
"""Whose facts each part of an entry was written for."""


def settle_undo(target: Target, plan: SubjectPlan, _state: SyncItem.State | None = None) -> None:
    """Store how an undo plan ended. Where all is put back, its items are undone, and the plans that wrote it too."""
    with transaction.atomic():
        plan.save()
        if plan.status != SubjectPlan.Status.DONE:
            return
        earlier = unfinished_undos(plan.user_id).filter(subject_id=plan.subject_id).exclude(pk=plan.pk)
        earlier.update(status=SubjectPlan.Status.FAILED, reason=Reason.INTERRUPTED)
        forget_written(plan)
        for part in ledger.chunks(_undone(target, plan)):
            SyncItem.objects.filter(pk__in=part).update(
                state=SyncItem.State.SKIPPED,
                reason=Reason.UNDONE,
                detail="",
                next_try_at=None,
                run_id=plan.run_id,
                ticked_subject_id=None,
                ticked_episode_id=None,
            )
        written = target.plans.get(plan.subject_id, [])
        SubjectPlan.objects.filter(pk__in=written).update(status=SubjectPlan.Status.UNDONE)


def _undone(target: Target, plan: SubjectPlan) -> list[int]:
    """Return the items whose tick, rating or entry is as if they had never been."""
    restore, subject_id = plan.restore or {}, plan.subject_id
    same = restore.get("same", {})
    put_back = {name for name in KINDS_OF if restore.get(name) is not None or name in same}
    episodes = {int(e) for e in restore["marks"]} | set(same.get("marks", ())) | target.held.get(subject_id, set())
    rows = SyncItem.objects.filter(user_id=plan.user_id, state__in=TAKEN)
    if target.items is not None:
        rows = rows.filter(pk__in=target.items.get(subject_id, []))
    of_episodes = Q(episode_id__in=episodes) | (Q(episode_id=None) if "list" in put_back else Q(pk__in=[]))
    plays = rows.filter(of_episodes, kind=Kind.HISTORY, subject_id=subject_id)
    found = list(plays.values_list("pk", flat=True))
    kinds = [kind for name in put_back for kind in KINDS_OF[name]]
    facts = rows.filter(kind__in=kinds).values_list("pk", "subject_id", "targets") if kinds else ()
    return found + [pk for pk, subject, targets in facts if subject_id == subject or subject_id in targets]
