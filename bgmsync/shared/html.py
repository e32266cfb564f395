"""The two small marks that every page uses: an icon, and a badge that says a state by colour, icon and word."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.templatetags.static import static
from django.utils.html import format_html

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

ICONS = "bgmsync/icons.svg"


class Look(NamedTuple):
    """``tone`` is one of good, warn, bad, info and quiet; ``icon`` is the name of a symbol in ``icons.svg``."""

    tone: str
    icon: str


QUIET = Look("quiet", "dot")


def icon(name: str) -> SafeString:
    """Return the icon *name*; the word beside it is what a screen reader reads."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', static(ICONS), name
    )


def badge(look: Look, text: object) -> SafeString:
    return format_html('<span class="badge {}">{}{}</span>', look.tone, icon(look.icon), text)
