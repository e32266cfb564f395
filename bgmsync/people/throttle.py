"""How often the pages that can be guessed at may be asked: who comes too often is told to come back later."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache

if TYPE_CHECKING:
    from django.http import HttpRequest

PERIOD = 600
"""Seconds in which tries are counted together."""
MOST = 20


def too_many(what: str, who: str) -> bool:
    """Count one more try of *who*, and tell whether it is one too many.

    Counted in the cache: by each web process for itself, unless there is Redis.
    """
    key = f"tries:{what}:{sha256(who.encode()).hexdigest()}"
    cache.add(key, 0, PERIOD)
    try:
        return cache.incr(key) > MOST
    except ValueError:  # it expired between the two
        return False


def address_of(request: HttpRequest) -> str:
    """Return the client's address; behind a proxy, the one that the proxy saw."""
    seen = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return seen.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
