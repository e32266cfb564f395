"""What a person says to a plan that waits: apply it, without these subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from sync import queue
from sync.models import BangumiAccount, SubjectPlan, SyncItem, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection

State = SyncItem.State
Status = SyncRun.Status


def approve(run: SyncRun, subjects: Collection[int]) -> bool:
    """Let *run* write what it showed for *subjects*, and leave out the rest; False when it does not wait any more.

    What is left out is not asked again by itself.
    """
    try:
        with transaction.atomic():
            now = timezone.now()
            waits = SyncRun.objects.filter(pk=run.pk, status=Status.AWAITING)
            if not waits.update(status=Status.QUEUED, approved_at=now, heartbeat_at=None):
                return False
            _answer(run, set(subjects))
            BangumiAccount.objects.filter(user_id=run.user_id, approved_at=None).update(approved_at=now)
            transaction.on_commit(lambda: queue.enqueue(run.pk))
    except IntegrityError:  # another run began in this very moment, and takes the plan's place
        return False
    return True


def _answer(run: SyncRun, wanted: set[int]) -> None:
    plans = run.plans.filter(status=SubjectPlan.Status.PLANNED, restore__isnull=True)
    shown = set(plans.values_list("subject_id", flat=True))
    plans.exclude(subject_id__in=wanted).update(status=SubjectPlan.Status.DECLINED)
    agreed, declined = [], []
    items = SyncItem.objects.filter(user_id=run.user_id, state=State.PLANNED).order_by()
    for pk, subject_id, targets in items.values_list("pk", "subject_id", "targets"):
        about = (set(targets) or {subject_id}) & shown
        if about & wanted:
            agreed.append(pk)
        elif about:
            declined.append(pk)
    for start in range(0, len(agreed), 500):
        SyncItem.objects.filter(pk__in=agreed[start : start + 500]).update(approved=True)
    for start in range(0, len(declined), 500):
        SyncItem.objects.filter(pk__in=declined[start : start + 500]).update(
            state=State.SKIPPED, reason=Reason.DECLINED, detail="", next_try_at=None, run=run
        )
