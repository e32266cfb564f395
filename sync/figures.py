"""What this side adds to the installation's figures: how runs ended, and, now and then, how many items there are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from bgmsync.shared import counting
from bgmsync.shared.models import Heartbeat
from sync.models import SyncItem

if TYPE_CHECKING:
    from sync.models import SyncRun

RUNS, RUN_SECONDS, ITEMS = "runs", "run_seconds", "items"
"""Counters by what started the run and how it ended; the seconds that runs took; items by kind and state."""

COUNT_EVERY = timedelta(minutes=10)
"""Counting a million items takes some tenths of a second: a worker does it now and then, and no scrape does."""


def note_end(run: SyncRun) -> None:
    """Count a run that a worker or a command brought to its end."""
    if run.is_final:
        counting.add({(RUNS, run.trigger, run.status): 1, (RUN_SECONDS,): run.seconds or 0})


def count_items_if_due() -> bool:
    """Count all items by kind and state, where somebody reads the figures; return whether it was done."""
    now = timezone.now()
    if not settings.METRICS_TOKEN:
        return False
    beat, made = Heartbeat.objects.get_or_create(name=ITEMS, defaults={"at": now})
    due = Heartbeat.objects.filter(name=ITEMS, at=beat.at, at__lte=now - COUNT_EVERY)
    if not made and not due.update(at=now):
        return False
    rows = SyncItem.objects.order_by().values_list("kind", "state").annotate(n=Count("pk"))
    counting.replace(ITEMS, {(ITEMS, kind, state): n for kind, state, n in rows})
    return True
