"""Connecting and disconnecting Trakt in the browser: by redirect with PKCE, or by a code on another page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bgmsync.shared import audit, consent
from bgmsync.shared.http import RemoteError
from bgmsync.shared.models import Service
from trakt import connect
from trakt.models import TraktConfig
from trakt.oauth import DeviceState, new_verifier

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

DEVICE = "trakt_device"
LONGEST_INTERVAL = 60
POLITE = 0.9
"""Trakt is asked no sooner than this share of the interval after the last time, whatever the browser does."""
DEVICE_TEXTS = {
    DeviceState.PENDING: _("Waiting for you to enter the code at Trakt."),
    DeviceState.SLOW_DOWN: _("Waiting for you to enter the code at Trakt."),
    DeviceState.UNKNOWN_CODE: _("Trakt does not know this code any more. Please begin again."),
    DeviceState.USED: _("This code was used already. Please begin again."),
    DeviceState.EXPIRED: _("The code has expired. Please begin again."),
    DeviceState.DENIED: _("Trakt reports that you said no. Nothing was changed."),
}


@require_POST
@consent.staff_only
def authorize(request: HttpRequest) -> HttpResponse:
    if not connect.app().client_id:
        return consent.trouble(request, Service.TRAKT, "no_app")
    verifier = new_verifier()
    state = consent.begin(request, Service.TRAKT, verifier=verifier)
    return consent.leave(request, Service.TRAKT, connect.authorize_url(state, verifier))


@require_GET
@never_cache
@consent.staff_only
def callback(request: HttpRequest) -> HttpResponse:
    pending = consent.finish(request, Service.TRAKT)
    if pending is None:
        return consent.trouble(request, Service.TRAKT, "stale")
    if error := request.GET.get("error"):
        code = "denied" if error == "access_denied" else "refused"
        return consent.trouble(request, Service.TRAKT, code, request.GET.get("error_description", error))
    try:
        connect.connect(_config(request), request.GET.get("code", ""), pending["verifier"])
    except RemoteError as error:
        return consent.failed(request, Service.TRAKT, error)
    return _connected(request, pending["next"])


@require_http_methods(["GET", "POST"])
@never_cache
@consent.staff_only
def device(request: HttpRequest) -> HttpResponse:
    """Ask Trakt for a code (POST), and show it (GET)."""
    if request.method == "POST":
        return _start_device(request)
    pending = _pending_device(request)
    if pending is None:
        return redirect(consent.settings_page())
    left = max(int(pending["until"] - time.time()), 0)
    context = {"title": gettext("Connect Trakt by a code"), "pending": pending, "minutes": left // 60 + 1}
    return consent.page(request, "connect/device.html", context)


@require_POST
@consent.staff_only
def device_poll(request: HttpRequest) -> JsonResponse:
    """Tell the page's script how it stands: ``state``, ``text``, and where to go when it is over."""
    pending = _pending_device(request)
    if pending is None:
        return JsonResponse(
            {"state": "over", "text": gettext("There is no open request."), "next": consent.settings_page()}
        )
    try:
        state = _poll(request, pending)
    except RemoteError as error:
        return JsonResponse({"state": "trouble" if error.permanent else "pending", "text": error.detail})
    if state is None:
        audit.note(request, audit.Act.CONNECTED, about=Service.TRAKT.label)
        messages.success(request, gettext("Trakt is connected."))
        return JsonResponse({"state": "connected", "text": gettext("Connected."), "next": pending["next"]})
    kind = "pending" if state.goes_on else "over"
    return JsonResponse({"state": kind, "text": str(DEVICE_TEXTS[state]), "seconds": pending["interval"]})


@require_POST
@consent.staff_only
def device_check(request: HttpRequest) -> HttpResponse:
    """Do the same without a script: the user says that the code has been entered."""
    pending = _pending_device(request)
    if pending is None:
        return redirect(consent.settings_page())
    try:
        state = _poll(request, pending)
    except RemoteError as error:
        return consent.failed(request, Service.TRAKT, error)
    if state is None:
        return _connected(request, pending["next"])
    messages.warning(request, str(DEVICE_TEXTS[state]))
    return redirect("trakt:device" if state.goes_on else consent.settings_page())


@require_http_methods(["GET", "POST"])
@consent.staff_only
def disconnect(request: HttpRequest) -> HttpResponse:
    config = _config(request)
    if request.method == "GET":
        return consent.page(
            request, "connect/disconnect.html", {"title": gettext("Disconnect Trakt?"), "service": Service.TRAKT.label}
        )
    told = connect.disconnect(config)
    audit.note(request, audit.Act.DISCONNECTED, about=Service.TRAKT.label)
    if told:
        messages.success(request, gettext("Trakt is disconnected. Schedule, history and settings are kept."))
    else:
        messages.warning(
            request,
            gettext(
                "Trakt is disconnected here, but could not be told. "
                "You can remove the app on Trakt's page of connected apps as well."
            ),
        )
    return redirect(consent.settings_page())


def _config(request: HttpRequest) -> TraktConfig:
    return TraktConfig.objects.get_or_create(user=request.user)[0]


def _connected(request: HttpRequest, address: str) -> HttpResponse:
    audit.note(request, audit.Act.CONNECTED, about=Service.TRAKT.label)
    messages.success(request, gettext("Trakt is connected."))
    return redirect(address)


def _start_device(request: HttpRequest) -> HttpResponse:
    if not connect.app().client_id:
        return consent.trouble(request, Service.TRAKT, "no_app")
    try:
        code = connect.start_device()
    except RemoteError as error:
        return consent.failed(request, Service.TRAKT, error)
    request.session[DEVICE] = {
        "user": request.user.pk,
        "device_code": code.device_code.get_secret_value(),
        "user_code": code.user_code,
        "address": code.verification_url,
        "interval": code.interval,
        "until": time.time() + code.expires_in,
        "polled_at": 0,
        "next": consent.local_next(request),
    }
    return redirect("trakt:device")


def _pending_device(request: HttpRequest) -> dict[str, Any] | None:
    pending = request.session.get(DEVICE)
    if pending is None or pending["user"] != request.user.pk or time.time() > pending["until"]:
        request.session.pop(DEVICE, None)
        return None
    return pending


def _poll(request: HttpRequest, pending: dict[str, Any]) -> DeviceState | None:
    """Ask Trakt once, if it allows that already."""
    if time.time() - pending["polled_at"] < pending["interval"] * POLITE:
        return DeviceState.PENDING
    pending["polled_at"] = time.time()
    request.session.modified = True
    state = connect.poll_device(_config(request), pending["device_code"])
    if state == DeviceState.SLOW_DOWN:
        pending["interval"] = min(pending["interval"] * 2, LONGEST_INTERVAL)
    if state is None or not state.goes_on:
        request.session.pop(DEVICE, None)
    return state
