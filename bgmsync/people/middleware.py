"""Pages are as a person chose: their language, the zone that their schedule is read in, with covers or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.contrib.auth import get_user_model
from django.utils import timezone, translation

from bgmsync.people.zone import zone_named, zone_of_browser
from bgmsync.shared import pictures

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
