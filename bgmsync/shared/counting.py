"""Counters of the installation: what all its processes, on all its machines, have counted together.

Workers end and start anew, several machines share the work, and one web process is asked for the figures. So they are
kept where all meet, in the database: one row a counter, and one statement for whatever a run has to add.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection

from bgmsync.shared.models import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

Key = tuple[str, ...]
"""A counter's name and its labels."""


def add(counts: Mapping[Key, float]) -> None:
    """Add to counters, making those that are not there yet. Figures are never worth a failed run: it does not raise."""
    rows = sorted(("|".join(key), value) for key, value in counts.items() if value)
    if not rows:
        return
    table = connection.ops.quote_name(Figure._meta.db_table)  # noqa: SLF001  # Django's documented API
    # The ORM's upsert can only replace. The order of the keys keeps two processes from waiting for each other.
    sql = (
        f"INSERT INTO {table} (key, value) VALUES {', '.join(['(%s, %s)'] * len(rows))} "  # noqa: S608  # a table of ours
        f"ON CONFLICT (key) DO UPDATE SET value = {table}.value + excluded.value"
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, [part for row in rows for part in row])
    except DatabaseError as error:
        logger.warning("figures for /metrics were not added: %s", type(error).__name__)


def replace(name: str, counts: Mapping[Key, float]) -> None:
    """Put *counts*, whose keys begin with *name*, in the place of all that are kept under it."""
    kept = {"|".join(key): value for key, value in counts.items()}
    Figure.objects.bulk_create(
        [Figure(key=key, value=value) for key, value in sorted(kept.items())],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["value"],
    )
    Figure.objects.filter(key__startswith=f"{name}|").exclude(key__in=kept).delete()


def read() -> dict[Key, float]:
    """Return all counters, in one query: there are a few hundred at most."""
    return {tuple(key.split("|")): value for key, value in Figure.objects.values_list("key", "value")}
