"""An installation of the program in a folder of its own, driven by its commands against stand-ins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tests.servers import POSTGRES, Own

if TYPE_CHECKING:
    from bgmsync.standins import StandIns
    from bgmsync.standins.bangumi.site import BangumiSite
    from bgmsync.standins.front import Front
    from bgmsync.standins.tokens import TokenStore
    from bgmsync.standins.trakt.site import TraktSite

ROOT = Path(__file__).parents[2]
WEEK = 7 * 24 * 3600
PATIENCE = 180
NEW_TOKENS = ("anew-access-0123456789", "anew-refresh-0123456789")


@dataclass
class Installation:
    """``user`` is connected to the first user of each stand-in."""

    folder: Path
    standins: StandIns
    user: str = "alice"
    more: dict[str, str] = field(default_factory=dict)

    @property
    def servers(self) -> Own:
        return Own(self.folder)

    @property
    def env(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        }
        own = {"VAR_DIR": str(self.folder), "LOG_LEVEL": "WARNING"}
        return kept | self.servers.env | own | self.settings_of_env()

    def settings_of_env(self) -> dict[str, str]:
        """Return the settings that tie the program to the stand-ins, lift the rate, and make pauses short."""
        app = self.standins.hub.world.trakt.apps[0]
        bangumi_app = self.standins.hub.world.bangumi.apps[0]
        return {
            "TRAKT_API_URL": self.standins.trakt_url,
            "TRAKT_AUTH_URL": self.standins.trakt_url,
            "BANGUMI_API_URL": self.standins.bangumi_url,
            "BANGUMI_AUTH_URL": self.standins.bangumi_url,
            "TRAKT_CLIENT_ID": app.client_id,
            "TRAKT_CLIENT_SECRET": app.client_secret or "",
            "BANGUMI_CLIENT_ID": bangumi_app.client_id,
            "BANGUMI_CLIENT_SECRET": bangumi_app.client_secret or "",
            "TRAKT_RATE": "0",
            "BANGUMI_RATE": "0",
            "RETRY_SCALE": "0.002",
            **self.more,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start one of our commands and leave it running, in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def manage(self, *arguments: str, stdin: str = "", ok: bool | None = True) -> str:
        """Run one of our commands to its end and return what it printed; *ok* None allows any exit status."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(stdin, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        assert "Traceback" not in err, err
        if ok is not None:
            assert (process.returncode == 0) is ok, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return out

    def connect(self) -> Installation:
        """Connect the user to both services, by the command."""
        world = self.standins.hub.world
        for service, account in (("trakt", world.trakt.users[0]), ("bangumi", world.bangumi.users[0])):
            tokens = {"access_token": account.access_token, "expires_in": WEEK}
            if account.refresh_token:
                tokens["refresh_token"] = account.refresh_token
            self.manage("connect", self.user, service, stdin=json.dumps(tokens))
        return self

    def token_store(self, service: str) -> TokenStore:
        """Reach the stand-in's own tokens."""
        sites = [cast("Front", server.config.app).site for server in self.standins._servers]
        return next(cast("TraktSite | BangumiSite", site).tokens for site in sites if site.name == service)

    def connect_anew(self, service: str) -> None:
        """Connect as after a new consent: with tokens that the service has just given out."""
        self.token_store(service).seed(self.user, *NEW_TOKENS)
        grant = dict(zip(("access_token", "refresh_token"), NEW_TOKENS, strict=True))
        self.manage("connect", self.user, service, stdin=json.dumps(grant))

    def sync(self, *options: str, ok: bool | None = True) -> dict[str, Any]:
        return json.loads(self.manage("sync", self.user, "--json", *options, ok=ok))

    def status(self) -> dict[str, Any]:
        return json.loads(self.manage("status", self.user, "--json"))

    def query(self, sql: str) -> list[tuple]:
        """Ask this installation's database, as an operator would."""
        if POSTGRES:
            return list(self.servers.query(sql))
        import sqlite3  # noqa: PLC0415  # of use here alone

        with closing(sqlite3.connect(self.folder / "db.sqlite3")) as connection, connection:
            return connection.execute(sql).fetchall()

    def kept(self) -> bytes:
        """Return all that the installation has written down anywhere."""
        files = b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())
        return files + (self.servers.dump() if POSTGRES else b"")

    def jobs(self) -> int:
        """Return how many jobs wait in the queue."""
        return self.servers.jobs() if POSTGRES else self.query("select count(*) from django_q_ormq")[0][0]

    # what Bangumi has

    def shelf(self) -> dict[str, Any]:
        """Return the user's Bangumi list as the service holds it, by subject."""
        return self.standins.control("state")["bangumi"][self.bangumi_name]["collections"]

    @property
    def bangumi_name(self) -> str:
        return self.standins.hub.world.bangumi.users[0].username

    def marks(self) -> dict[int, set[int]]:
        """Return the episodes that are watched on Bangumi, by subject."""
        return {
            int(subject): {int(episode) for episode, state in entry["marks"].items() if state == 2}
            for subject, entry in self.shelf().items()
        }

    def breaches(self) -> list[dict[str, Any]]:
        return self.standins.control("breaches")

    def requests(self) -> list[dict[str, Any]]:
        return self.standins.control("requests")

    def forget_requests(self) -> None:
        self.standins.control("clear", {})


def adds_up(summary: dict[str, Any]) -> bool:
    """Tell whether a run's sums are about the same plays."""
    return summary["read"] == summary["expected"] == sum(summary["items"].values())
