"""A bundle that can be posted: secrets, names and titles are put wherever there is room, and none is found in it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, models

from bgmsync.watching import logfile, support
from sync.models import SyncItem, SyncRun
from tests.admin.conftest import SECRETS

ROOT = Path(__file__).parents[2]
PLANTED = "Frieren葬送のフリーレン"
"""As a title, a name, a secret, and whatever a text may be."""
WORDS = ("frieren", "葬送", "フリーレン", "alice", "kichijoji", "/home/", "planted", *map(str.lower, SECRETS))
TRACE = f"""Traceback (most recent call last):
  File "/home/planted/bgmsync/sync/engine/run.py", line 7, in work
    x = "{PLANTED}"
  File "/home/planted/elsewhere.py", line 1, in <module>
ValueError: {PLANTED}
alice: {PLANTED}"""
LOG = [
    {"time": "2026-01-01T00:00:00+00:00", "level": "ERROR", "logger": "sync.engine.run", "event": "run %s failed"}
    | {"message": f"run {PLANTED} failed", "run": 5, "user": 2, "extra": PLANTED, "request": PLANTED}
    | {"trace": TRACE},
    {"time": PLANTED, "level": PLANTED, "logger": PLANTED, "event": PLANTED, "message": PLANTED},
    {"time": "2026-01-01T00:00:00+00:00", "level": "ERROR", "logger": "django-q", "message": f"Failed {PLANTED}"},
]


def texts_of(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def shown(archive):
    """Return all that a reader of the bundle sees, escapes undone."""
    texts = texts_of(archive)
    return "\n".join(
        [*texts, *texts.values(), *(value.encode().decode("unicode_escape", "replace") for value in texts.values())]
    )


@pytest.fixture
def planted(rows, settings, tmp_path):
    """Put the text into every column of text, and every value of JSON, that the database has room for."""
    alice = rows.config.user
    User.objects.filter(pk=alice.pk).update(email="alice@kichijoji.test", first_name=PLANTED)
    rows.run.log(f"What came was {PLANTED}", title=PLANTED, **{PLANTED: PLANTED})
    rows.run.log("Rows of %(kind)s on Trakt: %(n)s.", kind=PLANTED, n=3)
    deep = {PLANTED: [PLANTED, {PLANTED: 1}], "done": 1}
    for model in apps.get_models():
        meta = model._meta
        if meta.app_label not in {"sync", "trakt"}:
            continue
        for field in meta.concrete_fields:
            if isinstance(field, models.JSONField):
                # The log's parameters are filled in above: they need the names that the messages quote.
                if meta.model_name != "runevent":
                    model._default_manager.update(**{field.name: deep})
            elif type(field) is models.CharField and field.name not in {"message", "key", "source_key"}:
                size = field.max_length or 0
                if size >= len(PLANTED) and not field.unique:
                    model._default_manager.update(**{field.name: PLANTED})
    settings.LOG_FILE = str(tmp_path / "log")
    Path(settings.LOG_FILE).write_text("\n".join([PLANTED, *(json.dumps(row) for row in LOG), "[]", '"x"']))
    return rows


@pytest.fixture
def planted_in_settings(planted, settings, monkeypatch):
    for name in support.NAMED:
        monkeypatch.setenv(name, PLANTED)
    for name in (
        "BASE_URL",
        "TRAKT_API_URL",
        "REGISTRATION",
        "LOG_FORMAT",
        "SENTRY_DSN",
        "METRICS_TOKEN",
        "TRAKT_CLIENT_SECRET",
    ):
        setattr(settings, name, PLANTED)
    return planted


def test_nothing_that_was_planted_is_found(planted_in_settings):
    text = shown(support.bundle()).lower()

    assert not [word for word in WORDS if word in text]
    assert '"missing": "' not in text, "a part that was not made hides what it would show"


def test_nothing_that_was_planted_is_found_in_a_members_bundle(planted_in_settings):
    text = shown(support.bundle(planted_in_settings.config.user)).lower()

    assert not [word for word in WORDS if word in text]
    assert '"missing": "' not in text, "a part that was not made hides what it would show"


def test_what_helps_is_there(rows, settings, tmp_path):
    settings.LOG_FILE = str(tmp_path / "log")
    Path(settings.LOG_FILE).write_text("\n".join(json.dumps(row) for row in LOG))
    SyncRun.objects.filter(pk=rows.run.pk).update(
        reason="trakt_unreachable", by_kind={"history": {"read": 1, "expected": 1, "items": {"failed": 1}}}
    )
    rows.run.log("Plays read from Trakt: %(expected)s, of them new: %(new)s.", expected=12, new=3)

    parts = {name: json.loads(text) for name, text in texts_of(support.bundle()).items() if name.endswith(".json")}

    run = parts["runs.json"][0]
    assert (run["user"], run["reason"], run["counts"]) == (rows.config.user_id, "trakt_unreachable", {"failed": 1})
    assert run["by_kind"]["history"]["items"] == {"failed": 1}
    assert run["log"][-1]["params"] == {"expected": 12, "new": 3}
    assert run["log"][-1]["message"].startswith("Plays read from Trakt")
    assert parts["users.json"][0]["items"] == [["history", "review", "ambiguous", 1]]
    assert parts["users.json"][0]["trakt"]["state"] == "connected"
    assert parts["rows.json"]["sync.syncitem"] == 1
    assert parts["settings.json"]["WORKERS"]["value"] == settings.WORKERS
    assert parts["settings.json"]["SECRET_KEY"] == {"set": False}
    assert "sync.0001_initial" in parts["migrations.json"]["applied"]
    line = parts["log.json"][0]
    assert (line["event"], line["run"]) == ("run %s failed", 5)
    assert line["trace"] == ["sync/engine/run.py:7 work", "elsewhere.py:1 <module>", "ValueError"]
    assert parts["about.json"]["libraries"]["django"]


def test_figures_are_in_it_without_the_machines_names(rows):
    from sync import alive  # noqa: PLC0415  # of use here alone

    alive.beat()
    text = texts_of(support.bundle())["figures.txt"]

    assert "bgmsync_worker_alive 1.0" in text
    assert "machine=" not in text


def test_a_members_bundle_is_about_them_alone(rows, bob):
    SyncRun.objects.create(user=bob, trigger="button")
    SyncItem.objects.create(user=bob, source_key="b")

    parts = texts_of(support.bundle(rows.config.user))

    assert set(parts) == {"README.txt", "about.json", "users.json", "runs.json"}
    assert {run["user"] for run in json.loads(parts["runs.json"])} == {rows.config.user_id}
    assert [user["user"] for user in json.loads(parts["users.json"])] == [rows.config.user_id]


def test_a_member_downloads_their_own(rows, client, bob):
    client.force_login(bob)

    answer = client.post("/me/support/")

    assert answer.headers["Content-Type"] == "application/zip"
    assert json.loads(texts_of(answer.content)["runs.json"]) == []


def test_what_is_broken_is_missing_and_all_else_is_there(rows, monkeypatch, settings):
    monkeypatch.setattr(support, "_runs", lambda _person: (_ for _ in ()).throw(DatabaseError(PLANTED)))
    settings.TOKEN_KEYS = ["7eX5FIlOUGVJbGgLhZUdrvmZ4b4vzBb3zO1hDXVXWQk="]

    parts = texts_of(support.bundle())

    assert json.loads(parts["runs.json"]) == {"missing": "DatabaseError"}
    assert json.loads(parts["users.json"])[0]["trakt"]["state"] == "connected"


def test_every_setting_is_told_of_by_name():
    names = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert names == {*support.CHOICES, *support.NUMBERS, *support.NAMED}


def test_the_command_writes_a_file_and_replaces_none(rows, tmp_path, capsys):
    file = tmp_path / "bundle.zip"

    call_command("support", output=file, json=True)

    assert json.loads(capsys.readouterr().out)["file"] == str(file)
    assert "runs.json" in texts_of(file.read_bytes())
    with pytest.raises(CommandError, match="exists already"):
        call_command("support", output=file)


def test_a_log_that_is_not_ours_is_left_out(tmp_path):
    (tmp_path / "log").write_bytes(b"\xff\xfe\n" + PLANTED.encode() + b"\n" + b'{"a":' * 3000)

    assert logfile.last_lines(str(tmp_path / "log")) == []
    assert logfile.last_lines(str(tmp_path / "none")) == []


def test_a_title_of_a_code_is_still_a_code():
    assert support.plain({"done": 3, "Title": "done"}) == {"done": 3, "(other)": "done"}
