"""Making an account: by an invitation, or by anybody where the operator opened the door. Off by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bgmsync.people import invitations
from bgmsync.people.forms import JoinForm
from bgmsync.people.throttle import Limit, address_of, neighbourhood, too_many
from bgmsync.people.zone import zone_of_browser
from bgmsync.shared import audit
from bgmsync.shared.consent import page
from bgmsync.shared.models import Profile
from bgmsync.shared.people import MEMBERS
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from bgmsync.shared.models import Invitation

OFF, BY_INVITATION, OPEN = REGISTRATION = ("off", "invite", "open")
"""Values of the setting of that name."""
BACKEND = "django.contrib.auth.backends.ModelBackend"


class UsedUp(Exception):  # noqa: N818  # a state of affairs, not a mistake
    """Somebody else took the last use of the invitation."""


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
@never_cache
def join(request: HttpRequest, token: str = "") -> HttpResponse:
    """Show the form, make the account, and log in. Links that are wrong, used up and too old look all alike."""
    if request.user.is_authenticated:
        messages.info(request, gettext("You have an account and are logged in. Log out to make another one."))
        return redirect("admin:index")
    if (request.method == "POST" or token) and too_many(Limit("join", neighbourhood(address_of(request)))):
        return _closed(request, 429)
    invitation = invitations.find(token) if token else None
    if not _is_let_in(invitation):
        return _closed(request, 404)
    form = JoinForm(request.POST or None, initial={"language": get_language(), "timezone": _zone_for(request)})
    if request.method == "POST" and form.is_valid():
        try:
            user = make_member(form, invitation)
        except UsedUp:
            return _closed(request, 404)
        except IntegrityError:  # the name was taken between the look and the act
            form.add_error("username", gettext("A user with that username already exists."))
        else:
            return _welcome(request, user)
    context = {"title": gettext("Make an account"), "form": form}
    return page(request, "people/join.html", context, 400 if form.errors else 200)


def make_member(form: JoinForm, invitation: Invitation | None) -> Any:
    """Make a member of what a valid *form* says, all or nothing; raise :class:`UsedUp`."""
    with transaction.atomic():
        if invitation and not invitations.use(invitation):
            raise UsedUp
        user = form.save(commit=False)
        user.is_staff = True  # the program's pages are those of Django's admin; what a member may there is the group's
        user.save()
        user.groups.add(Group.objects.get(name=MEMBERS))
        Profile.objects.create(user=user, language=form.cleaned_data["language"], invitation=invitation)
        TraktConfig.objects.create(user=user, timezone=form.cleaned_data["timezone"])
        audit.write(user, audit.Act.JOINED, about=f"invitation {invitation}" if invitation else "")
    return user


def _is_let_in(invitation: Invitation | None) -> bool:
    if settings.REGISTRATION == OPEN:
        return True
    return settings.REGISTRATION == BY_INVITATION and invitation is not None


def _zone_for(request: HttpRequest) -> str:
    return zone_of_browser(request) or "UTC"


def _welcome(request: HttpRequest, user: Any) -> HttpResponse:
    login(request, user, BACKEND)
    messages.success(request, gettext("Welcome! Your account is made. A few steps, and it runs by itself."))
    return redirect("admin:index")


def _closed(request: HttpRequest, status: int) -> HttpResponse:
    return page(request, "people/closed.html", {"title": gettext("No way in here"), "status": status}, status)
