"""The mapping data of this installation: what is in use, and its refresh once a week.

A refresh never moves what was written: it says what the new data would now say otherwise (``sync.remapping``).
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from bgmsync.shared.models import Heartbeat
from sync import mappingsets
from sync.downloads import DownloadError, addresses, download
from sync.matching import datasets
from sync.matching.published import DataError
from sync.remapping import Change, changes_between

if TYPE_CHECKING:
    from sync.matching.datasets import Update

logger = logging.getLogger(__name__)

BEAT = "mappings"
WEEK = timedelta(days=7)
AFTER_FAILURE = timedelta(days=1)
AFTER_START = timedelta(hours=1)
"""A new installation has the data that came with it, and looks for newer data when it has settled."""


@dataclass(slots=True)
class Status:
    """What the last refresh did; kept with the data."""

    set: str = ""
    """The set that the ETags are about. A set that was lost or damaged must be fetched again in spite of them."""
    etags: dict[str, str] = field(default_factory=dict)
    """By address."""
    checked_at: datetime | None = None
    swapped_at: datetime | None = None
    error: str = ""
    """Why the last refresh failed; empty when it did not."""
    changes: list[Change] = field(default_factory=list)
    """What the set in use says otherwise of what was written before it came."""
    more_changes: bool = False

    @property
    def changed_items(self) -> int:
        return sum(change.items for change in self.changes)


def status() -> Status:
    """Return what is known of the last refresh; this machine's data is brought in line with it."""
    data = mappingsets.brought_in_line()
    if data is None:
        return Status()
    known: dict[str, Any] = {one.name: data.known[one.name] for one in fields(Status) if one.name in data.known}
    instants: dict[str, Any] = {name: _instant(known.get(name)) for name in ("checked_at", "swapped_at")}
    changes: dict[str, Any] = {"changes": [Change(**change) for change in known.get("changes", ())]}
    return Status(**(known | instants | changes))


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _publish(known: Status) -> None:
    mappingsets.publish(asdict(known))


def refresh() -> Update | None:
    """Fetch what is new, check it, swap it in whole, and note what it would change; None when nothing is new.

    Raises :class:`DownloadError` or :class:`DataError`, which is noted too; then the last good data stays in use.
    """
    known = status()
    known.checked_at = timezone.now()
    try:
        update = _swap(known)
    except (DownloadError, DataError) as error:
        known.error = str(error)
        _publish(known)
        raise
    known.error = ""
    _publish(known)
    return update


def _swap(known: Status) -> Update | None:
    directory = mappingsets.folder()
    known_good = known.set == datasets.stamp(directory)
    fetched = download(known.etags if known_good else {})
    if not fetched:
        return None
    before = datasets.load(directory)
    update = datasets.update(directory, {name: one.download for name, one in fetched.items()})
    from_where = addresses()
    known.set = update.name
    known.etags |= {from_where[name]: one.etag for name, one in fetched.items()}
    if update.changed:
        known.swapped_at = timezone.now()
        known.changes, known.more_changes = changes_between(before, datasets.load(directory))
    return update


def roll_back() -> str:
    """Use the set before the one in use, and return its name. It stays until something newer is published.

    Raises :class:`DataError` when there is none.
    """
    known = status()
    name = datasets.roll_back(mappingsets.folder())
    known.set, known.swapped_at = name, timezone.now()
    known.changes, known.more_changes = [], False
    _publish(known)
    return name


def can_roll_back() -> bool:
    return bool(datasets.pointers(mappingsets.folder())[1])


def refresh_if_due() -> bool:
    """Refresh when a week has passed, whoever comes first; return whether it was tried. For the dispatcher."""
    now = timezone.now()
    Heartbeat.objects.get_or_create(name=BEAT, defaults={"at": now - WEEK + AFTER_START})
    if not Heartbeat.objects.filter(name=BEAT, at__lte=now - WEEK).update(at=now):
        return False
    try:
        refresh()
    except (DownloadError, DataError, OSError) as error:
        logger.warning("mapping data was not refreshed: %s", error)
        Heartbeat.objects.filter(name=BEAT).update(at=now - WEEK + AFTER_FAILURE)
    return True


def ask_for_refresh() -> None:
    """Let the dispatcher refresh within the minute: a download is too long for a page to wait for."""
    Heartbeat.objects.update_or_create(name=BEAT, defaults={"at": timezone.now() - WEEK})


def is_asked_for() -> bool:
    return Heartbeat.objects.filter(name=BEAT, at__lte=timezone.now() - WEEK).exists()
