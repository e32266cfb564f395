"""What people and the dispatcher ask to be undone: a run, a few items, or everything since a date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from sync import runs
from sync.models import SyncRun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Status = SyncRun.Status
MOST_REPEATS = 5
"""How often an undo that a service hindered is gone on with by itself before it is left to the person."""


@dataclass(frozen=True, slots=True)
class Undo:
    """One of *run*, *items* (primary keys) and *since*. A *preview* writes nothing.

    *shown* is the preview that a person agreed to: no more than it showed is undone.
    """

    run: SyncRun | None = None
    items: Sequence[int] = ()
    since: datetime | None = None
    shown: SyncRun | None = None
    preview: bool = False

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of the run that does it."""
        return {
            "undoes": self.run,
            "undo_items": list(self.items),
            "undo_since": self.since,
            "undo_shown": self.shown,
        }


def same_as(run: SyncRun, *, shown: SyncRun | None = None) -> Undo:
    """Return what *run* undoes, or was to preview, to be undone now."""
    return Undo(run=run.undoes, items=run.undo_items, since=run.undo_since, shown=shown)


def ask(user: Any, undo: Undo) -> tuple[SyncRun, bool]:
    """Ask for a run that undoes; return it, or the one that is under way, and whether it is new."""
    return runs.request(user, SyncRun.Trigger.UNDO, undo=undo)


def follow_up() -> int:
    """Go on with each undo that a service hindered, once its time has come; return how many were started."""
    hindered = SyncRun.objects.filter(
        trigger=SyncRun.Trigger.UNDO,
        dry_run=False,
        status__in=(Status.DEFERRED, Status.INCOMPLETE),
        not_before__lte=timezone.now(),
    )
    started = 0
    for run in hindered.select_related("user", "undoes", "undo_shown"):
        later = SyncRun.objects.filter(user=run.user_id, trigger=SyncRun.Trigger.UNDO, pk__gt=run.pk, dry_run=False)
        if later.exists() or _repeats(run) >= MOST_REPEATS:
            continue
        started += ask(run.user, same_as(run, shown=run.undo_shown))[1]
    return started


def _repeats(run: SyncRun) -> int:
    """Return how often the same undo was tried in a row."""
    count = 0
    earlier = SyncRun.objects.filter(user=run.user_id, trigger=SyncRun.Trigger.UNDO, pk__lt=run.pk, dry_run=False)
    for other in earlier.order_by("-pk")[:MOST_REPEATS]:
        if (other.undoes_id, other.undo_items, other.undo_since) != (run.undoes_id, run.undo_items, run.undo_since):
            break
        count += 1
    return count
