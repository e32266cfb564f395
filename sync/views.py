"""Connecting and disconnecting Bangumi in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bgmsync.shared import audit, consent
from bgmsync.shared.http import RemoteError, Unauthorized
from bgmsync.shared.models import Service
from sync import connect
from sync.models import BangumiAccount
from sync.reasons import text_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class TokenForm(forms.Form):
    token = forms.RegexField(
        label=_("Access token"),
        regex=r"^[\x21-\x7e]{8,200}$",
        error_messages={"invalid": _("That is not a token: it is one word of letters and digits.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Paste it here. It is checked, stored encrypted, and never shown again."),
    )
    days = forms.IntegerField(
        label=_("Valid for (days)"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("What you chose when you made it, so that you are reminded in time. Empty: Bangumi is asked."),
    )


@require_POST
@consent.staff_only
def authorize(request: HttpRequest) -> HttpResponse:
    if not connect.app().client_id:
        return consent.trouble(request, Service.BANGUMI, "no_app")
    state = consent.begin(request, Service.BANGUMI)
    return consent.leave(request, Service.BANGUMI, connect.authorize_url(state))


@require_GET
@never_cache
@consent.staff_only
def callback(request: HttpRequest) -> HttpResponse:
    pending = consent.finish(request, Service.BANGUMI)
    if pending is None:
        return consent.trouble(request, Service.BANGUMI, "stale")
    if error := request.GET.get("error"):
        code = "denied" if error == "access_denied" else "refused"
        return consent.trouble(request, Service.BANGUMI, code, request.GET.get("error_description", error))
    try:
        connect.connect(_account(request), request.GET.get("code", ""))
    except RemoteError as error:
        return consent.failed(request, Service.BANGUMI, error)
    audit.note(request, audit.Act.CONNECTED, about=Service.BANGUMI.label)
    messages.success(request, gettext("Bangumi is connected."))
    return redirect(pending["next"])


@sensitive_post_parameters("token")
@require_http_methods(["GET", "POST"])
@never_cache
@consent.staff_only
def token(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            connect.connect_by_token(_account(request), form.cleaned_data["token"], form.cleaned_data["days"])
        except RemoteError as error:
            form.add_error("token", _why_not(error))
        else:
            audit.note(request, audit.Act.CONNECTED, about=Service.BANGUMI.label)
            messages.success(request, gettext("Bangumi is connected."))
            return redirect(consent.local_next(request))
    context = {
        "title": gettext("Connect Bangumi by an access token"),
        "form": form,
        "token_page": connect.TOKEN_PAGE,
        "next": consent.local_next(request),
    }
    return consent.page(request, "connect/bangumi_token.html", context, 400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@consent.staff_only
def disconnect(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        context = {"title": gettext("Disconnect Bangumi?"), "service": Service.BANGUMI.label}
        return consent.page(request, "connect/disconnect.html", context)
    connect.disconnect(_account(request))
    audit.note(request, audit.Act.DISCONNECTED, about=Service.BANGUMI.label)
    messages.success(request, gettext("Bangumi is disconnected. What was written there stays; history is kept."))
    return redirect(consent.settings_page())


def _account(request: HttpRequest) -> BangumiAccount:
    return BangumiAccount.objects.get_or_create(user=request.user)[0]


def _why_not(error: RemoteError) -> str:
    if isinstance(error, Unauthorized):
        return gettext("Bangumi does not accept this token. Nothing was changed. Make a new one and paste it whole.")
    text = text_of(error.reason)
    return gettext("%(what)s. Nothing was changed. Please try again later.") % {"what": text.short}
