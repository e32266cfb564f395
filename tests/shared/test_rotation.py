"""Keys are changed while the program runs, and nothing is lost on the way."""

from __future__ import annotations

import json
import stat

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from bgmsync.keys import kept, put_in_front
from bgmsync.shared import rotation
from bgmsync.shared.encryption import encrypted_columns
from bgmsync.shared.models import ServiceApp
from tests.admin.conftest import alice, app, rows, standins
from trakt.models import TraktConfig

__all__ = ["alice", "app", "rows", "standins"]


def key():
    return Fernet.generate_key().decode()


def command(capsys, *arguments):
    call_command("rotate_keys", "--json", *arguments)
    return json.loads(capsys.readouterr().out)


def raw():
    """Return every encrypted text as the database holds it."""
    found = []
    with connection.cursor() as cursor:
        for model, names in encrypted_columns():
            for name in names:
                cursor.execute(f'SELECT "{name}" FROM "{model._meta.db_table}"')  # noqa: S608  # names of our own
                found += [text for (text,) in cursor.fetchall() if text]
    return found


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_all_secrets_go_under_the_newest_key_and_the_old_one_can_be_dropped(rows, settings, capsys, batch):
    token = rows.config.access_token
    new = key()
    settings.TOKEN_KEYS = [new, *settings.TOKEN_KEYS]

    told = command(capsys, "--batch", str(batch))

    assert told["rewritten"] == told["fresh"] == len(raw()) > 3
    assert told["older_keys_can_be_dropped"]
    settings.TOKEN_KEYS = [new]
    assert TraktConfig.objects.get().access_token == token
    assert ServiceApp.objects.get().client_secret == rows.app.client_secret


def test_run_again_it_rewrites_nothing(rows, settings, capsys):
    settings.TOKEN_KEYS = [key(), *settings.TOKEN_KEYS]
    command(capsys)
    before = raw()

    assert command(capsys)["rewritten"] == 0
    assert raw() == before


def test_broken_off_it_goes_on_where_it_stopped(rows, settings, capsys, monkeypatch):
    settings.TOKEN_KEYS = [key(), *settings.TOKEN_KEYS]
    replace, done = rotation._replace, []

    def dies(*args):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(args)
        return replace(*args)

    monkeypatch.setattr(rotation, "_replace", dies)
    with pytest.raises(KeyboardInterrupt):
        command(capsys)
    monkeypatch.setattr(rotation, "_replace", replace)
    told = command(capsys)

    assert told["rewritten"] == len(raw()) - 2
    assert told["older_keys_can_be_dropped"]


def test_a_token_that_is_renewed_meanwhile_is_not_overwritten(rows, settings, capsys, monkeypatch):
    settings.TOKEN_KEYS = [key(), *settings.TOKEN_KEYS]
    replace = rotation._replace

    def renewed_first(model, name, *rest):
        if (model, name) == (TraktConfig, "access_token"):
            TraktConfig.objects.update(access_token="renewed")
        return replace(model, name, *rest)

    monkeypatch.setattr(rotation, "_replace", renewed_first)
    told = command(capsys)

    assert TraktConfig.objects.get().access_token == "renewed"
    assert told["left"] == 0


def test_what_no_key_reads_is_left_alone_and_said(rows, settings, capsys):
    settings.TOKEN_KEYS = [key()]
    before = raw()

    with pytest.raises(CommandError, match="keep the older keys"):
        call_command("rotate_keys")

    assert "can't be read" in capsys.readouterr().out
    assert raw() == before


def test_a_new_key_is_kept_before_the_old_one_and_for_this_user_alone(tmp_path, settings, capsys):
    settings.VAR_DIR, settings.TOKEN_KEYS_ARE_KEPT = tmp_path, True
    old = kept(tmp_path / "token_key", "fernet")

    command(capsys, "--new")

    new, second = kept(tmp_path / "token_key", "fernet").split()
    assert (second, new == old) == (old, False)
    Fernet(new)
    assert stat.S_IMODE((tmp_path / "token_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token_key"]


def test_where_the_environment_has_the_keys_none_is_made(settings, capsys):
    settings.TOKEN_KEYS_ARE_KEPT = False

    with pytest.raises(CommandError, match="environment"):
        call_command("rotate_keys", "--new")


def test_three_keys_are_kept_one_a_line(tmp_path):
    kept(tmp_path / "k", "fernet")
    put_in_front(tmp_path / "k")
    put_in_front(tmp_path / "k")

    assert len(set((tmp_path / "k").read_text().split())) == 3
