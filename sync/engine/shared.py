"""Settle the items that several subjects were written for: such an item is done when all of them are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from sync.engine import ledger
from sync.models import SubjectPlan, SyncItem
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

State = SyncItem.State
Status = SubjectPlan.Status
FOR_A_PERSON = (Reason.SUBJECT_LOCKED, Reason.SUBJECT_MISSING)


def settle_shared(plans: Iterable[SubjectPlan], shared: Mapping[int, set[int]]) -> None:
    """Give each item of *shared* (the subjects by item) the worst that came of its subjects' plans."""
    by_subject = {plan.subject_id: plan for plan in plans}
    with transaction.atomic():
        items = SyncItem.objects.filter(pk__in=list(shared)).defer("evidence", "candidates")
        for item in items:
            mine = [by_subject[subject] for subject in shared[item.pk] if subject in by_subject]
            _settle(item, [plan for plan in mine if plan.status != Status.DONE])
        ledger.save_states(items)


def _settle(item: SyncItem, failed: list[SubjectPlan]) -> None:
    item.next_try_at = None
    if not failed:
        item.state, item.reason, item.detail = State.DONE, "", ""
        return
    worst = next((plan for plan in failed if plan.reason in FOR_A_PERSON), failed[0])
    if worst.reason in FOR_A_PERSON:
        item.state, item.reason, item.detail = State.REVIEW, worst.reason, worst.detail
    else:
        ledger.put_back(item, State.WAITING, worst.reason or Reason.INTERRUPTED, worst.detail)
