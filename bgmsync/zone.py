"""Times are shown in the user's own zone, the one that their schedule is read in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone

from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class UserTimeZone:
    """Activate the zone of whoever is logged in for the length of a request; one indexed read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = None
        if request.user.is_authenticated:
            name = TraktConfig.objects.filter(user=request.user).values_list("timezone", flat=True).first()
        with timezone.override(ZoneInfo(name) if name else None):
            return self.get_response(request)
