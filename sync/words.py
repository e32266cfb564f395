"""Words that several parts of the program use."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from sync.bangumi.schemas import CollectionType

LISTED: dict[int, object] = {
    CollectionType.WISH: _("wish"),
    CollectionType.DONE: _("watched"),
    CollectionType.DOING: _("watching"),
    CollectionType.ON_HOLD: _("on hold"),
    CollectionType.DROPPED: _("dropped"),
}
"""How Bangumi itself calls the states of its lists."""
