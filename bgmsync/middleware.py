"""What holds for every request before anything else looks at it, and for every answer."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse

from bgmsync.shared import pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    Handler = Callable[[HttpRequest], HttpResponse]

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
"""Scripts and styles are files of ours alone, so that a title from outside can't run anything."""
WITH_PICTURES = POLICY | {"img-src": f"'self' data: {pictures.SERVER}"}
"""Of a page that has covers, for a person who allowed them."""
UNUSED = (
    "camera",
    "display-capture",
    "geolocation",
    "microphone",
    "midi",
    "payment",
    "usb",
)
"""What no page of ours needs of a browser, and so what nobody may ask for in our name."""

MB = 1 << 20
LARGEST_BODY = 8 * MB
"""Of a form, files of rules included."""
UPLOAD = "admin:trakt_traktconfig_upload"
"""The page that takes Trakt's export, which is larger: it reads nothing of those who are not logged in, and counts."""


class Proxy:
    """Take the caller's address, and whether they came by https, from the proxy that stands before the program.

    Only the last address of ``X-Forwarded-For`` is the proxy's own word; those before it are what the caller claims.
    """

    def __init__(self, get_response: Handler) -> None:
        if not settings.BEHIND_PROXY:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if _is_address(seen):
            request.META["REMOTE_ADDR"] = seen
        # A proxy that does not say how it was asked, or a health check that comes past it, must not be sent in circles.
        request.META.setdefault("HTTP_X_FORWARDED_PROTO", "https")
        return self.get_response(request)


class Headers:
    """Tell the browser what these pages never do, so that it refuses where somebody made them do it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.policy, self.with_pictures = _text_of(POLICY), _text_of(WITH_PICTURES)
        self.headers = {
            "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = self.with_pictures if pictures.are_shown(request) else self.policy
        response.headers.setdefault("Content-Security-Policy", policy)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response


class BodyLimit:
    """Refuse a body by the length that it announces, before any of it is read; one that announces none is empty."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """Look before anything else does: Django would read a form, files and all, to find the token in it."""
        counts_itself = request.resolver_match is not None and request.resolver_match.view_name == UPLOAD
        if _length_of(request) > LARGEST_BODY and not counts_itself:
            return HttpResponse("Too large.", status=413, content_type="text/plain")
        return None


def _text_of(policy: dict[str, str]) -> str:
    whole = policy | ({"upgrade-insecure-requests": ""} if settings.HTTPS else {})
    return "; ".join(f"{name} {value}".strip() for name, value in whole.items())


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _length_of(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
