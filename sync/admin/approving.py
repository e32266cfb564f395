"""A plan that waits for its user: what would be written, subject by subject with its tick box, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext

from bgmsync.shared import audit
from sync import approvals
from sync.admin.changes import changes_of, in_ranges
from sync.admin.subjects import cards_of
from sync.models import SubjectPlan, SyncRun
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from sync.admin.subjects import Card

Status = SyncRun.Status


@dataclass(frozen=True, slots=True)
class Choice:
    """One subject of a plan, and what would be written to it."""

    card: Card
    ticks: int
    episodes: str
    changes: list[str]


def question_of(run: SyncRun) -> dict[str, object]:
    """Return what the page of a run says whose plan waits; nothing for any other."""
    if run.status != Status.AWAITING:
        return {}
    plans = list(run.plans.filter(status=SubjectPlan.Status.PLANNED, restore__isnull=True))
    cards = cards_of(plan.subject_id for plan in plans)
    choices = [
        Choice(
            cards[plan.subject_id],
            len(plan.mark),
            in_ranges(cards[plan.subject_id].numbers.get(episode) for episode in plan.mark),
            list(changes_of(plan)),
        )
        for plan in plans
    ]
    choices.sort(key=lambda choice: (-choice.ticks, str(choice.card)))
    config = TraktConfig.objects.filter(user_id=run.user_id).first()
    return {"choices": choices, "ticks": sum(choice.ticks for choice in choices), "private": config and config.private}


def answer(request: HttpRequest, run: SyncRun) -> HttpResponse:
    """Take the ticked subjects of the form as approved, and the others as left out."""
    wanted = {int(value) for value in request.POST.getlist("subject") if value.isdecimal()}
    if not wanted:
        messages.error(request, gettext("No subject is ticked. To write nothing, choose “Not now”."))
    elif approvals.approve(run, wanted):
        said = ngettext("%(n)s subject is written now.", "%(n)s subjects are written now.", len(wanted))
        audit.note(request, audit.Act.APPROVED, run.user, run)
        messages.success(request, said % {"n": len(wanted)})
    else:
        messages.info(request, gettext("This plan was answered already, or a newer run replaced it."))
    return redirect("admin:sync_syncrun_change", run.pk)
