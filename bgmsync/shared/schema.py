"""Which migrations the database has had, compared with those that the program knows; one machine migrates at a time."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

if TYPE_CHECKING:
    from collections.abc import Generator

MIGRATING = 0x6267_6D73_796E_63
"""Names the lock in the database: "bgmsync"."""

WHAT_TO_DO = (
    "A newer version of bgmsync has run on it, and this one would misread what that one wrote. Either install that "
    "version (or a later one) again, or restore the backup that was made before the upgrade: manage.py restore FILE."
)


@contextmanager
def one_at_a_time(alias: str = "default") -> Generator[None]:
    """Keep other machines from migrating until the end of the block; SQLite is for one machine, and locks by itself.

    The lock is the connection's, so that it is gone with a process that was killed.
    """
    database = connections[alias]
    if database.vendor != "postgresql":
        yield
        return
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATING])


def applied() -> dict[str, list[str]]:
    """Return the names of the migrations that the database has had, by app."""
    found: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connections["default"]).applied_migrations()):
        found.setdefault(app, []).append(name)
    return found


def unknown(migrations: dict[str, list[str]]) -> list[str]:
    """Return those of *migrations* that a later version brought, as ``app.name``.

    Only apps of which this program has migrations are judged: rows of an app that was dropped stay in the database.
    """
    known: set[tuple[str, ...]] = set()
    for key, migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items():
        known |= {key, *map(tuple, migration.replaces)}
    ours = {key[0] for key in known}
    return [
        f"{app}.{name}"
        for app, names in migrations.items()
        for name in names
        if app in ours and (app, name) not in known
    ]


def newer_than_program() -> list[str]:
    """Return the migrations of the database that this program does not know; none where nothing can be asked."""
    if not exists():
        return []
    try:
        return unknown(applied())
    except DatabaseError:
        return []  # whoever needs the database says what is wrong with it


def exists() -> bool:
    """Tell whether the database can be asked without making an empty file."""
    if connection.vendor != "sqlite":
        return True
    name = str(connection.settings_dict["NAME"])
    return name.startswith("file:") or name == ":memory:" or Path(name).exists()
