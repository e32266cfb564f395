"""What a row of the ledger is, in words: its kind, what Trakt says of it, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from sync.models import SyncItem

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = SyncItem.Kind

SINCE = {
    Kind.HISTORY: pgettext_lazy("time", "Watched"),
    Kind.RATINGS: _("Rated"),
    Kind.COLLECTION: _("Collected"),
    Kind.WATCHLIST: _("Listed"),
    Kind.HIDDEN: _("Hidden"),
}
"""What the date of a row means, by kind."""
SECTIONS = {"dropped": _("dropped"), "hidden": _("hidden from progress")}


class Named(NamedTuple):
    name: object
    text: object


def facts_of(item: SyncItem) -> list[Named]:
    """Return what Trakt says of a row: what it is, what was given or owned, and when."""
    kind = Kind(item.kind)
    when = date_format(localtime(item.watched_at), "DATETIME_FORMAT") if item.watched_at else gettext("date unknown")
    return [Named(_("Kind"), kind.label), *_told(item), Named(SINCE[kind], when), *_gone(item)]


def short_fact(item: SyncItem) -> str:
    """Say the same in a word or two, for lists."""
    rating = item.told.get("rating")
    if item.kind == Kind.RATINGS and rating:
        return gettext("rated %(rating)s") % {"rating": rating}
    return str(Kind(item.kind).label)


def _told(item: SyncItem) -> Iterator[Named]:
    told: dict[str, Any] = item.told
    if item.kind == Kind.RATINGS:
        yield Named(_("Rating"), gettext("%(rating)s of 10") % {"rating": told.get("rating") or 0})
    elif item.kind == Kind.COLLECTION and told.get("seasons"):
        yield Named(_("Seasons"), "; ".join(_owned(number, last) for number, last in told["seasons"]))
    elif item.kind == Kind.HIDDEN:
        section = item.source_key.partition("/")[0]
        yield Named(_("Which list"), SECTIONS.get(section, section))
    if told.get("_episodes"):
        text = ngettext("%(n)s episode", "%(n)s episodes", told["_episodes"]) % {"n": told["_episodes"]}
        yield Named(_("Length of the season"), text)


def _owned(number: int, last: int) -> str:
    if number == 0:
        return gettext("specials")
    if not last:
        return gettext("season %(number)s") % {"number": number}
    return gettext("season %(number)s, up to episode %(last)s") % {"number": number, "last": last}


def _gone(item: SyncItem) -> Iterator[Named]:
    if item.gone_at is not None:
        yield Named(_("No longer on Trakt since"), date_format(localtime(item.gone_at), "DATETIME_FORMAT"))
