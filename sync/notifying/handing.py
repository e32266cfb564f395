"""Where runs hand over what may be news. Neither a broken queue nor a broken database ever reaches the run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sync import queue
from sync.models import NotificationChannel

if TYPE_CHECKING:
    from sync.models import SyncRun

logger = logging.getLogger(__name__)


def hand_over(run: SyncRun) -> None:
    """Have a worker look at *run*, which began or stopped, if its user has a channel that might want to know."""
    try:
        channels = NotificationChannel.objects.filter(user_id=run.user_id, enabled=True)
        if run.status == run.Status.RUNNING:  # only monitors ask when a run begins
            channels = channels.filter(kind=NotificationChannel.Kind.PING)
        if channels.exists():
            queue.enqueue_news(run.pk)
    except Exception as error:  # noqa: BLE001  # whatever it is, the run is worth more
        logger.warning("run %s could not be handed over for notes: %s", run.pk, type(error).__name__)
