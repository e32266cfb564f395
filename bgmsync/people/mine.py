"""The pages about oneself: the profile, what was done, all of one's data, and leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import check_for_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.i18n import set_language

from bgmsync.people import deletion, export, log, two_step
from bgmsync.people.access import signed_in
from bgmsync.people.forms import ByPassword, ProfileForm
from bgmsync.shared import audit
from bgmsync.shared.admin import QuickPaginator
from bgmsync.shared.consent import page
from bgmsync.shared.models import Profile
from bgmsync.watching.support import bundle
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from django.http import HttpRequest

LINES = 50


@require_http_methods(["GET", "POST"])
@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    mine, _made = Profile.objects.get_or_create(user=request.user)
    config, _made = TraktConfig.objects.get_or_create(user=request.user)
    form = ProfileForm(request.POST or None, instance=mine, config=config)
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.note(request, audit.Act.CHANGED_PROFILE)
        return _saved(request, mine)
    context = {"title": gettext("Profile"), "form": form, "two_step": two_step.is_on(request.user)}
    return page(request, "people/profile.html", context, 400 if form.errors else 200)


def _saved(request: HttpRequest, mine: Profile) -> HttpResponse:
    """Come back in the language that was chosen; one that was chosen by the switch before does not count any more."""
    with translation.override(mine.language or translation.get_language()):
        messages.success(request, gettext("Your profile is saved."))
    answer = redirect("people:profile")
    answer.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return answer


@require_http_methods(["GET", "POST"])
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language, and keep it in the profile of whoever is logged in."""
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated and chosen and check_for_language(chosen):
        Profile.objects.update_or_create(user=request.user, defaults={"language": chosen})
    return set_language(request)


@require_GET
@signed_in
def own_log(request: HttpRequest) -> HttpResponse:
    rows = QuickPaginator(log.own(request.user), LINES).get_page(request.GET.get("page"))
    lines = [log.line_of(entry, request.user) for entry in rows.object_list]
    context = {"title": gettext("What was done"), "lines": lines, "rows": rows, "own": True}
    return page(request, "people/log.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def export_all(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    if request.method == "GET":
        return page(request, "people/export.html", {"title": gettext("All your data")})
    audit.note(request, audit.Act.EXPORTED)
    name = f"bgmsync-{timezone.localdate():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(export.archive(request.user), content_type="application/zip", headers=headers)


@require_POST
@signed_in
def support(request: HttpRequest) -> HttpResponse:
    """Hand over the support bundle about oneself; the command makes the one about the installation."""
    audit.note(request, audit.Act.MADE_BUNDLE)
    name = f"bgmsync-support-{timezone.localdate():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(bundle(request.user), content_type="application/zip", headers=headers)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@never_cache
@signed_in
def delete(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays; with the password, do it."""
    form = ByPassword(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        return _delete(request)
    context = {"title": gettext("Delete your account?"), "form": form, "person": request.user, "own": True}
    return page(request, "people/delete.html", context, 400 if form.errors else 200)


def _delete(request: HttpRequest) -> HttpResponse:
    person = request.user
    try:
        told = deletion.delete(person)
    except deletion.Busy:
        messages.warning(request, busy_text())
        return redirect("people:delete")
    except deletion.LastSuperuser:
        messages.error(request, last_superuser_text())
        return redirect("people:delete")
    logout(request)
    messages.success(request, gettext("Your account and all that was kept of you here are deleted."))
    if not told:
        messages.warning(request, not_told_text())
    return redirect("admin:login")


def busy_text() -> str:
    return gettext(
        "A run or a comparison is under way. It was asked to stop, and nothing was deleted yet. Try again in a minute."
    )


def last_superuser_text() -> str:
    return gettext("This is the last superuser: nobody could run this installation any more. Nothing was deleted.")


def not_told_text() -> str:
    return gettext(
        "Trakt could not be told that its token is void. You can remove the app on Trakt's page of connected apps."
    )
