"""The operators' pages: how everybody's syncs stand, what may be done for a member, invitations, and the log of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bgmsync.people import deletion, health, invitations, log, sessions, two_step
from bgmsync.people.access import may_manage, operators_only
from bgmsync.people.forms import ByPassword, InvitationForm
from bgmsync.people.joining import OFF
from bgmsync.people.mine import busy_text, last_superuser_text, not_told_text
from bgmsync.shared import audit
from bgmsync.shared.admin import QuickPaginator
from bgmsync.shared.consent import page
from bgmsync.shared.models import Invitation
from bgmsync.shared.people import MEMBERS, OPERATORS, Role, role_of
from sync import runs
from sync.admin.ready import what_is_missing
from sync.admin.report import progress
from sync.models import SyncRun

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Act = audit.Act
Trigger = SyncRun.Trigger
PEOPLE = 30
LINES = 50
STARTED_FOR_OTHERS = (Trigger.BUTTON, Trigger.PREVIEW)


@require_GET
@operators_only
def everybody(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()[:150]
    rows = QuickPaginator(health.listed(search), PEOPLE).get_page(request.GET.get("page"))
    context = {"title": gettext("People"), "rows": rows, "lines": health.lines_of(rows.object_list), "search": search}
    return page(request, "people/list.html", context)


@require_GET
@operators_only
def person(request: HttpRequest, pk: int) -> HttpResponse:
    whom = _person(pk)
    context = {
        "title": str(whom),
        "person": whom,
        "may_manage": may_manage(request.user, whom),
        "may_promote": request.user.is_superuser and not whom.is_superuser and whom.is_staff,
        "two_step": two_step.is_on(whom),
        "may_reset": request.user.is_superuser and whom.pk != request.user.pk,
        "missing": what_is_missing(whom),
        **health.standing_of(whom),
    }
    return page(request, "people/person.html", context)


@require_GET
@operators_only
def run(request: HttpRequest, pk: int) -> HttpResponse:
    found = _run(pk)
    context = {
        "title": gettext("Run %(number)s") % {"number": found},
        "person": found.user,
        "may_manage": may_manage(request.user, found.user),
        **health.run_of(found),
    }
    return page(request, "people/run.html", context)


@require_GET
@operators_only
def run_progress(_request: HttpRequest, pk: int) -> JsonResponse:
    """Tell a page that watches the run how far it is, as the same piece of page that it has."""
    found = _run(pk)
    html = render_to_string("admin/sync/syncrun/progress.html", {"original": found, **progress(found)})
    return JsonResponse({"final": not found.is_active, "html": html})


@require_POST
@operators_only
def start(request: HttpRequest, pk: int) -> HttpResponse:
    whom = _managed(request, pk)
    trigger = request.POST.get("trigger", "")
    if trigger not in STARTED_FOR_OTHERS:
        raise Http404
    if missing := what_is_missing(whom):
        messages.error(request, missing)
        return redirect("people:person", whom.pk)
    return _started(request, Act.STARTED, *runs.request(whom, Trigger(trigger)))


@require_POST
@operators_only
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Have what failed, or waits, of a member tried again now."""
    whom = _managed(request, pk)
    if not runs.retry_items(whom, whom.items.filter(state__in=("failed", "waiting"))):
        messages.info(request, gettext("There is nothing to retry."))
        return redirect("people:person", whom.pk)
    return _started(request, Act.RETRIED, *runs.request(whom, Trigger.RETRY, only_retry=True))


@require_POST
@operators_only
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = _run(pk)
    _managed(request, found.user_id)
    if runs.cancel(found):
        audit.note(request, Act.CANCELLED, found.user, found)
        messages.success(request, gettext("The run stops after the subject it is at. What was written stays."))
    else:
        messages.info(request, gettext("The run is over already."))
    return redirect("people:run", found.pk)


def _started(request: HttpRequest, act: Act, found: SyncRun, new: bool) -> HttpResponse:  # noqa: FBT001  # as runs.request returns it
    if new:
        audit.note(request, act, found.user, found)
    else:
        messages.info(request, gettext("A run is under way already; this is it."))
    return redirect("people:run", found.pk)


@require_POST
@operators_only
def set_active(request: HttpRequest, pk: int) -> HttpResponse:
    """Shut somebody out, or let them in again. Their schedule rests meanwhile; nothing of theirs is lost."""
    whom = _managed(request, pk)
    whom.is_active = request.POST.get("active") == "yes"
    whom.save(update_fields=["is_active"])
    if whom.is_active:
        messages.success(request, gettext("The account is active again."))
    else:
        for found in SyncRun.objects.filter(user=whom, status__in=SyncRun.ACTIVE):
            runs.cancel(found)
        messages.success(request, gettext("The account is deactivated: nobody can log in to it. Nothing was deleted."))
    audit.note(request, Act.LET_IN if whom.is_active else Act.SHUT_OUT, whom)
    return redirect("people:person", whom.pk)


@require_POST
@operators_only
def set_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a member an operator, or an operator a member: a superuser's to decide."""
    whom = _person(pk)
    if not request.user.is_superuser or role_of(whom) not in {Role.OPERATOR, Role.MEMBER}:
        raise PermissionDenied
    wanted, before = (OPERATORS, MEMBERS) if request.POST.get("role") == Role.OPERATOR else (MEMBERS, OPERATORS)
    whom.groups.remove(*Group.objects.filter(name=before))
    whom.groups.add(Group.objects.get(name=wanted))
    audit.note(request, Act.MADE_OPERATOR if wanted == OPERATORS else Act.MADE_MEMBER, whom)
    return redirect("people:person", whom.pk)


@require_POST
@operators_only
def reset_two_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody who lost their phone and their recovery codes in by the password alone: a superuser's to decide."""
    whom = _person(pk)
    if not request.user.is_superuser or whom.pk == request.user.pk:
        raise PermissionDenied
    if two_step.turn_off(whom):
        sessions.end_all(whom)  # the phone that is lost may be logged in
        audit.note(request, Act.TWO_STEP_OFF, whom)
        messages.success(request, gettext("Two-step log-in is off for %(name)s.") % {"name": whom})
    return redirect("people:person", whom.pk)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@never_cache
@operators_only
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    whom = _managed(request, pk)
    form = ByPassword(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        return _delete(request, whom)
    context = {"title": gettext("Delete %(name)s?") % {"name": whom}, "form": form, "person": whom, "own": False}
    return page(request, "people/delete.html", context, 400 if form.errors else 200)


def _delete(request: HttpRequest, whom: Any) -> HttpResponse:
    pk = whom.pk
    try:
        told = deletion.delete(whom)
    except deletion.Busy:
        messages.warning(request, busy_text())
        return redirect("people:person", pk)
    except deletion.LastSuperuser:
        messages.error(request, last_superuser_text())
        return redirect("people:person", pk)
    audit.note(request, Act.DELETED)
    messages.success(request, gettext("The account and all that was kept of it here are deleted."))
    if not told:
        messages.warning(request, not_told_text())
    return redirect("people:list")


@require_http_methods(["GET", "POST"])
@never_cache
@operators_only
def invite(request: HttpRequest) -> HttpResponse:
    """List the invitations; make one, and show its link this once."""
    form, link = InvitationForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        row, link = invitations.make(request.user, **form.cleaned_data)
        audit.note(request, Act.INVITED, about=row)
        form = InvitationForm()
    context = {
        "title": gettext("Invitations"),
        "form": form,
        "link": link,
        "closed": settings.REGISTRATION == OFF,
        "rows": Invitation.objects.select_related("made_by")[:LINES],
    }
    return page(request, "people/invitations.html", context, 400 if form.errors else 200)


@require_POST
@operators_only
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Invitation, pk=pk)
    audit.note(request, Act.WITHDREW, about=row)
    row.delete()
    messages.success(request, gettext("The invitation is withdrawn; its link does not work any more."))
    return redirect("people:invitations")


@require_GET
@operators_only
def everybodys_log(request: HttpRequest) -> HttpResponse:
    rows = QuickPaginator(log.everybodys(), LINES).get_page(request.GET.get("page"))
    lines = [log.line_of(entry, request.user) for entry in rows.object_list]
    context = {"title": gettext("What everybody did"), "lines": lines, "rows": rows, "own": False}
    return page(request, "people/log.html", context)


def _person(pk: int) -> Any:
    rows = get_user_model().objects.select_related("trakt", "bangumi").prefetch_related("groups")
    return get_object_or_404(rows, pk=pk)


def _run(pk: int) -> SyncRun:
    return get_object_or_404(SyncRun.objects.select_related("user"), pk=pk)


def _managed(request: HttpRequest, pk: int) -> Any:
    """Return the person, or refuse: operators act for members, and for nobody who may act for them."""
    whom = _person(pk)
    if not may_manage(request.user, whom):
        raise PermissionDenied
    return whom
