"""A whole installation in processes of its own (web server, workers, database), stand-ins beside it, and Chromium."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from django.utils import translation
from playwright.sync_api import Page, expect, sync_playwright

from bgmsync.processes import free_port
from bgmsync.standins import DEMO_WORLD, StandIns, World

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

PASSWORD = "correct horse battery"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
PATIENCE = 30_000
"""Milliseconds that a page may take to show what is waited for; a run on a busy machine included."""
MEMBERS = ("mia", "noah", "lin", "ada", "eve", *(f"kai{number}" for number in range(30)))
"""The first have names because several tests share them; whoever needs a member alone takes a kai, by ``newcomer``."""

LANGUAGES = {"en": "en-GB", "zh-hans": "zh-CN"}
"""Ours, and what a browser of that language says of itself."""
INHERITED_NOT = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
MAKE_MEMBERS = """
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from trakt.models import TraktConfig
password = make_password({password!r})
for name in {names!r}:
    user = User.objects.create(username=name, password=password, is_staff=True)
    user.groups.add(Group.objects.get(name="members"))
    # Without a schedule nothing runs but what a test asks for: a run that came by itself would be met by its clicks.
    TraktConfig.objects.create(user=user, enabled=False)
"""


@dataclass
class Installation:
    address: str
    env: dict[str, str]
    standins: StandIns
    root_password: str = ""
    manage: list[str] = field(default_factory=lambda: [sys.executable, "-m", "bgmsync"])
    newcomers: Iterator[str] = field(default_factory=lambda: iter([name for name in MEMBERS if name[:3] == "kai"]))

    def command(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(  # our own program
            [*self.manage, *arguments], env=self.env, input=stdin, capture_output=True, text=True, check=True
        )
        return done.stdout

    def connect(self, user: str) -> None:
        """Store the tokens of the services' user of the same name, as an operator would on the command line."""
        tokens = self.standins.control("tokens")
        for service in ("trakt", "bangumi"):
            grant = {"access_token": tokens[service][user]["access"][0], "expires_in": 604800}
            self.command("connect", user, service, stdin=json.dumps(grant))

    def marks(self, user: str) -> int:
        """Return how many episodes Bangumi shows as watched."""
        rows = self.standins.control("state")["bangumi"][user]["collections"].values()
        return sum(len(row["marks"]) for row in rows)


def world() -> World:
    """Return the demo's world, with an account at both services for each of our members."""
    loaded = World.load(DEMO_WORLD)
    trakt, bangumi = loaded.trakt.users, loaded.bangumi.users
    for number, name in enumerate(MEMBERS, start=1):
        trakt.append(trakt[0].model_copy(deep=True, update={"slug": name, **tokens(f"{name}-trakt")}))
        mine = {"username": name, "id": bangumi[0].id + number, **tokens(f"{name}-bangumi")}
        bangumi.append(bangumi[0].model_copy(deep=True, update=mine))
    return loaded


def tokens(name: str) -> dict[str, str]:
    return {"access_token": f"{name}-access-token-0123456789", "refresh_token": f"{name}-refresh-token-0123456789"}


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    with running(tmp_path_factory.mktemp("installation")) as here:
        yield here


@contextmanager
def running(folder: Path, its_world: World | None = None, **more: str) -> Generator[Installation]:
    """Run an installation that keeps its things in *folder*, with *more* settings."""
    port = free_port("127.0.0.1", 0)
    with StandIns(its_world or world()) as standins:
        apps = standins.hub.world
        env = {name: value for name, value in os.environ.items() if name not in INHERITED_NOT}
        env |= {
            "VAR_DIR": str(folder),
            "BASE_URL": f"http://127.0.0.1:{port}",
            "TRAKT_API_URL": standins.trakt_url,
            "TRAKT_AUTH_URL": standins.trakt_url,
            "BANGUMI_API_URL": standins.bangumi_url,
            "BANGUMI_AUTH_URL": standins.bangumi_url,
            "TRAKT_CLIENT_ID": apps.trakt.apps[0].client_id,
            "TRAKT_CLIENT_SECRET": apps.trakt.apps[0].client_secret or "",
            "BANGUMI_CLIENT_ID": apps.bangumi.apps[0].client_id,
            "BANGUMI_CLIENT_SECRET": apps.bangumi.apps[0].client_secret or "",
            "TRAKT_RATE": "0",
            "BANGUMI_RATE": "0",
            "RETRY_SCALE": "0.001",
            "REGISTRATION": "invite",
            "NOTIFY_PRIVATE": "yes",  # the receiver of the tests' notes is on loopback
            **more,
        }
        with (folder / "log").open("w") as log:
            up = subprocess.Popen(  # our own program
                [sys.executable, "-m", "bgmsync", "up", "--json", "--port", str(port)],
                env=env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            assert up.stdout
            line = up.stdout.readline()
            assert line, (folder / "log").read_text()
            told = json.loads(line)
            here = Installation(f"http://127.0.0.1:{port}", env, standins, told["password"])
            here.command("shell", "-c", MAKE_MEMBERS.format(names=MEMBERS, password=PASSWORD))
            try:
                yield here
            finally:
                up.terminate()
                up.wait(60)


def chromium_here() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of one file: as long as Playwright runs, no other test can run an event loop."""
    found = chromium_here()
    if not found:
        reason = "There is no Chromium: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def is_ours(message) -> bool:
    """Tell whether an error is our page's: what the stand-ins' consent pages lack is theirs.

    A form that is refused answers 400, of which Chromium tells as well.
    """
    address, refused = message.location["url"], "status of 400" in message.text
    return message.type == "error" and not refused and "favicon" not in address and "/callback" not in address


@pytest.fixture
def without_policy():
    """Tell whether the browser is to ignore our content policy, as a tool that styles the page needs it."""
    return False


@pytest.fixture
def language():
    """Return the language of the browser; a test of both takes ``in_both_languages``."""
    return "en"


IS_FULL = os.environ.get("BROWSER") == "full"
"""Whether every way is gone in both languages and every page kept at all widths: `make test-browser`."""

always_in_both_languages = pytest.mark.parametrize("language", LANGUAGES)
in_both_languages = pytest.mark.parametrize("language", LANGUAGES if IS_FULL else ["en"])


@pytest.fixture
def say(language):
    """Return our words in the browser's language, from the same catalogue as the pages have them."""

    def said(text: str, **values: object) -> str:
        with translation.override(language):
            return translation.gettext(text) % values if values else translation.gettext(text)

    return said


@pytest.fixture
def newcomer(installation):
    """A member of this test alone, known at both services and connected to neither."""
    return next(installation.newcomers)


@pytest.fixture
def page(chromium, installation, without_policy, language):
    """A page of a fresh browser; what it reports as an error fails the test, a breach of our policy included."""
    context = chromium.new_context(
        base_url=installation.address,
        locale=LANGUAGES[language],
        timezone_id="Asia/Shanghai",
        bypass_csp=without_policy,
    )
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on(
        "console",
        lambda message: errors.append(f"{message.location['url']}: {message.text}") if is_ours(message) else None,
    )
    yield opened
    context.close()
    assert without_policy or not errors  # such a tool fetches what is not there


@pytest.fixture
def log_in(page: Page, say):
    def enter(user: str, password: str = PASSWORD) -> Page:
        page.goto("/")
        page.get_by_label(say("username")).fill(user)
        page.get_by_label(say("Password")).fill(password)
        page.get_by_role("button", name=say("Log in")).click()
        expect(page.get_by_role("link", name=say("Home")).first).to_be_visible()
        return page

    return enter
