"""Every address of the program, from its own table of them, filled with the keys of somebody's rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.urls import URLPattern, URLResolver, get_resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
TEXTS = {"token": "no-such-token", "app_label": "sync", "reason": "internal", "year": "2024"}


def patterns(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Give each address as Django has it, parameters and all."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, before + str(entry.pattern))
        elif isinstance(entry, URLPattern) and not str(entry.pattern).startswith(("(?P", "^")):
            yield before + str(entry.pattern)


def filled(key: int) -> list[str]:
    """Return each address with *key* wherever it wants one."""
    return sorted({PARAMETER.sub(lambda found: TEXTS.get(found[2], str(key)), text) for text in patterns()})
