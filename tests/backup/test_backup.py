from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import zipfile
from contextlib import closing, contextmanager

import pytest
from django.core.management import CommandError

from tests.backup.conftest import KEY, Place

AT_ONCE = 7
"""Rows that the writer adds in a transaction, in two statements."""

WRITER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
database.execute("PRAGMA journal_mode=WAL")
number = 0
def add(count):
    global number
    rows = [(f"{number + each}",) for each in range(count)]
    number += count
    database.executemany("INSERT INTO shared_hostbudget VALUES (?, 0, 0, hex(randomblob(10)), 0, 0)", rows)
while True:
    database.execute("BEGIN IMMEDIATE")
    add(3)
    add(4)
    database.execute("COMMIT")
    if number == 7:
        print("begun", flush=True)
"""


@contextmanager
def writer(place):
    """Have another process write without a pause."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(place.database)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def unpacked(file, folder):
    """Return the backup's database as a place, and its manifest."""
    folder.mkdir()
    with zipfile.ZipFile(file) as packed:
        (folder / "db.sqlite3").write_bytes(packed.read("database"))
        return Place(folder), json.loads(packed.read("manifest.json"))


def test_a_backup_during_writes_is_sound_and_holds_no_half_transaction(place, tmp_path):
    with writer(place):
        for number in range(3):
            place.run("backup", tmp_path / f"{number}.zip")
        (written,) = place.query("SELECT count(*) FROM shared_hostbudget")[0]
    counts = []
    for number in range(3):
        copy, manifest = unpacked(tmp_path / f"{number}.zip", tmp_path / str(number))
        assert copy.query("PRAGMA integrity_check") == [("ok",)]
        (count,) = copy.query("SELECT count(*) FROM shared_hostbudget")[0]
        assert count == manifest["rows"]["shared_hostbudget"]
        counts.append(count)
    assert [count % AT_ONCE for count in counts] == [0, 0, 0]
    assert 0 < counts[0] < counts[1] < counts[2] <= written


def test_the_writer_is_not_stopped_by_a_backup_under_way(place, tmp_path):
    with closing(sqlite3.connect(place.database, timeout=0)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO shared_hostbudget VALUES ('uncommitted', 0, 0, '', 0, 0)")
        place.run("backup", tmp_path / "backup.zip")
        other.execute("COMMIT")
    _copy, manifest = unpacked(tmp_path / "backup.zip", tmp_path / "copy")
    assert manifest["rows"]["shared_hostbudget"] == 0


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left_behind(file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["backup.zip", "here"]


def test_the_manifest_says_what_is_in_it(file):
    with zipfile.ZipFile(file) as packed:
        manifest = json.loads(packed.read("manifest.json"))
    assert (manifest["engine"], manifest["rows"]["auth_user"], manifest["keys"]) == ("sqlite", 1, False)
    assert manifest["migrations"]["sync"][0] == "0001_initial"
    assert "TOKEN_KEYS" in manifest["note"]


def test_neither_tokens_nor_keys_are_in_it_to_be_read(file, settings):
    with zipfile.ZipFile(file) as packed:
        text = b"".join(packed.read(name) for name in packed.namelist())
    for secret in ("mia-token", KEY, settings.SECRET_KEY):
        assert secret.encode() not in text


def test_the_keys_are_in_it_when_that_was_chosen_and_are_not_printed(place, tmp_path):
    told = place.run("backup", tmp_path / "keys.zip", with_keys=True)
    with zipfile.ZipFile(tmp_path / "keys.zip") as packed:
        assert json.loads(packed.read("token_keys.json")) == [KEY]
    assert KEY not in str(told)


def test_a_folder_takes_a_file_named_by_time(place, tmp_path):
    (tmp_path / "backups").mkdir()
    place.run("backup", tmp_path / "backups")
    assert [path.suffix for path in (tmp_path / "backups").iterdir()] == [".zip"]


def test_what_was_deleted_is_not_carried_along(place, tmp_path):
    place.query("INSERT INTO shared_hostbudget VALUES ('k', 0, 0, 'once-a-secret', 0, 0)")
    place.query("DELETE FROM shared_hostbudget")
    place.run("backup", tmp_path / "backup.zip")
    copy, _manifest = unpacked(tmp_path / "backup.zip", tmp_path / "copy")
    assert b"once-a-secret" not in copy.database.read_bytes()


def test_a_file_that_is_there_is_never_overwritten(place, file):
    before = file.read_bytes()
    with pytest.raises(CommandError, match="exists already"):
        place.run("backup", file)
    assert file.read_bytes() == before


def test_a_folder_that_is_not_there_ends_in_a_sentence(place, tmp_path):
    with pytest.raises(CommandError, match="no folder"):
        place.run("backup", tmp_path / "nowhere" / "backup.zip")


def test_without_a_database_there_is_nothing_to_back_up(new_place, tmp_path):
    with pytest.raises(CommandError, match="no database yet"):
        new_place("empty").run("backup", tmp_path / "backup.zip")
    assert not (tmp_path / "backup.zip").exists()
