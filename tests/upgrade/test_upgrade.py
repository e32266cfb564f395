"""Forward from every released version, with a hundred thousand items; and never backward.

"Today" stands for the version in work: its migrations from zero, and on top of them one as a later version may bring.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.upgrade import freeze

ROOT = Path(__file__).parents[2]
ITEMS = 100_000
TODAY = "today"

LATER_MIGRATION = """
from django.db import migrations, models


def note(apps, schema_editor):
    apps.get_model("sync", "SyncItem").objects.filter(state="done").update(later_note="was done")


class Migration(migrations.Migration):
    dependencies = [("sync", "{leaf}")]
    operations = [
        migrations.AddField("syncitem", "later_note", models.CharField(max_length=20, default="none")),
        migrations.RunPython(note, migrations.RunPython.noop),
        migrations.AlterField("syncitem", "season", models.BigIntegerField(null=True)),
    ]
"""
LATER_SETTINGS = """
from bgmsync.settings import *
MIGRATION_MODULES = {"sync": "later_migrations"}
"""
IN_ORDER = """
import json, sys, django; django.setup()
from django.core.management import call_command
for command, *arguments in json.loads(sys.argv[1]):
    call_command(command, *arguments)
"""


@dataclass
class Installed:
    """A version of the program, on a database of its own."""

    folder: Path
    settings: str = "bgmsync.settings"
    path: str = ""

    @property
    def database(self) -> Path:
        return self.folder / "db.sqlite3"

    @property
    def env(self) -> dict[str, str]:
        own = {"VAR_DIR": str(self.folder), "TOKEN_KEYS": freeze.KEY, "LOG_LEVEL": "WARNING", "PYTHONPATH": self.path}
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        return kept | own | {"DJANGO_SETTINGS_MODULE": self.settings}

    def run(self, *commands: list[str]) -> str:
        """Run commands one after the other, all in one process, and return what they printed."""
        done = subprocess.run(
            [sys.executable, "-c", IN_ORDER, json.dumps(commands)],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *command: str) -> str:
        """Run a command that must fail, and return what it says."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr

    def query(self, sql: str) -> list[tuple]:
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(sql).fetchall()

    def items(self) -> list[tuple]:
        """Return what makes each item what it is; no version may change that."""
        return self.query("SELECT id, user_id, kind, source_key, state FROM sync_syncitem ORDER BY id")


@pytest.fixture(scope="module")
def today(tmp_path_factory):
    """The version in work, frozen as at a release."""
    target = tmp_path_factory.mktemp("frozen") / "today.sql.gz"
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(
        [sys.executable, "-m", "tests.upgrade.freeze", "--to", str(target)],
        cwd=ROOT, env=env, check=True, capture_output=True,
    )  # fmt: skip
    return target


@pytest.fixture(scope="module", params=[TODAY, *(path.name.removesuffix(".sql.gz") for path in freeze.frozen())])
def installed(request, today, tmp_path_factory):
    """An installation of an earlier version, with its items; migrated by the tests, in their order."""
    folder = tmp_path_factory.mktemp("installed")
    source = today if request.param == TODAY else freeze.SCHEMAS / f"{request.param}.sql.gz"
    freeze.thaw(source, folder / "db.sqlite3")
    freeze.multiply(folder / "db.sqlite3", ITEMS)
    return Installed(folder)


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """``later(folder)``: the same with a version that is still to come."""
    path = tmp_path_factory.mktemp("later")
    shutil.copytree(ROOT / "sync" / "migrations", path / "later_migrations")
    leaf = max(file.stem for file in (path / "later_migrations").glob("0*.py"))
    (path / "later_migrations" / "9999_later.py").write_text(LATER_MIGRATION.format(leaf=leaf))
    (path / "later_settings.py").write_text(LATER_SETTINGS)
    return lambda folder: Installed(folder, settings="later_settings", path=str(path))


def test_migrating_to_this_version_loses_no_item(installed):
    before = installed.items()
    assert len(before) == ITEMS
    said = installed.run(["migrate", "-v0"], ["migrate", "--check"], ["status", "mia", "--json"])
    assert installed.items() == before
    assert sum(json.loads(said)["items"].values()) == ITEMS
    assert json.loads(said)["trakt"]["text"] == "connected"


def test_a_backup_jumps_to_a_later_version_and_this_one_then_refuses_to_run(installed, later, tmp_path):
    file = tmp_path / "before.zip"
    installed.run(["migrate", "-v0"], ["backup", str(file)])
    before = installed.items()

    newer = later(tmp_path)
    assert json.loads(newer.run(["restore", str(file), "--json"]))["migrated"] == ["sync.9999_later"]
    assert newer.items() == before
    told = dict(newer.query("SELECT later_note, count(*) FROM sync_syncitem GROUP BY 1"))
    assert told["was done"] + told["none"] == ITEMS

    downgraded = Installed(newer.folder)
    for command in ("up", "qcluster"):
        said = downgraded.refused(command)
        assert "The database is newer than the program" in said
        assert "sync.9999_later" in said
        assert "restore the backup" in said
    assert newer.items() == before

    # The way back is the backup that was made before.
    downgraded.run(["restore", str(file), "--yes"], ["migrate", "--check"])
    assert downgraded.items() == before


def test_every_released_version_is_kept():
    log = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (\S+?),? (.*)$", log, re.MULTILINE)
    released = [version for version, rest in headings if "unreleased" not in rest]
    kept = [path.name.removesuffix(".sql.gz") for path in freeze.frozen()]
    assert sorted(released) == kept, "run: make freeze-schema"
