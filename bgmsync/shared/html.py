"""The small marks that every page uses: icons, badges that say a state by colour, icon and word, and times."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext, pgettext

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

ICONS = "bgmsync/icons.svg"

MOMENT = timedelta(minutes=1)


class Look(NamedTuple):
    """``tone`` is one of good, warn, bad, info and quiet; ``icon`` is the name of a symbol in ``icons.svg``."""

    tone: str
    icon: str


QUIET = Look("quiet", "dot")
NOTHING = mark_safe('<span class="none">–</span>')  # a constant
"""An empty cell of a list; narrow screens leave it out."""


def icon(name: str) -> SafeString:
    """Return the icon *name*; the word beside it is what a screen reader reads."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', static(ICONS), name
    )


def badge(look: Look, text: object) -> SafeString:
    return format_html('<span class="badge {}">{}{}</span>', look.tone, icon(look.icon), text)


def moment(at: datetime) -> SafeString:
    """Return a time that sorts and reads alike in every language, in the active zone."""
    local = timezone.localtime(at)
    return format_html('<time datetime="{}" class="nowrap">{}</time>', local.isoformat(), f"{local:%Y-%m-%d %H:%M}")


def ago(at: datetime | None) -> SafeString | str:
    """Say how long ago, or in how long, with the exact time at hand."""
    if at is None:
        return pgettext("time", "never")
    now = timezone.now()
    if abs(at - now) < MOMENT:
        text = gettext("just now") if at <= now else gettext("in a moment")
    elif at <= now:
        span = timesince(at, now, depth=1)  # ty: ignore[unknown-argument]  # the stubs lack Django's depth
        text = gettext("%(time)s ago") % {"time": span}
    else:
        span = timeuntil(at, now, depth=1)  # ty: ignore[unknown-argument]  # the stubs lack Django's depth
        text = gettext("in %(time)s") % {"time": span}
    local = timezone.localtime(at)
    exact = date_format(local, "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, text)
