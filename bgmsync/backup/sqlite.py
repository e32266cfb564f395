"""SQLite: the backup is a database file, and a restore puts one file in the place of another."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bgmsync.backup.archive import sync_folder
from bgmsync.backup.engine import pointed_at
from bgmsync.backup.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Generator

    from bgmsync.backup.engine import EngineName

PATIENCE = 20.0
"""Seconds to wait for a writer; in WAL mode readers hardly ever wait."""

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Sqlite:
    name: EngineName = "sqlite"

    def __init__(self) -> None:
        self.path = Path(settings.DATABASES["default"]["NAME"])

    @contextmanager
    def snapshot(self, target: Path) -> Generator[None]:
        """``VACUUM INTO`` reads in one transaction, which writers do not disturb; what was deleted stays behind."""
        try:
            with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as source:
                source.execute("VACUUM INTO ?", [str(target)])
        except sqlite3.Error as error:
            raise BackupError(f"The database could not be copied: {error}. No backup was made.") from None
        with pointed_at(str(target)):
            yield
        _fold(target)

    def holds_anything(self) -> bool:
        return _has_tables(self.path)

    def refuse_if_held(self) -> None:
        if _has_tables(self.path):
            with _alone(self.path):
                pass

    @contextmanager
    def stage(self) -> Generator[SqliteStage]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f"{self.path.name}.restoring-")
        os.close(handle)
        try:
            yield SqliteStage(Path(name), self.path)
        finally:
            for path in (Path(name), *_journals(Path(name))):
                path.unlink(missing_ok=True)


@dataclass
class SqliteStage:
    file: Path
    target: Path

    @property
    def name(self) -> str:
        return str(self.file)

    def load(self) -> None:
        """See that SQLite finds the file sound; it is the database already."""
        try:
            with closing(sqlite3.connect(self.file)) as staged:
                found = [row[0] for row in staged.execute("PRAGMA integrity_check(1)")]
                found += [f"a broken reference in {row[0]}" for row in staged.execute("PRAGMA foreign_key_check")]
        except sqlite3.DatabaseError as error:
            found = [str(error)]
        if found != ["ok"]:
            raise BackupError(f"The backup's database is damaged: {found[-1]}. Nothing was changed.")

    def replace(self) -> str:
        """Give the database in use a second name, then its first name to the new one: at no instant is there none."""
        _fold(self.file)
        if not _has_tables(self.target):
            self._take_place()
            return ""
        kept = self.target.with_name(f"{self.target.name}.before-restore-{timezone.now():%Y%m%dT%H%M%S-%f}")
        with _alone(self.target):
            os.link(self.target, kept)
            # SQLite has folded or dropped it, save where the disk fails: the new one must never find the old one's.
            for journal in filter(Path.exists, _journals(self.target)):
                journal.rename(f"{kept}{journal.name.removeprefix(self.target.name)}")
            self._take_place()
        return str(kept)

    def _take_place(self) -> None:
        """Take the old file's owner and mode along, since whoever restores may be another than whoever serves."""
        with suppress(FileNotFoundError):
            old = self.target.stat()
            self.file.chmod(old.st_mode & 0o777)
            with suppress(PermissionError):
                os.chown(self.file, old.st_uid, old.st_gid)
        self.file.replace(self.target)
        sync_folder(self.target.parent)


@contextmanager
def _alone(path: Path) -> Generator[None]:
    """Hold the database so that nobody else has it open; its journal is then folded into the file.

    Leaving WAL mode is what SQLite allows only to the one process that has the file open, idle ones counted. A file
    that is too damaged to be opened as a database is nobody's.
    """
    connection.close()
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as held:
        try:
            held.execute("PRAGMA locking_mode=EXCLUSIVE")
            held.execute("PRAGMA journal_mode=DELETE")
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in BUSY:
                raise BackupError(
                    f"Another process has {path} open. Nothing was changed. Stop the web server and the workers "
                    "(Ctrl-C where `manage.py up` runs), close every other program that has it open, and try again."
                ) from None
        yield


def _fold(path: Path) -> None:
    """Bring a database that nobody has open into one file, on the disk."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _journals(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal")]


def _has_tables(path: Path) -> bool:
    """Tell whether there is anything to keep; what can't be read may be something."""
    if not path.exists() or path.stat().st_size == 0:
        return False
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as database:
            return bool(database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    except sqlite3.DatabaseError:
        return True
