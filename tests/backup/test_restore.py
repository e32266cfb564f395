from __future__ import annotations

import json
import random
import signal
import sqlite3
import zipfile
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.utils import timezone

from bgmsync.backup import archive, restoring
from bgmsync.backup.errors import BackupError
from bgmsync.shared.models import ConnectionState, Heartbeat, ServiceApp
from sync.models import BangumiAccount, SyncRun
from tests.backup.conftest import altered, measured, own_database
from trakt.models import TraktConfig


@pytest.fixture
def untouched(place):
    """The rows must be afterwards what they were before, and nothing may lie beside them."""
    place.add_user("noah")
    before = place.rows()
    yield
    assert place.rows() == before
    assert not list(place.folder.glob("*restor*"))


# what it does


def test_an_empty_place_gets_the_same_rows(place, file, new_place):
    there = new_place("there")
    told = there.run("restore", file)
    assert there.rows() == place.rows()
    assert (told["kept"], told["migrated"], told["reconnect"]) == (None, [], 0)


def test_a_database_in_use_is_replaced_only_when_told_and_is_kept(place, file):
    place.add_user("noah")
    with pytest.raises(CommandError, match=r"2 users and 2 items.*--yes"):
        place.run("restore", file)
    told = place.run("restore", file, yes=True)
    assert place.names() == ["mia"]
    with closing(sqlite3.connect(told["kept"])) as kept:
        assert kept.execute("SELECT count(*) FROM auth_user").fetchone() == (2,)


def test_what_stood_in_the_journal_alone_is_kept_too(place, file):
    with closing(sqlite3.connect(place.database)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
    killed = place.python("""
import os
from django.contrib.auth.models import User
User.objects.create_user("noah")
os.kill(os.getpid(), 9)
""")
    assert killed.returncode == -signal.SIGKILL
    assert place.database.with_name("db.sqlite3-wal").stat().st_size
    told = place.run("restore", file, yes=True)
    with closing(sqlite3.connect(told["kept"])) as kept:
        assert kept.execute("SELECT username FROM auth_user").fetchall() == [("mia",), ("noah",)]
    assert place.names() == ["mia"]


def test_a_damaged_database_is_replaced_and_kept_as_it_is(place, file):
    place.database.write_bytes(b"not a database at all" * 1000)
    place.database.with_name("db.sqlite3-wal").write_bytes(b"some journal")
    with pytest.raises(CommandError, match="can't read"):
        place.run("restore", file)
    kept = Path(place.run("restore", file, yes=True)["kept"])
    assert not place.database.with_name("db.sqlite3-wal").exists()
    assert place.names() == ["mia"]
    assert kept.read_bytes().startswith(b"not a database")


def test_the_new_file_is_readable_for_those_who_could_read_the_old_one(place, file):
    place.database.chmod(0o640)
    place.run("restore", file, yes=True)
    assert place.database.stat().st_mode & 0o777 == 0o640


def test_nobody_seems_to_be_at_work_on_a_restored_database(place, tmp_path, new_place):
    with own_database(place.database):
        Heartbeat.beat("dispatch")
        owner = SyncRun.objects.create(user=User.objects.get(), trigger="button", status="running", owner="x|1|2")
        SyncRun.objects.filter(pk=owner.pk).update(heartbeat_at=timezone.now())
    place.run("backup", tmp_path / "b.zip")
    there = new_place("there")
    there.run("restore", tmp_path / "b.zip")
    with own_database(there.database):
        assert not Heartbeat.objects.exists()
        assert SyncRun.objects.get().is_dead()


# keys


def test_connections_that_no_key_reads_ask_their_users_to_reconnect(file, new_place, settings):
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]
    there = new_place("there")
    assert there.run("restore", file)["reconnect"] == 2
    with own_database(there.database):
        for row in (TraktConfig.objects.get(), BangumiAccount.objects.get()):
            assert (row.state, row.access_token, row.refresh_token) == (ConnectionState.RECONNECT, "", "")
            assert "keys" in row.state_text()


def test_an_app_whose_secret_no_key_reads_is_there_without_it(place, tmp_path, new_place, settings):
    with own_database(place.database):
        ServiceApp.objects.create(service="trakt", client_id="id", client_secret="secret")
    place.run("backup", tmp_path / "b.zip")
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]
    there = new_place("there")
    assert there.run("restore", tmp_path / "b.zip")["lost_secrets"] == {"OAuth apps": 1}
    with own_database(there.database):
        assert (ServiceApp.objects.get().client_id, ServiceApp.objects.get().client_secret) == ("id", "")


def test_with_the_old_key_after_the_new_one_nobody_has_to_reconnect(file, new_place, settings):
    settings.TOKEN_KEYS = [Fernet.generate_key().decode(), *settings.TOKEN_KEYS]
    assert new_place("there").run("restore", file)["reconnect"] == 0


def test_keys_in_the_backup_are_used_to_encrypt_for_the_keys_that_are_here(place, tmp_path, new_place, settings):
    place.run("backup", tmp_path / "keys.zip", with_keys=True)
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]
    there = new_place("there")
    told = there.run("restore", tmp_path / "keys.zip")
    assert (told["reconnect"], told["reencrypted"]) == (0, 4)
    with own_database(there.database):
        assert TraktConfig.objects.get().access_token == "mia-token"


# what it refuses


@pytest.mark.usefixtures("untouched")
def test_a_newer_version_is_refused_with_what_to_do(place, file):
    with pytest.raises(CommandError, match=r"made by bgmsync 99\.1.*Install version 99\.1"):
        place.run("restore", altered(file, {"version": "99.1"}), yes=True)


@pytest.mark.usefixtures("untouched")
def test_a_migration_that_is_not_known_is_refused(place, file):
    with pytest.raises(CommandError, match=r"knows nothing of sync\.0999_later"):
        place.run("restore", altered(file, {"migrations": {"sync": ["0001_initial", "0999_later"]}}), yes=True)


@pytest.mark.usefixtures("untouched")
def test_a_form_still_to_come_is_refused(place, file):
    with pytest.raises(CommandError, match="a form that this version does not know"):
        place.run("restore", altered(file, {"format": 2}), yes=True)


@pytest.mark.usefixtures("untouched")
def test_a_backup_of_another_kind_of_database_is_refused(place, file):
    with pytest.raises(CommandError, match=r"of a postgresql database.*DATABASE_URL"):
        place.run("restore", altered(file, {"engine": "postgresql"}), yes=True)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(place, file, part):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(CommandError, match=r"only a part of one|damaged"):
        place.run("restore", file, yes=True)


def test_bytes_changed_at_random_never_change_what_is_restored(file, tmp_path):
    with zipfile.ZipFile(file) as packed:
        database = packed.read("database")
    whole, dice = file.read_bytes(), random.Random(1)  # noqa: S311  # the same cases each time
    for number in range(60):
        changed = bytearray(whole)
        for _each in range(4):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        other = tmp_path / f"{number}.zip"
        other.write_bytes(changed)
        with suppress(BackupError), archive.opened(other) as bad:  # anything else that is raised fails the test
            bad.unpack(other.with_suffix(".db"))
            assert other.with_suffix(".db").read_bytes() == database


@pytest.mark.usefixtures("untouched")
def test_a_file_whose_parts_lie_before_its_beginning_is_refused(place, file):
    whole = bytearray(file.read_bytes())
    end = whole.rindex(b"PK\5\6")
    stated = int.from_bytes(whole[end + 16 : end + 20], "little") + 10**6
    whole[end + 16 : end + 20] = stated.to_bytes(4, "little")
    file.write_bytes(whole)

    with pytest.raises(CommandError, match="only a part of one"):
        place.run("restore", file, yes=True)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "change",
    [
        {"product": "another"},
        {"version": None},
        {"version": "../../etc"},
        {"rows": "many"},
        {"bytes": -1},
        {"sha256": "0" * 63},
        {"format": "1"} | {"made_at": "yesterday"},
        {"migrations": ["0001"]},
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(place, file, change):
    with pytest.raises(CommandError, match="makes no sense"):
        place.run("restore", altered(file, change), yes=True)


def test_a_database_larger_than_the_manifest_says_is_not_written_out(file, tmp_path):
    bomb, target = altered(file, {"bytes": 1000}, database=b"0" * 50_000_000), tmp_path / "unpacked"
    with pytest.raises(BackupError, match="not what its manifest says"), archive.opened(bomb) as opened:
        opened.unpack(target)
    assert target.stat().st_size == 1001


@pytest.mark.usefixtures("untouched")
def test_a_sound_database_that_is_not_the_one_backed_up_is_refused(place, file):
    with zipfile.ZipFile(file) as packed:
        other = packed.read("database").replace(b"mia", b"mio")
    with pytest.raises(CommandError, match="not what its manifest says"):
        place.run("restore", altered(file, {}, database=other), yes=True)


@pytest.mark.usefixtures("untouched")
def test_a_manifest_that_asks_for_more_room_than_there_is_is_refused(place, file):
    with pytest.raises(CommandError, match="no room"):
        place.run("restore", altered(file, {"bytes": 10**18}), yes=True)


@pytest.mark.usefixtures("untouched")
def test_a_database_that_is_none_is_refused_however_well_it_is_summed_up(place, file, tmp_path):
    other = altered(file, measured(b"nonsense" * 500, tmp_path), database=b"nonsense" * 500)
    with pytest.raises(CommandError, match="is damaged: file is not a database"):
        place.run("restore", other, yes=True)


@pytest.mark.usefixtures("untouched")
def test_rows_that_are_not_those_that_were_counted_are_refused(place, file):
    with zipfile.ZipFile(file) as packed:
        rows = json.loads(packed.read("manifest.json"))["rows"]
    with pytest.raises(CommandError, match="not those its manifest counts, in: sync_syncitem"):
        place.run("restore", altered(file, {"rows": rows | {"sync_syncitem": rows["sync_syncitem"] + 1}}), yes=True)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip file"])
def test_another_kind_of_file_is_refused(place, tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(CommandError, match="no backup of this program"):
        place.run("restore", tmp_path / "x.zip", yes=True)


@pytest.mark.usefixtures("untouched")
def test_a_file_that_is_not_there_ends_in_a_sentence(place, tmp_path):
    with pytest.raises(CommandError, match="can't be read"):
        place.run("restore", tmp_path / "nowhere.zip", yes=True)


# who is at work


def test_workers_that_were_alive_just_now_are_not_pulled_the_ground_from_under(place, file):
    with own_database(place.database):
        Heartbeat.beat("dispatch")
    with pytest.raises(CommandError, match=r"dispatch was alive \d+ s ago.*--force"):
        place.run("restore", file, yes=True)
    place.run("restore", file, yes=True, force=True)


def test_workers_that_were_alive_long_ago_are_no_hindrance(place, file):
    with own_database(place.database):
        Heartbeat.objects.create(name="dispatch", at=timezone.now() - timedelta(minutes=4))
    place.run("restore", file, yes=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_process_that_has_the_database_open_is_never_overruled(place, file, force):
    with closing(sqlite3.connect(place.database)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("SELECT * FROM auth_user").fetchall()
        before = place.rows()
        with pytest.raises(CommandError, match=r"Another process has .* open"):
            place.run("restore", file, yes=True, force=force)
        assert place.rows() == before


# in the middle


@pytest.mark.parametrize(
    "step",
    [
        "bgmsync.backup.archive.Archive.unpack",
        "bgmsync.backup.restoring.reread",
        "bgmsync.backup.sqlite.SqliteStage._take_place",
    ],
)
def test_a_kill_in_the_middle_leaves_the_old_database_in_use_and_the_next_try_succeeds(place, file, step):
    place.add_user("noah")
    before = place.rows()
    killed = place.python(f"""
import os
from unittest import mock
from django.core.management import call_command
with mock.patch({step!r}, lambda *_args: os.kill(os.getpid(), 9)):
    call_command("restore", {str(file)!r}, yes=True)
""")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert place.query("PRAGMA integrity_check") == [("ok",)]
    assert place.rows() == before
    place.run("restore", file, yes=True)
    assert place.names() == ["mia"]


@pytest.mark.usefixtures("untouched")
def test_an_upgrade_that_would_lose_rows_is_not_put_in_place(place, file, monkeypatch):
    def migrate(*_args, **_options):
        from sync.models import SyncItem  # noqa: PLC0415  # on the staged database

        SyncItem.objects.all().delete()

    monkeypatch.setattr(restoring, "call_command", migrate)
    monkeypatch.setattr(restoring, "MigrationExecutor", lambda _connection: Older())
    with pytest.raises(CommandError, match="would have lost rows of sync_syncitem"):
        place.run("restore", file, yes=True)


class Older:
    """A plan of migrations, as for a backup of an older version."""

    def __init__(self):
        self.loader = self.graph = self

    def leaf_nodes(self):
        return []

    def migration_plan(self, _targets):
        from django.db.migrations import Migration  # noqa: PLC0415  # of use here alone

        return [(Migration("0999_later", "sync"), False)]
