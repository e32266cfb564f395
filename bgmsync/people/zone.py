"""The browser's time zone: a cookie that ``zone.js`` sets. It counts only until the person has a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from django.http import HttpRequest

COOKIE = "zone"


def zone_of_browser(request: HttpRequest) -> str:
    """Return the name of the zone; empty when the browser did not say, or named none that there is."""
    name = request.COOKIES.get(COOKIE, "")
    return name if name and zone_named(name) else ""


def zone_named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no zone, or no name of one: the file is looked up by it
        return None
