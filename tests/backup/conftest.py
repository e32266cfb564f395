"""Installations with a database file of their own, driven in this process; what must be killed is a process."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from bgmsync.backup import archive

ROOT = Path(__file__).parents[2]
INHERITED_NOT = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "TOKEN_KEYS", "SECRET_KEY"}
KEY = Fernet.generate_key().decode()


@contextmanager
def own_database(path: Path):
    """Let Django work on the file at *path*; the connection to the tests' database is put aside meanwhile."""
    before = connection.connection, connection.settings_dict["NAME"]
    connection.connection, connection.settings_dict["NAME"] = None, str(path)
    try:
        yield
    finally:
        connection.close()
        connection.connection, connection.settings_dict["NAME"] = before


@dataclass
class Place:
    """Where an installation keeps its things."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "db.sqlite3"

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in INHERITED_NOT}
        own = {"VAR_DIR": str(self.folder), "TOKEN_KEYS": KEY, "LOG_LEVEL": "WARNING"}
        return kept | own | {"DJANGO_SETTINGS_MODULE": "bgmsync.settings"} | self.more

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run a program of ours in a process of its own, with Django set up."""
        return subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, command: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Run a command here in this process and return its JSON."""
        out = io.StringIO()
        with own_database(self.database):
            call_command(command, *map(str, arguments), json=True, **options, stdout=out, stderr=io.StringIO())
        return json.loads(out.getvalue())

    def query(self, sql: str, *values: Any) -> list[tuple]:
        with closing(sqlite3.connect(self.database)) as database, database:
            return database.execute(sql, values).fetchall()

    def names(self) -> list[str]:
        return [name for (name,) in self.query("SELECT username FROM auth_user ORDER BY id")]

    def add_user(self, name: str) -> None:
        with own_database(self.database):
            connect(name)

    def rows(self) -> dict[str, list[tuple]]:
        """Return all rows of all tables."""
        tables = self.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {table: sorted(self.query(f"SELECT * FROM {table}"), key=repr) for (table,) in tables}  # noqa: S608


def connect(name: str) -> None:
    """Make a user who is connected to both services, with an item."""
    from django.contrib.auth.models import User  # noqa: PLC0415  # once apps are loaded

    from bgmsync.shared.models import ConnectionState  # noqa: PLC0415  # likewise
    from sync.models import BangumiAccount, SyncItem  # noqa: PLC0415  # likewise
    from trakt.models import TraktConfig  # noqa: PLC0415  # likewise

    user = User.objects.create_user(name)
    for model in (TraktConfig, BangumiAccount):
        row, _made = model.objects.get_or_create(user=user)
        row.access_token, row.refresh_token, row.state = f"{name}-token", f"{name}-renews", ConnectionState.CONNECTED
        row.save()
    SyncItem.objects.create(user=user, source_key="1")


def altered(file, change, *, database=None):
    """Write another backup, whose manifest is changed, and its database as well if given."""
    other = file.with_name("altered.zip")
    with zipfile.ZipFile(file) as packed, zipfile.ZipFile(other, "w") as target:
        target.writestr("manifest.json", json.dumps(json.loads(packed.read("manifest.json")) | change))
        target.writestr("database", packed.read("database") if database is None else database)
    return other


def measured(database: bytes, folder: Path) -> dict[str, Any]:
    """Return what a manifest says of *database*."""
    path = folder / "measured"
    path.write_bytes(database)
    size, sha256 = archive.measure(path)
    return {"bytes": size, "sha256": sha256}


@pytest.fixture(scope="session")
def template(tmp_path_factory, django_db_blocker):
    """A database with one user, whose tokens KEY reads."""
    path = tmp_path_factory.mktemp("template") / "db.sqlite3"
    from django.conf import settings  # noqa: PLC0415  # the fixture of that name lives shorter

    keys, settings.TOKEN_KEYS = settings.TOKEN_KEYS, [KEY]
    with django_db_blocker.unblock(), own_database(path):
        call_command("migrate", verbosity=0)
        connect("mia")
    settings.TOKEN_KEYS = keys
    return path


@pytest.fixture
def new_place(tmp_path, settings, django_db_blocker):
    """``new_place(name)``: an installation without a database yet."""
    settings.TOKEN_KEYS = [KEY]

    def make(name: str) -> Place:
        folder = tmp_path / name
        folder.mkdir()
        return Place(folder)

    with django_db_blocker.unblock():
        yield make


@pytest.fixture
def place(new_place, template):
    """An installation whose only user is mia."""
    made = new_place("here")
    shutil.copy(template, made.database)
    return made


@pytest.fixture
def file(place, tmp_path):
    """A backup of it."""
    path = tmp_path / "backup.zip"
    place.run("backup", path)
    return path
