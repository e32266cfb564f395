"""Whether the installation is at work, as far as its database tells."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from bgmsync.shared.models import Heartbeat
from sync.models import SyncRun

RECENT = timedelta(minutes=3)
"""Workers say once a minute, up to half a minute late, that they live."""


def signs() -> list[str]:
    """Say what speaks for web server or workers being at work; nothing where the tables can't be read."""
    found: list[str] = []
    with suppress(DatabaseError):
        now = timezone.now()
        beats = Heartbeat.objects.filter(at__gt=now - RECENT).order_by("name")
        found += [f"{beat.name} was alive {round((now - beat.at).total_seconds())} s ago" for beat in beats]
    with suppress(DatabaseError):
        running = SyncRun.objects.filter(status=SyncRun.Status.RUNNING)
        found += [f"run {run.pk} is under way" for run in running if not run.is_dead()]
    return found


def still() -> None:
    """Make a restored database say what is true: nobody is at work on it.

    A run that was under way when the backup was made goes on from what was stored, as after a crash.
    """
    Heartbeat.objects.all().delete()
    SyncRun.objects.filter(status=SyncRun.Status.RUNNING).update(owner="", heartbeat_at=None)
