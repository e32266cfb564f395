"""Put a backup in the place of the database, which is kept beside it.

All work is done on a database of its own (:class:`~bgmsync.backup.engine.Stage`): until the last step, which is one
rename, the one in use is what it was, whatever happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from bgmsync import __version__
from bgmsync.backup import archive, life
from bgmsync.backup.engine import counted, engine, pointed_at
from bgmsync.backup.errors import BackupError
from bgmsync.backup.secrets import Read, reread
from bgmsync.shared import keyproof, schema
from sync.models import BangumiAccount, SyncItem, SyncRun
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from pathlib import Path

    from django.db.models import Model

    from bgmsync.backup.manifest import Manifest

NEVER_FEWER: tuple[type[Model], ...] = (get_user_model(), TraktConfig, BangumiAccount, SyncRun, SyncItem)
"""Of these no upgrade may lose one."""


@dataclass(frozen=True)
class Restored:
    manifest: Manifest
    kept: str
    """Where the database that was in use is now; empty if there was none."""
    migrated: list[str]
    """The migrations that brought it up to this version."""
    secrets: Read


def restore(file: Path, *, replace: bool, force: bool) -> Restored:
    """Restore *file*; raise :class:`BackupError`, with nothing changed, where that can't be done.

    *replace*: a database that has users in it may be replaced. *force*: the signs of life that it shows are of
    processes that are dead.
    """
    here = engine()
    with archive.opened(file) as backup:
        manifest, keys = backup.manifest, backup.keys()
        _refuse_newer(manifest)
        _refuse_other_engine(manifest, here.name)
        if here.holds_anything():
            if not force:
                _refuse_life()
            if not replace:
                _refuse_loss()
        with here.stage() as stage:
            backup.unpack(stage.file)
            here.refuse_if_held()
            stage.load()
            with pointed_at(stage.name):
                migrated = _bring_up(manifest)
                keyproof.forget()  # of the place where the backup was made
                secrets = reread(keys)
                life.still()
            kept = stage.replace()
    return Restored(manifest, kept, migrated, secrets)


def _refuse_newer(manifest: Manifest) -> None:
    unknown = schema.unknown(manifest.migrations)
    if unknown or manifest.is_newer_than(__version__):
        raise BackupError(
            f"The backup was made by bgmsync {manifest.version}, and this is {__version__}, which would misread it"
            + (f": it knows nothing of {', '.join(unknown)}" if unknown else "")
            + f". Nothing was changed. Install version {manifest.version} or a later one, and restore with that; or "
            "restore an older backup, one that was made before the upgrade."
        )


def _refuse_other_engine(manifest: Manifest, name: str) -> None:
    if manifest.engine != name:
        raise BackupError(
            f"The backup is of a {manifest.engine} database, and this installation uses {name}. Nothing was changed. "
            "Set DATABASE_URL to a database of that kind and restore there."
        )


def _refuse_life() -> None:
    if signs := life.signs():
        raise BackupError(
            f"The installation seems to be at work: {', '.join(signs)}. Nothing was changed. Stop the web server and "
            "the workers, and wait three minutes; or, if you have stopped them just now, say so with --force."
        )


def _refuse_loss() -> None:
    try:
        users, items = get_user_model().objects.count(), SyncItem.objects.count()
    except DatabaseError:
        what = "that this version can't read"
    else:
        what = f"with {users} users and {items} items" if users else ""
    if what:
        raise BackupError(
            f"There is a database {what}. Nothing was changed. Say --yes to put the backup in its place; the present "
            "one is kept beside it."
        )


def _bring_up(manifest: Manifest) -> list[str]:
    """See that what was loaded is what was backed up, and migrate it to this version without losing a row."""
    found = counted()
    differing = ", ".join(sorted({table for table, _rows in found.items() ^ manifest.rows.items()}))
    if differing:
        raise BackupError(f"The backup's rows are not those its manifest counts, in: {differing}. Nothing was changed.")
    if schema.applied() != manifest.migrations:
        raise BackupError("The backup's migrations are not those that its manifest names. Nothing was changed.")
    executor = MigrationExecutor(connections["default"])
    plan = [f"{m.app_label}.{m.name}" for m, _back in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
        _refuse_fewer(found, counted())
    return plan


def _refuse_fewer(before: dict[str, int], after: dict[str, int]) -> None:
    tables = [model._meta.db_table for model in NEVER_FEWER]  # noqa: SLF001  # public by documentation
    lost = [table for table in tables if after.get(table, 0) < before.get(table, 0)]
    if lost:
        raise BackupError(
            f"Bringing the backup up to version {__version__} would have lost rows of {', '.join(lost)}. The database "
            "in use was not touched. That is a fault of this version: please report it, and use the one before."
        )
