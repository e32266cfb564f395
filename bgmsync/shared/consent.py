"""What both services' browser flows share: the pending request in the session, and where to go afterwards.

A ``state`` is good once, for ten minutes, in the session that asked for it and for the user who asked.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.http import LocalBudget, Transport, Unauthorized, Unreachable, new_client, user_agent
from bgmsync.shared.http.oauth import new_state

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import httpx
    from django.http import HttpRequest, HttpResponse

    from bgmsync.shared.http import RemoteError
    from bgmsync.shared.models import Service

LIFE = 600
"""Seconds between leaving for the service and coming back."""
MOST_PENDING = 5
"""Tabs in which one session may be on its way at once; the oldest is forgotten first."""
PATIENCE = 20.0
"""Seconds for everything asked of a service while a person waits for a page."""


def begin(request: HttpRequest, service: Service, **kept: str) -> str:
    """Remember *kept* for the callback and return the ``state`` to send along."""
    state = new_state()
    pending = _pending(request, service)
    pending[state] = {"user": request.user.pk, "at": time.time(), "next": local_next(request), **kept}
    while len(pending) > MOST_PENDING:
        pending.pop(next(iter(pending)))
    request.session[_key(service)] = pending
    return state


def finish(request: HttpRequest, service: Service) -> dict[str, Any] | None:
    """Take what was remembered for the callback's ``state``; None when there is nothing (any more) for this user."""
    pending = _pending(request, service)
    found = pending.pop(request.GET.get("state", ""), None)
    request.session[_key(service)] = pending
    if found is None or found["user"] != request.user.pk or time.time() - found["at"] > LIFE:
        return None
    return found


class Trouble(NamedTuple):
    short: object
    long: object
    status: int = 400


TROUBLES = {
    "stale": Trouble(
        _("That request is over"),
        _(
            "The answer does not belong to a request that is still open here: it was used already, is older than ten "
            "minutes, or was begun in another browser or by another user. Nothing was changed. Please begin again."
        ),
    ),
    "denied": Trouble(
        _("You said no"),
        _("The service reports that the connection was not allowed. Nothing was changed."),
        200,
    ),
    "no_app": Trouble(
        _("This installation has no app at the service yet"),
        _("The operator registers one, once for everybody, and enters its client id here. Nothing was changed."),
        409,
    ),
    "refused": Trouble(
        _("The service refused the request"),
        _("Nothing was changed. What the service said is below; if it comes again, tell the operator."),
    ),
}
"""What may end a consent besides the errors of the services; those are explained by ``sync.reasons``."""


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Render a page that stands in the admin's frame though it has an address of its own."""
    return render(request, template, {**admin.site.each_context(request), **context}, status=status)


def trouble(request: HttpRequest, service: Service, code: str, detail: str = "") -> HttpResponse:
    """Show what happened, what it means for the data, and what to do: *code* is of :data:`TROUBLES` or a reason."""
    known = TROUBLES.get(code)
    context = {"service": service, "trouble": known, "code": code, "detail": detail[:300], "next": local_next(request)}
    return page(request, "connect/trouble.html", context, known.status if known else 502)


def failed(request: HttpRequest, service: Service, error: RemoteError) -> HttpResponse:
    """Show why the service did not take the code. A refused code is not a refused connection: begin again."""
    code = "stale" if isinstance(error, Unauthorized) else error.reason
    return trouble(request, service, code, error.detail)


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ask for the admin's log-in; afterwards the user is on the settings page, where all of this begins."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_active and request.user.is_staff:
            return view(request, *args, **kwargs)
        return redirect_to_login(settings_page(), reverse("admin:login"))

    return guarded


def local_next(request: HttpRequest) -> str:
    """Return the address to go to afterwards: one of our own, whatever was asked for."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if own and wanted.startswith("/") else settings_page()


def settings_page() -> str:
    return reverse("admin:trakt_traktconfig_mine")


def callback_uri(service: Service) -> str:
    """Return the redirect address, which must be registered at the service letter by letter."""
    return f"{settings.BASE_URL}/{service.value}/callback"


def leave(request: HttpRequest, service: Service, address: str) -> HttpResponse:
    """Send the browser to the service.

    By a page that refreshes and not by a redirect: our policy lets forms lead to our own addresses only, and
    browsers hold that against the redirects that follow a form as well.
    """
    response = page(request, "connect/leaving.html", {"address": address, "service": service.label})
    response["Refresh"] = f"0; url={address}"
    return response


@asynccontextmanager
async def talk(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """Open a client for one short talk with *service*; raise :class:`Unreachable` when it takes too long."""
    try:
        async with asyncio.timeout(PATIENCE), new_client(verify=settings.TLS) as http:
            yield http
    except TimeoutError:
        raise Unreachable(service.value, "no answer in time") from None


def transport(http: httpx.AsyncClient, service: Service, base_url: str) -> Transport:
    """Return a transport for the few requests of a consent, which are not worth a place in the shared budget."""
    return Transport(
        http,
        service=service.value,
        base_url=base_url,
        headers={"User-Agent": user_agent(service.value)},
        budget=LocalBudget(service.value),
        retry_scale=settings.RETRY_SCALE,
    )


def _key(service: Service) -> str:
    return f"consent_{service.value}"


def _pending(request: HttpRequest, service: Service) -> dict[str, dict[str, Any]]:
    return dict(request.session.get(_key(service), {}))
