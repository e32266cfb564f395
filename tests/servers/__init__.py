"""PostgreSQL and Redis servers of the tests' own, and what a test finds of them.

``python -m tests.servers COMMAND …`` runs a command that finds their addresses in ``TEST_POSTGRES`` and ``TEST_REDIS``;
installations then work on them (:class:`Own`), and the tests' own process does, too (``tests/settings.py``).
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import psycopg
from redis import Redis

from tests.servers import postgres

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

POSTGRES = os.environ.get("TEST_POSTGRES", "")
"""Address of the databases, less their name; empty: the tests are on SQLite."""
REDIS = os.environ.get("TEST_REDIS", "")
"""Likewise, less the number of the database."""

DATABASES = 4000
"""How many databases the tests' Redis has: one an installation, and none of them can meet another's jobs."""


@dataclass(frozen=True)
class Own:
    """The database and the queue of the installation in a folder."""

    folder: Path

    @property
    def name(self) -> str:
        return "of_" + sha256(str(self.folder).encode()).hexdigest()[:16]

    @property
    def env(self) -> dict[str, str]:
        """Return the settings that name them; none where all is in the folder."""
        return {"DATABASE_URL": POSTGRES + self.name, "REDIS_URL": self.redis} if POSTGRES else {}

    @property
    def redis(self) -> str:
        return f"{REDIS}{1 + int(self.name[3:], 16) % (DATABASES - 1)}"

    def begin(self, template: Path | None = None) -> None:
        """Make them, empty or as the installation in *template* left its own."""
        if not POSTGRES:
            return
        source = f"TEMPLATE {Own(template).name}" if template else ""
        with psycopg.connect(f"{POSTGRES}postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name} {source}".encode())
        with Redis.from_url(self.redis) as queue:
            queue.flushdb()

    def query(self, sql: str) -> Sequence[tuple]:
        with psycopg.connect(POSTGRES + self.name, autocommit=True) as connection:
            rows = connection.execute(sql.encode())
            return rows.fetchall() if rows.description else []

    def dump(self) -> bytes:
        """Return all that the database holds."""
        command = [str(postgres.program("pg_dump")), POSTGRES + self.name]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def jobs(self) -> int:
        """Return how many jobs wait in the queue."""
        from sync.queue import QUEUE  # noqa: PLC0415  # once Django is set up

        with Redis.from_url(self.redis) as queue:
            return int(queue.llen(QUEUE))
