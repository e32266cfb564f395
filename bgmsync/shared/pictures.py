"""Covers come from Bangumi's picture server: only to whom allowed it, and only from there.

A page that shows one says so here, and only then does the content policy let its browser ask that server. Both notes
are kept where Django's own middleware keeps its: in the request's ``META``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from django.http import HttpRequest

SERVER = "https://lain.bgm.tv"
LONGEST = 300
"""Characters of an address; Bangumi's have about 60."""


def address_of(text: object) -> str:
    """Return the address if it is one of Bangumi's picture server, else nothing.

    >>> address_of("https://lain.bgm.tv/r/200/pic/cover/l/13/c5/400602_ZI8Y9.jpg")
    'https://lain.bgm.tv/r/200/pic/cover/l/13/c5/400602_ZI8Y9.jpg'
    >>> address_of("https://lain.bgm.tv@evil.example/x.jpg"), address_of("http://lain.bgm.tv/x.jpg")
    ('', '')
    """
    if not isinstance(text, str) or len(text) > LONGEST or not (text.isascii() and text.isprintable()):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if f"{parts.scheme}://{parts.netloc}" == SERVER and parts.path.strip("/") else ""


def allow(request: HttpRequest, *, allowed: bool) -> None:
    """Note what the profile of whoever asks says."""
    request.META["bgmsync.pictures"] = allowed


def are_allowed(request: HttpRequest) -> bool:
    return bool(request.META.get("bgmsync.pictures"))


def show(request: HttpRequest) -> None:
    """Note that the page has a picture."""
    request.META["bgmsync.shows_pictures"] = True


def are_shown(request: HttpRequest) -> bool:
    return bool(request.META.get("bgmsync.shows_pictures"))
