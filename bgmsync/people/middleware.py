"""What a page is like for whom: as they chose (language, zone, covers), and nothing before their second step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.shortcuts import redirect
from django.utils import timezone, translation

from bgmsync.people import two_step
from bgmsync.people.zone import zone_named, zone_of_browser
from bgmsync.shared import pictures

OPEN_BEFORE = {
    "people:two_step",
    "admin:login",
    "admin:logout",
    "admin:jsi18n",
    "set_language",
    "home",
    "healthz",
    "readyz",
    "metrics",
}
"""What can be opened without the second step that is asked for."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class Chosen(NamedTuple):
    language: str | None = None
    zone: str | None = None
    pictures: bool | None = None


class LanguageAndZone:
    """Activates both for the length of a request; one indexed read. Without a choice it is as the browser asks.

    Whether covers may be shown comes with the same read (see :mod:`bgmsync.shared.pictures`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = _chosen_by(request)
        pictures.allow(request, allowed=bool(chosen.pictures))
        if chosen.language:
            translation.activate(chosen.language)  # Django's own middleware, outside of this one, did so before
        name = chosen.zone or zone_of_browser(request)
        with timezone.override(zone_named(name) if name else None):
            return self.get_response(request)


def _chosen_by(request: HttpRequest) -> Chosen:
    if not request.user.is_authenticated:
        return Chosen()
    rows = get_user_model().objects.filter(pk=request.user.pk)
    return Chosen(*(rows.values_list("profile__language", "trakt__timezone", "profile__pictures_shown").first() or ()))


class RequireTwoStep:
    """Show those of whom the setting asks a second step the page that turns it on, and no other page before.

    Who has one came in by it: turning it on ends the log-ins that were made without.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        match = request.resolver_match
        if settings.REQUIRE_TOTP == two_step.OFF or (match and match.view_name in OPEN_BEFORE):
            return None
        user = request.user
        if user.is_authenticated and two_step.is_required_of(user) and not two_step.is_on(user):
            return redirect("people:two_step")
        return None
