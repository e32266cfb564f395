"""Coming in: password, then the code where the person has a second step. No session is logged in before both.

Tries are counted by address, by account and address, and, far more generously, by account. A browser that has been let
in before counts for itself: whoever tries passwords at somebody's name shuts out themselves; from very many addresses
they shut out strange browsers for as long as they go on, and never the owner's own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model, login
from django.core import signing
from django.forms import ValidationError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bgmsync.people import two_step
from bgmsync.people.forms import CodeForm
from bgmsync.people.throttle import Limit, address_of, forgive, neighbourhood, too_many
from bgmsync.shared import audit
from bgmsync.shared.consent import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

PENDING = "password_was_right"
LIFE = 600
"""Seconds between the password and the code."""
MOST_FROM_HERE = 40
"""Tries in ten minutes from one address, where a household or an office may sit, at whichever names."""
MOST_PASSWORDS = 10
MOST_CODES = 5
"""Tries for one name, from one address or from one of its owner's own browsers."""
STRANGERS = 10
"""How many times as often all strange browsers together may try for one name."""
DEVICE = f"{settings.COOKIE_PREFIX}device"
DEVICE_LIFE = 180 * 24 * 3600
BACKEND = "django.contrib.auth.backends.ModelBackend"
TOO_OFTEN = _("Too many tries. Wait ten minutes, and try again.")


class CodeNeeded(Exception):  # noqa: N818  # a state of affairs, not a mistake
    """Name and password are right, and are not enough for this person."""

    def __init__(self, user: Any) -> None:
        super().__init__()
        self.user = user


class LogInForm(AdminAuthenticationForm):
    too_often = False

    def clean(self) -> dict[str, Any]:
        """Check the password, unless it was tried too often; raise :class:`CodeNeeded` where a code is due."""
        assert self.request is not None  # noqa: S101  # Django's log-in page gives it
        name = self.cleaned_data.get("username", "")
        here = Limit("log in from", neighbourhood(address_of(self.request)), MOST_FROM_HERE)
        limits = (here, *limits_for(self.request, "password", name, MOST_PASSWORDS))
        if too_many(*limits):
            self.too_often = True
            raise ValidationError(TOO_OFTEN)
        found = super().clean()
        forgive(*limits)
        user: Any = self.get_user()
        if user is not None and two_step.is_on(user):  # none: name or password was left empty
            raise CodeNeeded(user)
        return found


def log_in(request: HttpRequest, ask: Callable[[], Any]) -> HttpResponse:
    """Answer the log-in page, which Django *asks*; go on to the code where one is due."""
    try:
        answer = ask()
    except CodeNeeded as needed:
        _remember(request, needed.user)
        return redirect("people:code")
    if request.method == "POST" and request.user.is_authenticated:
        _know(answer, request)
    form = (getattr(answer, "context_data", None) or {}).get("form")
    if form is not None and form.too_often:
        answer.status_code = 429
    return answer


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@never_cache
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code, and log in. Whoever comes without a right password of just now begins at the beginning."""
    user = _remembered(request)
    if user is None:
        return redirect("admin:login")
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        limits = limits_for(request, "code", user.get_username(), MOST_CODES)
        status = 400
        if too_many(*limits):
            del request.session[PENDING]  # the next try begins with the password, and writes one more line of this
            form.add_error("code", str(TOO_OFTEN))
            audit.write(user, audit.Act.CODE_GUESSED)
            status = 429
        elif step := two_step.accept(user, form.cleaned_data["code"]):
            forgive(*limits)
            return _enter(request, user, step)
        else:
            form.add_error("code", gettext("That is not the code, or it was used already. Take the one shown now."))
    return page(request, "people/code.html", {"title": gettext("Your code"), "form": form}, status)


def _enter(request: HttpRequest, user: Any, step: two_step.Step) -> HttpResponse:
    pending = request.session.pop(PENDING)
    login(request, user, BACKEND)
    if step is two_step.Step.RECOVERY:
        audit.note(request, audit.Act.RECOVERED)
        n = two_step.left(user)
        told = ngettext(
            "You came in by a recovery code, which is used up now. %(n)s is left.",
            "You came in by a recovery code, which is used up now. %(n)s are left.",
            n,
        )
        messages.warning(request, told % {"n": n})
    answer = redirect(pending["next"])
    _know(answer, request)
    return answer


def limits_for(request: HttpRequest, what: str, name: str, most: int) -> tuple[Limit, ...]:
    """Return by what tries at the account of that *name* are counted, whether there is such a one or not."""
    name = get_user_model().normalize_username(name.strip()).lower()
    known = _known(request)
    if known and constant_time_compare(known[0], name):
        return (Limit(f"{what}, browser", known[1], most),)
    here = neighbourhood(address_of(request))
    return Limit(f"{what}, from", f"{here} {name}", most), Limit(f"{what}, name", name, STRANGERS * most)


def _known(request: HttpRequest) -> tuple[str, str] | None:
    """Return whose browser this is, and its number; the cookie says so, and we signed it."""
    try:
        name, number = signing.loads(request.COOKIES.get(DEVICE, ""), salt=DEVICE, max_age=DEVICE_LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(name), str(number)


def _know(answer: HttpResponse, request: HttpRequest) -> None:
    """Know this browser again as the person's own. It proves nothing but that they once logged in with it."""
    name = request.user.get_username().lower()
    known = _known(request)
    number = known[1] if known and known[0] == name else get_random_string(22)
    value = signing.dumps([name, number], salt=DEVICE)
    answer.set_cookie(DEVICE, value, DEVICE_LIFE, secure=settings.HTTPS, httponly=True, samesite="Lax")


def _remember(request: HttpRequest, user: Any) -> None:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    request.session.cycle_key()  # whoever planted this session in the browser must not go on with it
    request.session[PENDING] = {
        "user": user.pk,
        "proof": user.get_session_auth_hash(),
        "at": time.time(),
        "next": wanted if ours else reverse("admin:index"),
    }


def _remembered(request: HttpRequest) -> Any:
    """Return who gave the right password here a moment ago, and may still come in."""
    pending = request.session.get(PENDING)
    if not pending or time.time() - pending["at"] > LIFE:
        return None
    user = get_user_model().objects.filter(pk=pending["user"], is_active=True, is_staff=True).first()
    return user if user and constant_time_compare(pending["proof"], user.get_session_auth_hash()) else None
