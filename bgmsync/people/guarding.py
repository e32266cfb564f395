"""A person's own pages about who else could be them: the second step of the log-in, and where they are logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bgmsync.people import sessions, two_step
from bgmsync.people.access import signed_in
from bgmsync.people.forms import ByPassword, TurnOnForm
from bgmsync.shared import audit
from bgmsync.shared.consent import page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Act = audit.Act


@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
@never_cache
@signed_in
def second_step(request: HttpRequest) -> HttpResponse:
    """Show how to turn it on, or that it is on; take the code, or the password, that changes it."""
    if two_step.is_on(request.user):
        return _change(request)
    form = TurnOnForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        codes = two_step.confirm(request.user, form.cleaned_data["code"])
        if codes is not None:
            audit.note(request, Act.TWO_STEP_ON)
            sessions.end_others(request)  # they came in by the password alone
            return _codes(request, codes)
        form.add_error("code", gettext("The app shows another code. Is the clock of your phone right?"))
    row = two_step.begin(request.user)
    context = {
        "title": gettext("Two-step log-in"),
        "form": form,
        "required": two_step.is_required_of(request.user),
        "picture": mark_safe(two_step.picture_of(row)),  # noqa: S308  # drawn by us, of squares alone
        "secret": two_step.grouped(row.secret),
        "address": two_step.address_of(row),
    }
    return page(request, "people/two_step_on.html", context, 400 if form.errors else 200)


def _change(request: HttpRequest) -> HttpResponse:
    """Turn it off, or make new recovery codes, as the button that was pressed says."""
    form = ByPassword(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") == "codes":
            audit.note(request, Act.NEW_CODES)
            return _codes(request, two_step.new_codes(request.user))
        two_step.turn_off(request.user)
        audit.note(request, Act.TWO_STEP_OFF)
        messages.success(request, gettext("Two-step log-in is off. Your password alone lets you in."))
        return redirect("people:two_step")
    context = {
        "title": gettext("Two-step log-in"),
        "form": form,
        "left": two_step.left(request.user),
        "required": two_step.is_required_of(request.user),
    }
    return page(request, "people/two_step.html", context, 400 if form.errors else 200)


def _codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return page(request, "people/recovery.html", {"title": gettext("Your recovery codes"), "codes": codes})


@require_GET
@never_cache
@signed_in
def logged_in(request: HttpRequest) -> HttpResponse:
    context = {"title": gettext("Where you are logged in"), "lines": sessions.listed(request)}
    return page(request, "people/sessions.html", context)


@require_POST
@signed_in
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End the session that is named, or all but this one where none is."""
    named = request.POST.get("session")
    n = sessions.end(request, named) if named else sessions.end_others(request)
    if n:
        audit.note(request, Act.ENDED_SESSIONS)
        messages.success(request, ngettext("%(n)s log-in was ended.", "%(n)s log-ins were ended.", n) % {"n": int(n)})
    else:
        messages.info(request, gettext("There was none to end."))
    return redirect("people:sessions")
