"""What a supervisor asks: whether the process lives, and whether it can do its work."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bgmsync.shared import schema
from sync import alive, queue


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Answer 503 and say what is missing when a run could not be done now: nothing that is not known to everybody."""
    found = _look()
    return JsonResponse({"ready": all(found.values()), **found}, status=200 if all(found.values()) else 503)


def _look() -> dict[str, bool]:
    found = dict.fromkeys(("database", "migrations", "broker", "worker"), False)
    try:
        found["migrations"] = not _unapplied() and not schema.newer_than_program()
        found["database"] = True
        if found["migrations"]:
            found["broker"] = queue.is_reachable()
            found["worker"] = alive.look().is_there
    except DatabaseError:
        return dict.fromkeys(found, False)
    return found


def _unapplied() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
