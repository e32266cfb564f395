"""The demo: stand-ins of Trakt and Bangumi on loopback, and an installation of its own that talks to them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgmsync.standins.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bgmsync.standins.world import BangumiUser, TraktUser

WORLD = Path(__file__).parent / "standins" / "demo-world.json"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the stand-ins grant the demo's user, so that the first sync needs no clicks."""

    trakt: Mapping[str, Any]
    bangumi: Mapping[str, Any]


def fresh_folder(var: Path) -> Path:
    """Return an empty folder for the demo: the stand-ins forget everything when they stop, so must its database."""
    folder = var / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def start_standins(world: Path = WORLD) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start the stand-ins and return their process and addresses."""
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "bgmsync.standins", "--world", str(world)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101  # it was asked for above
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("The stand-ins of Trakt and Bangumi did not start; what they said stands above.")
    return process, json.loads(line)


def environment(folder: Path, urls: Mapping[str, str], base_url: str) -> dict[str, str]:
    """Return the environment of an installation that keeps its things in *folder* and talks to the stand-ins."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
    }
    world = World.load(WORLD)
    trakt_app, bangumi_app = world.trakt.apps[0], world.bangumi.apps[0]
    return kept | {
        "VAR_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "BASE_URL": base_url,
        "TRAKT_API_URL": urls["trakt_api"],
        "TRAKT_AUTH_URL": urls["trakt_auth"],
        "BANGUMI_API_URL": urls["bangumi_api"],
        "BANGUMI_AUTH_URL": urls["bangumi_auth"],
        "TRAKT_CLIENT_ID": trakt_app.client_id,
        "TRAKT_CLIENT_SECRET": trakt_app.client_secret or "",
        "BANGUMI_CLIENT_ID": bangumi_app.client_id,
        "BANGUMI_CLIENT_SECRET": bangumi_app.client_secret or "",
        "TRAKT_RATE": "0",
        "BANGUMI_RATE": "0",
        "LOG_LEVEL": "WARNING",
    }


def tokens_of(world: Path = WORLD) -> Tokens:
    """Return the tokens that the demo world's first users start with."""
    data = World.load(world)
    return Tokens(trakt=_grant(data.trakt.users[0]), bangumi=_grant(data.bangumi.users[0]))


def _grant(user: TraktUser | BangumiUser) -> dict[str, Any]:
    return {"access_token": user.access_token, "refresh_token": user.refresh_token, "expires_in": 7 * 24 * 3600}
