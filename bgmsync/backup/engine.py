"""What a backup asks of a database, and which of the two the installation uses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager
    from pathlib import Path


EngineName = Literal["sqlite", "postgresql"]


class Stage(Protocol):
    """A database beside the one in use, on which a restore does all its work before it takes the other's place."""

    @property
    def name(self) -> str:
        """What Django's ``DATABASES["default"]["NAME"]`` must be to work on it."""

    @property
    def file(self) -> Path:
        """Where the archive's database is to be written before :meth:`load`."""

    def load(self) -> None:
        """Fill the database from the file."""

    def replace(self) -> str:
        """Take the place of the database in use, in one step; return where that one is kept, empty if it was."""


class Engine(Protocol):
    name: EngineName

    def holds_anything(self) -> bool:
        """Tell whether there is a database with tables; one that can't be read may hold something."""

    def snapshot(self, target: Path) -> AbstractContextManager[None]:
        """Write the database to *target* as of one instant; inside, Django's connection sees exactly that."""

    def refuse_if_held(self) -> None:
        """Raise :class:`~bgmsync.backup.errors.BackupError` while another process has the database open."""

    def stage(self) -> AbstractContextManager[Stage]:
        """Give a stage, and remove what is left of it if it has not taken its place."""


def engine() -> Engine:
    """Return the engine of the database that the settings name."""
    if connection.vendor == "sqlite":
        from bgmsync.backup.sqlite import Sqlite  # noqa: PLC0415  # the other one's libraries stay out of memory

        return Sqlite()
    from bgmsync.backup.postgres import Postgres  # noqa: PLC0415  # likewise

    return Postgres()


@contextmanager
def pointed_at(name: str) -> Generator[None]:
    """Let Django's connection, and so all models and ``migrate``, work on another database of the same server."""
    connection.close()
    own = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def counted() -> dict[str, int]:
    """Return how many rows each table has."""
    with connection.cursor() as cursor:
        counts = {}
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  # a table's name, quoted
            (counts[table],) = cursor.fetchall()[0]
    return counts
