"""A reason's remedy as something to press: where it leads, and whether by a link or by a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from sync.reasons import REMEDY_TEXT, Remedy, text_of
from sync.runs import LEFT_BY_PERSON

if TYPE_CHECKING:
    from sync.models import SyncRun


PAGES = {
    Remedy.RECONNECT_TRAKT: "admin:trakt_traktconfig_mine",
    Remedy.RECONNECT_BANGUMI: "admin:trakt_traktconfig_mine",
    Remedy.SETTINGS: "admin:trakt_traktconfig_mine",
    Remedy.UPLOAD: "admin:trakt_traktconfig_upload",
}
"""Where what has to be done is done."""


class Button(NamedTuple):
    """``address`` is empty for advice that nothing has to be pressed for; ``post`` tells a form from a link."""

    text: object
    address: str = ""
    post: bool = False


def remedy_of(code: str, run: SyncRun | None = None) -> Button | None:
    """Return what to do about *code*, in *run* or, without one, among everything that has it."""
    remedy = text_of(code).remedy
    if remedy == Remedy.NONE:
        return None
    text = REMEDY_TEXT[remedy]
    match remedy:
        case Remedy.RETRY if run is not None and code not in LEFT_BY_PERSON:
            return Button(text, reverse("admin:sync_syncrun_retry", args=[run.pk]), post=True)
        case Remedy.RETRY:
            return Button(text, reverse("admin:sync_syncitem_retry_reason", args=[code]), post=True)
        case Remedy.MAP:
            return Button(text, _waiting(code, run))
    return Button(text, reverse(PAGES[remedy]) if remedy in PAGES else "")


def _waiting(code: str, run: SyncRun | None) -> str:
    """Return where it is decided: the review of everything, or what one run has left for this reason."""
    if run is None:
        return reverse("admin:sync_syncitem_review")
    query = {"reason__exact": code, "run__id__exact": run.pk}
    return f"{reverse('admin:sync_syncitem_changelist')}?{urlencode(query)}"
