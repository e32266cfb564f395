"""The settings of an installation that the internet can reach, in a process of their own: they are read once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bgmsync.people.sessionstore import SessionStore

ROOT = Path(__file__).parent.parent
DROPPED = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "BASE_URL", "SECRET_KEY", "TOKEN_KEYS"}
SHOW = """
import json
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in %r}))
"""


@pytest.fixture
def manage(tmp_path):
    """Run one of our commands with such an environment, and return what it did."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=kept | {"VAR_DIR": str(tmp_path), "BASE_URL": "https://sync.example.org"} | env,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def settings_of(manage):
    def show(*names: str, **env: str) -> dict:
        done = manage("shell", "--no-imports", "-c", SHOW % (names,), **env)
        return json.loads(done.stdout.splitlines()[-1])

    return show


def test_djangos_own_check_for_production_has_nothing_to_say(manage):
    done = manage("check", "--deploy", "--fail-level", "WARNING")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("System check identified no issues")


def test_what_is_not_for_production_is_said(manage):
    wrong = {
        "BEHIND_PROXY": "false",
        "SSL_REDIRECT": "false",
        "HSTS_SECONDS": "0",
        "DEBUG": "true",
        "SECRET_KEY": "short",
    }
    done = manage("check", "--deploy", "--fail-level", "WARNING", **wrong)

    assert done.returncode != 0
    assert not [
        code
        for code in ("bgmsync.W003", *(f"security.W0{n}" for n in ("04", "08", "09", "18")))
        if code not in done.stderr
    ]


def test_keys_are_read_from_files_however_they_end(settings_of, tmp_path):
    """An editor ends a file with a new line; keys may stand on a line each."""
    keys = [Fernet.generate_key().decode() for _ in range(3)]
    files = {
        "SECRET_KEY": "a-secret-key-from-a-file\n",
        "SECRET_KEY_FALLBACKS": "an-older-one\r\n",
        "TOKEN_KEYS": f"{keys[0]},{keys[1]}\n{keys[2]}\n",
        "TRAKT_CLIENT_SECRET": "secret\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    found = settings_of(*files, **{f"{name}_FILE": str(tmp_path / name) for name in files})

    assert found == {
        "SECRET_KEY": "a-secret-key-from-a-file",
        "SECRET_KEY_FALLBACKS": ["an-older-one"],
        "TOKEN_KEYS": keys,
        "TRAKT_CLIENT_SECRET": "secret",
    }
    assert not (tmp_path / "secret_key").exists()
    assert not (tmp_path / "token_key").exists()


def test_a_session_outlives_the_change_of_the_secret_key(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first" * 12, []
    before = SessionStore().encode({"x": 1})

    settings.SECRET_KEY = "second" * 12
    assert SessionStore().decode(before) == {}
    settings.SECRET_KEY_FALLBACKS = ["first" * 12]
    assert SessionStore().decode(before) == {"x": 1}


def test_on_plain_http_nothing_is_asked_of_the_browser_that_it_could_not_do(settings_of):
    found = settings_of(
        "SESSION_COOKIE_SECURE",
        "SESSION_COOKIE_NAME",
        "SECURE_HSTS_SECONDS",
        "SECURE_SSL_REDIRECT",
        "BEHIND_PROXY",
        BASE_URL="http://localhost:8000",
    )

    assert list(found.values()) == [False, "sessionid", 0, False, False]
