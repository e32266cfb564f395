"""PostgreSQL: pg_dump and pg_restore do the work; a restore fills another database and swaps the names."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from psycopg import sql

from bgmsync.backup.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Generator

    from bgmsync.backup.engine import EngineName

LONGEST_NAME = 63
"""Of a database, in bytes."""

ENVIRONMENT = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}
OPTIONS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}


class Postgres:
    name: EngineName = "postgresql"

    def __init__(self) -> None:
        self.database = str(settings.DATABASES["default"]["NAME"])

    @contextmanager
    def snapshot(self, target: Path) -> Generator[None]:
        """One transaction exports what it sees; pg_dump and the counting both look at that."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SELECT pg_export_snapshot()")
                (snapshot,) = cursor.fetchall()[0]
            what = ("--format=custom", "--compress=0", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
            _run("pg_dump", *what, f"--file={target}", f"--dbname={self.database}")
            yield

    def holds_anything(self) -> bool:
        try:
            return bool(connection.introspection.table_names())
        except DatabaseError:
            return False  # there is no database of that name, or no server, and then nothing else will work either

    def refuse_if_held(self) -> None:
        with _maintenance() as server:
            _refuse_others(server, self.database)

    @contextmanager
    def stage(self) -> Generator[PostgresStage]:
        stamp = f"{timezone.now():%Y%m%dT%H%M%S}"
        name = _named(self.database, f"_restoring_{stamp}_{os.getpid()}")
        with tempfile.TemporaryDirectory(prefix="bgmsync-restore-") as folder:
            stage = PostgresStage(name, Path(folder) / "database", self.database, stamp)
            try:
                yield stage
            finally:
                stage.discard()


@dataclass
class PostgresStage:
    name: str
    file: Path
    target: str
    stamp: str

    def load(self) -> None:
        with _maintenance() as server:
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(self.name))
            )
        how = ("--no-owner", "--no-privileges", "--no-comments", "--exit-on-error", "--single-transaction")
        _run("pg_restore", *how, f"--dbname={self.name}", str(self.file))

    def replace(self) -> str:
        connection.close()
        kept = _named(self.target, f"_before_restore_{self.stamp}")
        with _maintenance() as server:
            there = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.target]).fetchone()
            if there:
                _refuse_others(server, self.target)
            with server.transaction():
                if there:
                    _rename(server, self.target, kept)
                _rename(server, self.name, self.target)
        return kept if there else ""

    def discard(self) -> None:
        with _maintenance() as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(self.name)))


@contextmanager
def _maintenance() -> Generator[psycopg.Connection[Any]]:
    """Connect beside our databases, to the server's own: what renames a database must not be connected to it."""
    parameters: dict[str, Any] = connection.get_connection_params() | {"dbname": "postgres"}
    connection.close()
    try:
        with psycopg.connect(**parameters, autocommit=True) as server:
            yield server
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupError(
            "A restore fills a second database beside the one in use, and the database's user may not make one: "
            f"{error.diag.message_primary}. As the server's administrator: ALTER ROLE "
            f"{connection.settings_dict['USER']} CREATEDB. Nothing was changed."
        ) from None
    except psycopg.errors.ObjectInUse as error:
        raise BackupError(f"{error.diag.message_primary}. {STOP_THEM}") from None
    except psycopg.Error as error:
        raise BackupError(f"PostgreSQL refused: {error}. Nothing was changed.") from None


STOP_THEM = (
    "Nothing was changed. Stop the web servers and the workers on all machines, close every other program that is "
    "connected, and try again."
)


def _refuse_others(server: psycopg.Connection[Any], database: str) -> None:
    row = server.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [database]).fetchone()
    if row and row[0]:
        raise BackupError(f"{row[0]} other connections to the database {database} are open. {STOP_THEM}")


def _rename(server: psycopg.Connection[Any], old: str, new: str) -> None:
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def _named(database: str, ending: str) -> str:
    """Return a name for a companion of *database*; PostgreSQL would cut a longer one short, at the end that differs."""
    return database.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore") + ending


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, which other users can't see."""
    found = shutil.which(program)
    if not found:
        raise BackupError(
            f"{program} is not on this machine. Install PostgreSQL's client programs (Debian: apt-get install "
            "postgresql-client), of the server's version or newer. Nothing was done."
        )
    own = settings.DATABASES["default"]
    env = os.environ | {name: str(own[key]) for key, name in ENVIRONMENT.items() if own.get(key)}
    env |= {name: str(value) for key, name in OPTIONS.items() if (value := own.get("OPTIONS", {}).get(key))}
    done = subprocess.run(  # noqa: S603  # PostgreSQL's own, with arguments that are ours
        [found, *arguments], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise BackupError(f"{program} failed, nothing was changed: {done.stderr.strip()}")
