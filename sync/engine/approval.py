"""Between plan and apply: a plan that the user wants to see first waits, and what was approved is checked once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from sync.engine import ledger
from sync.models import BangumiAccount, SubjectPlan, SyncItem
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.engine.context import Context
    from sync.models import SyncRun

State = SyncItem.State
Status = SubjectPlan.Status


async def must_ask(ctx: Context, plans: Sequence[SubjectPlan]) -> bool:
    """Tell whether the user is to see *plans* before they are applied.

    That is the first write to an account, and a run that carries over more than the user lets pass unseen. What was
    approved in an earlier run and did not arrive is not asked again.
    """
    ctx.check()
    run, config = ctx.run, ctx.config
    if not plans or not run.may_ask or run.approved_at:
        return False
    if config.ask_first and ctx.account.approved_at is None:
        return True
    if not config.ask_above:
        return False
    unseen = SyncItem.objects.filter(user_id=run.user_id, state=State.PLANNED, approved=False)
    return await unseen.acount() > config.ask_above


async def note_first_approval(ctx: Context) -> None:
    """Remember that this account may be written to: its user saw a plan, or asked not to be shown any."""
    if ctx.account.approved_at is None:
        ctx.account.approved_at = timezone.now()
        await BangumiAccount.objects.filter(pk=ctx.account.pk).aupdate(approved_at=ctx.account.approved_at)


def shown_plans(run: SyncRun) -> dict[int, SubjectPlan]:
    """Return, by subject, what the user was shown of *run*, and whether they left it out."""
    return {plan.subject_id: plan for plan in run.plans.filter(restore__isnull=True)}


def only_what_was_shown(
    run: SyncRun, plans: Sequence[SubjectPlan], shown: Mapping[int, SubjectPlan]
) -> list[SubjectPlan]:
    """Return those of the fresh *plans* that write nothing but what was *shown*; let the rest wait for the next run.

    What the user changed on Bangumi since may make a plan smaller, never larger.
    """
    kept = []
    with transaction.atomic():
        for plan in plans:
            older = shown.get(plan.subject_id)
            if older is not None and older.status == Status.DECLINED:
                plan.status = Status.DECLINED
                plan.save(update_fields=["status"])
            elif older is not None and is_within(plan, older):
                kept.append(plan)
            else:
                _leave(run, plan)
        left = {plan.subject_id for plan in kept}
        # What was shown and is not to be written any more was done by somebody else, or is asked anew.
        gone = [plan.pk for subject, plan in shown.items() if subject not in left and plan.status == Status.PLANNED]
        SubjectPlan.objects.filter(pk__in=gone, status=Status.PLANNED).delete()
    return kept


def is_within(plan: SubjectPlan, shown: SubjectPlan) -> bool:
    """Tell whether *plan* does nothing that *shown* did not say."""
    entry = (plan.collect in {None, shown.collect}) and (plan.rate in {None, shown.rate})
    tags = plan.tags is None or shown.tags is not None
    marks = set(plan.mark) <= set(shown.mark) and set(plan.clear) <= set(shown.clear)
    return entry and tags and marks and (shown.complete or not plan.complete)


def _leave(run: SyncRun, plan: SubjectPlan) -> None:
    items = list(SyncItem.objects.filter(user_id=run.user_id, state=State.PLANNED, subject_id=plan.subject_id))
    for item in items:
        ledger.put_back(item, State.WAITING, Reason.PLAN_CHANGED, counts=False)
    ledger.save_states(items)
    SyncItem.objects.filter(pk__in=[item.pk for item in items]).update(approved=False)
    plan.delete()
