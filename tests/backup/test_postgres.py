"""The same against a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.backup.conftest import ROOT, Place, altered, measured
from tests.servers import postgres

FILLED = """
from django.core.management import call_command
from tests.backup.conftest import connect
call_command("migrate", verbosity=0)
connect("mia")
"""
NOAH = """
INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
VALUES (%s, '', false, '', '', '', false, true, now()) RETURNING id
"""
AT_ONCE = 7


@dataclass
class PostgresPlace(Place):
    address: str = ""

    @property
    def env(self) -> dict[str, str]:
        return super().env | {"DATABASE_URL": self.address}

    def manage(self, *arguments: Any, ok: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def query(self, sql: str, *values: Any) -> list[tuple]:
        with psycopg.connect(self.address) as database:
            return database.execute(sql.encode(), values).fetchall()

    def add_user(self, name: str) -> None:
        self.query(NOAH, name)

    def rows(self) -> dict[str, list[tuple]]:
        tables = self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {table: sorted(self.query(f'SELECT * FROM "{table}"'), key=repr) for (table,) in tables}  # noqa: S608


@pytest.fixture(scope="module")
def server():
    postgres.needed()
    with postgres.server() as address:
        yield address


@pytest.fixture
def new_place(server, tmp_path):
    def make(name: str) -> PostgresPlace:
        (tmp_path / name).mkdir()
        return PostgresPlace(tmp_path / name, address=server + name)

    return make


@contextmanager
def writer(address):
    """Have another connection write without a pause, seven rows a transaction."""
    over, begun = threading.Event(), threading.Event()

    def write():
        number = 0
        with psycopg.connect(address, autocommit=True) as database:
            while not over.is_set():
                with database.transaction():
                    for _each in range(AT_ONCE):
                        number += 1
                        database.execute("INSERT INTO shared_hostbudget VALUES (%s, 0, 0, '', 0, 0)", [str(number)])
                begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(30)
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def place(new_place, server):
    """An installation whose only user is mia."""
    with psycopg.connect(server + "postgres", autocommit=True) as database:
        database.execute("CREATE DATABASE here")
    made = new_place("here")
    filled = made.python(FILLED)
    assert filled.returncode == 0, filled.stderr
    return made


def test_a_backup_during_writes_is_restored_elsewhere_and_in_place_of_another(place, new_place, tmp_path):
    file = tmp_path / "backup.zip"
    with writer(place.address):
        told = json.loads(place.manage("backup", file, "--json").stdout)
    assert "mia-token" not in str(told)
    assert told["rows"]["shared_hostbudget"] > 0
    assert told["rows"]["shared_hostbudget"] % AT_ONCE == 0

    # Into a place whose database is not even made.
    there = new_place("there")
    assert json.loads(there.manage("restore", file, "--json").stdout)["kept"] is None
    original, restored = place.rows(), there.rows()
    assert {table: len(rows) for table, rows in restored.items()} == told["rows"]
    assert {table for table, rows in restored.items() if rows != original[table]} == {"shared_hostbudget"}

    # A database in use is refused while somebody is connected, and by a damaged dump; what it had stays.
    there.add_user("noah")
    with psycopg.connect(there.address):
        refused = there.manage("restore", file, "--yes", ok=False)
    assert "1 other connections to the database there are open" in refused.stderr
    nonsense = altered(file, measured(b"nonsense", tmp_path), database=b"nonsense")
    assert "pg_restore failed, nothing was changed" in there.manage("restore", nonsense, "--yes", ok=False).stderr
    assert len(there.rows()["auth_user"]) == 2

    # It is replaced in one step, and kept.
    kept = json.loads(there.manage("restore", file, "--yes", "--json").stdout)["kept"]
    assert there.query("SELECT username FROM auth_user") == [("mia",)]
    assert len(PostgresPlace(tmp_path, address=there.address.replace("/there", f"/{kept}")).rows()["auth_user"]) == 2
    assert there.query("SELECT datname FROM pg_database WHERE strpos(datname, 'restoring') > 0") == []

    # Serial numbers go on where they were: a new row takes none that is there.
    there.add_user("lin")
    assert len(there.rows()["auth_user"]) == 2
