"""A running installation (web server, workers, database) in a world whose titles are attacks, and its visitors."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import PASSWORD, Installation, running, world

if TYPE_CHECKING:
    from pathlib import Path

    from bgmsync.standins import World

HOSTILE = "<img src=x onerror=hacked()>\"'></title><script>hacked()</script>{{7*7}}&lt;b&gt;"
"""Closes whatever it stands in, an attribute, a title or a script; and looks like a template and like escaped text."""
MINE = "mia"
HER_KEY = 4711
"""Of one row of hers in each table, and of nobody else's in any."""
TABLES = ("sync_syncrun", "sync_syncitem", "sync_mappingoverride", "sync_notificationchannel", "trakt_config")
DEADLINE = 40
"""Seconds in which another process comes round to something on a busy machine."""
MOVES_BY_ITSELF = ("heartbeat_at", "next_run_at", "read_to")


WHAT_IS_HERS = """
import io, json, sys
from django.contrib.auth.models import User
from django.core.management import call_command
from sync.models import (
    BangumiAccount, MappingOverride, NotificationChannel, ParityReport, Snapshot, SyncItem, SyncRun
)
from trakt.models import TraktConfig
for service, grant in {grants!r}.items():
    sys.stdin = io.StringIO(json.dumps(grant))
    call_command("connect", "mia", service)
call_command("sync", "mia")
mia, key = User.objects.get(username="mia"), {key}
MappingOverride.objects.create(pk=key, user=mia, kind="show", trakt_id=5, subject_id=7)
NotificationChannel.objects.create(pk=key, user=mia, name={title!r}[:60], kind="ping", address="https://example.com/x")
ParityReport.objects.create(pk=key, user=mia, status="done")
SyncRun.objects.create(pk=key, user=mia, trigger="button", status="succeeded")
for model in (TraktConfig, BangumiAccount, Snapshot):
    model.objects.filter(user=mia).update(id=key)
item = SyncItem.objects.filter(user=mia, state="review").first() or SyncItem.objects.filter(user=mia).first()
item.pk, item.source_key = key, "one more"
item.save(force_insert=True)
"""


def hostile(text: str | None) -> str | None:
    """Put the attack behind *text*: the beginning is still what matching compares."""
    return f"{text} {HOSTILE}" if text else text


def hostile_world() -> World:
    """Return the world with an attack in everything that a stranger writes at either service."""
    found = world()
    for title in [*found.trakt.shows, *found.trakt.movies]:
        title.title = f"{title.title} {HOSTILE}"
        title.original_title = hostile(title.original_title)
    for show in found.trakt.shows:
        for season in show.seasons:
            for episode in season.episodes:
                episode.title = hostile(episode.title)
    for subject in found.bangumi.subjects:
        subject.name, subject.name_cn = f"{subject.name} {HOSTILE}", f"{subject.name_cn} {HOSTILE}"
        for row in subject.episodes:
            row.name, row.name_cn = f"{row.name} {HOSTILE}", f"{row.name_cn} {HOSTILE}"
    for user in found.trakt.users:
        user.plays = user.plays[::5]  # enough to look at
        user.name = f"{user.name} {HOSTILE}"
    for account in found.bangumi.users:
        account.nickname = f"{account.nickname} {HOSTILE}"
        for entry in account.collections:
            entry.comment, entry.tags = HOSTILE, [HOSTILE]
    return found


@dataclass
class Target:
    """The installation, and what can be seen of it from behind."""

    installation: Installation
    folder: Path
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.installation.address

    def query(self, sql: str, *values) -> list[tuple]:
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as connection, connection:
            return connection.execute(sql, values).fetchall()

    def execute(self, sql: str, *values) -> None:
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as connection, connection:
            connection.execute(sql, values)

    def id_of(self, name: str) -> int:
        return self.query("SELECT id FROM auth_user WHERE username = ?", name)[0][0]

    def rows_of(self, name: str) -> dict[str, list[tuple]]:
        """Return all that somebody could want to change of a person's."""
        person = self.id_of(name)
        found = {"auth_user": self.query("SELECT * FROM auth_user WHERE id = ?", person)}
        for table in TABLES:
            names = [row[1] for row in self.query(f"PRAGMA table_info({table})") if row[1] not in MOVES_BY_ITSELF]
            columns = ", ".join(f'"{column}"' for column in names)
            found[table] = self.query(f"SELECT {columns} FROM {table} WHERE user_id = ? ORDER BY id", person)  # noqa: S608  # names of our own
        return found

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def forget_tries(self) -> None:
        self.execute("DELETE FROM people_tries")


@dataclass
class Visitor:
    """A browser without a screen."""

    address: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=self.address,
            timeout=30,
            headers={"User-Agent": "a browser"},
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def token(self, page: str = "/admin/login/") -> str:
        """Return what a form on *page* carries against forgery."""
        return re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.http.get(page).text)[0]

    def post(self, where: str, data: dict | None = None, page: str = "", **more) -> httpx.Response:
        """Press a button of one of our own pages."""
        page = page or ("/me/" if "sessionid" in self.http.cookies else "/admin/login/")
        return self.http.post(where, data={"csrfmiddlewaretoken": self.token(page), **(data or {})}, **more)

    def log_in(self, name: str, password: str = PASSWORD, **more) -> httpx.Response:
        fields = {"username": name, "password": password, **more}
        return self.post("/admin/login/", fields, page="/admin/login/")


def wait_until(true) -> bool:
    """Look again and again: another process does it."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if true():
            return True
        threading.Event().wait(0.2)
    return False


@pytest.fixture(scope="session")
def target(tmp_path_factory):
    """An installation where mia has synced, and has a row of every kind that others might want."""
    folder = tmp_path_factory.mktemp("attacked")
    with running(folder, hostile_world(), NOTIFY_PRIVATE="no") as installation:
        made = Target(installation, folder)
        tokens = installation.standins.control("tokens")
        grants = {s: {"access_token": tokens[s][MINE]["access"][0], "expires_in": 604800} for s in ("trakt", "bangumi")}
        installation.command("shell", "-c", WHAT_IS_HERS.format(title=HOSTILE, key=HER_KEY, grants=grants))
        yield made


@pytest.fixture
def visitor(target):
    """Somebody with a browser, who is nobody yet."""
    target.forget_tries()
    found = Visitor(target.address)
    yield found
    found.http.close()


def _logged_in(target: Target, name: str, password: str = PASSWORD) -> Visitor:
    """Return somebody who is logged in; hashing a password takes its time, so the log-in before is used if it holds."""
    target.forget_tries()
    found = Visitor(target.address)
    for cookie, value in target.cookies.get(name, {}).items():
        found.http.cookies.set(cookie, value, domain="127.0.0.1")
    if found.http.get("/me/").status_code != HTTPStatus.OK:
        found.http.cookies.clear()
        found.log_in(name, password)
        target.cookies[name] = dict(found.http.cookies)
    return found


@pytest.fixture
def mia(target):
    found = _logged_in(target, MINE)
    yield found
    found.http.close()


@pytest.fixture
def noah(target):
    """Another member."""
    found = _logged_in(target, "noah")
    yield found
    found.http.close()


@pytest.fixture
def root(target):
    found = _logged_in(target, "admin", target.installation.root_password)
    yield found
    found.http.close()
