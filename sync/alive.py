"""Whether workers live: judged by what they do, since a frozen cluster's processes are all there.

django-q2 can freeze: the worker that held the queue's lock was killed, and the others wait for it for ever (its issue
23). Every minute's dispatch goes through scheduler, broker and a worker, so its coming proves all three; when every
worker is at a long run, the runs' own heartbeats prove as much.
"""

from __future__ import annotations

import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Exists, Q
from django.utils import timezone

from bgmsync.shared.models import Heartbeat
from sync.models import ParityReport, SyncRun

if TYPE_CHECKING:
    from datetime import datetime

LATE = timedelta(minutes=3)
"""The dispatcher comes every minute, up to half a minute late; older than this, no worker lives."""

WORKERS = "dispatch"
"""Under which name workers say that they live."""
MACHINE = "machine "
"""Begins the names under which each machine's workers say so."""
CLUSTER = "cluster "
"""Begins the names under which each machine's cluster says that none of its processes is missing."""
AGAIN = 20.0
"""Seconds between two beats for the machine by one process; a cluster does many jobs a second."""
GONE = timedelta(days=1)
"""A machine that was silent for so long is not there any more; containers get a new name with each start."""

LONGEST = Heartbeat._meta.get_field("name").max_length  # noqa: SLF001  # Django's documented API

_last_beat = 0.0


class Life(NamedTuple):
    last_job_at: datetime | None
    is_there: bool


def beat() -> None:
    """Say that a job arrived in this process."""
    global _last_beat  # noqa: PLW0603  # one number for the process
    Heartbeat.beat(WORKERS)
    now = time.monotonic()
    if not _last_beat or now - _last_beat > AGAIN:
        _last_beat = now
        Heartbeat.beat(f"{MACHINE}{socket.gethostname()}"[:LONGEST])


def this_cluster() -> str:
    return f"{CLUSTER}{socket.gethostname()}"[:LONGEST]


def this_cluster_runs() -> bool:
    """Tell whether the cluster of this machine said lately that none of its processes is missing."""
    return Heartbeat.objects.filter(name=this_cluster(), at__gt=timezone.now() - LATE).exists()


def look() -> Life:
    """Tell when a job last arrived, and whether a worker takes jobs or is at one, in one query.

    What a command runs in its own process proves nothing about workers.
    """
    since = timezone.now() - LATE
    runs = SyncRun.objects.filter(status=SyncRun.Status.RUNNING, heartbeat_at__gt=since)
    busy = Exists(runs.exclude(trigger=SyncRun.Trigger.COMMAND)) | Exists(
        ParityReport.objects.filter(status=ParityReport.Status.RUNNING, heartbeat_at__gt=since)
    )
    beat = Heartbeat.objects.filter(name=WORKERS).annotate(busy=busy).values_list("at", "busy").first()
    return Life(beat[0], beat[0] > since or beat[1]) if beat else Life(None, is_there=False)


def machines() -> dict[str, datetime]:
    """Return when a job last arrived on each machine."""
    rows = Heartbeat.objects.filter(name__startswith=MACHINE, at__gt=timezone.now() - GONE).order_by("name")
    return {row.name.removeprefix(MACHINE): row.at for row in rows}


def forget_old() -> None:
    gone = Heartbeat.objects.filter(at__lt=timezone.now() - GONE)
    gone.filter(Q(name__startswith=MACHINE) | Q(name__startswith=CLUSTER)).delete()
