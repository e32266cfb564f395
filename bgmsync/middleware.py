"""Headers that every answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgmsync.shared import pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
WITH_PICTURES = POLICY.replace("img-src 'self' data:", f"img-src 'self' data: {pictures.SERVER}")
"""Of a page that has covers, for a person who allowed them."""


class ContentSecurityPolicy:
    """Forbid scripts and styles that are not files of ours, so that a title from outside can't run anything."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = WITH_PICTURES if pictures.are_shown(request) else POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        return response
