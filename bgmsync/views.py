"""What a supervisor asks: whether the process lives, and whether it can do its work."""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bgmsync.shared import schema
from bgmsync.shared.models import Heartbeat

LATE = timedelta(minutes=3)
"""The dispatcher comes every minute, up to half a minute late; older than this, no worker lives."""


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Answer 503 and say what is missing when a run could not be done now."""
    found = _look()
    return JsonResponse({"ready": all(found.values()), **found}, status=200 if all(found.values()) else 503)


def _look() -> dict[str, bool]:
    try:
        migrated = not _unapplied() and not schema.newer_than_program()
        beat = Heartbeat.objects.filter(name="dispatch").first() if migrated else None
    except DatabaseError:
        return {"database": False, "migrations": False, "worker": False}
    alive = beat is not None and timezone.now() - beat.at < LATE
    return {"database": True, "migrations": migrated, "worker": alive}


def _unapplied() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
