"""Two machines with workers, each with a folder and a public address of its own; one of them dies half-way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from bgmsync.standins import StandIns
from tests.e2e.small import BLACK_LAGOON, CLANNAD, MUSHISHI, PAPRIKA, SECOND_BARRAGE, main_ids, small_world
from tests.machines import network
from tests.servers import postgres, redis

if TYPE_CHECKING:
    from bgmsync.standins import World

pytestmark = pytest.mark.skipif(not os.environ.get("MACHINES"), reason="takes minutes and root: make test-machines")

USERS = 200
WATCHED = {CLANNAD: 9, MUSHISHI: 5, BLACK_LAGOON: 12, SECOND_BARRAGE: 3, PAPRIKA: 1}
"""How many episodes of each subject; Trakt knows Black Lagoon's two as one season."""
TITLES = ("Clannad 1x1-9", "Mushi-Shi 1x1-5", "Black Lagoon 1x1-15", "Paprika")
PATIENCE = 600
RATE = "40"
"""Requests a second from each address: so that it lasts, and the budgets are used."""

MAKE = f"""
from bench.many_users import add_members
from trakt.models import TraktConfig
from django.utils import timezone
add_members({USERS})
TraktConfig.objects.update(next_run_at=timezone.now())
from sync.dispatch import start_due
print(start_due())
"""


def crowd() -> World:
    """Return a world of members who have watched the same, and have nothing on Bangumi."""
    from bench.many_users import token  # noqa: PLC0415  # its tokens are those that MAKE gives them

    world = small_world(*TITLES)
    trakt, bangumi = world.trakt.users[0], world.bangumi.users[0]
    for n in range(USERS):
        own: dict[str, Any] = {"access_token": token(n), "refresh_token": None}
        world.trakt.users.append(trakt.model_copy(update={"slug": f"m{n}", **own}))
        world.bangumi.users.append(bangumi.model_copy(update={"username": f"m{n}", "id": bangumi.id + 1 + n, **own}))
    return world


@pytest.fixture
def scene(tmp_path):
    """The services, the databases, and the environment that leads a machine to them."""
    if why := network.missing():
        pytest.fail(why)
    with network.network(), postgres.server(network.SHARED) as databases, redis.server(network.SHARED) as queues:
        with psycopg.connect(f"{databases}postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE bgmsync")
        with StandIns(crowd(), host=network.SHARED, latency_ms=20) as services:
            env = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
            env |= {f"{name.upper()}_URL": address for name, address in services.urls.items()}
            env |= {
                "DATABASE_URL": f"{databases}bgmsync",
                "REDIS_URL": f"{queues}0",
                "TOKEN_KEYS": Fernet.generate_key().decode(),
                "SECRET_KEY": "the same on all machines",
                "TRAKT_CLIENT_ID": services.hub.world.trakt.apps[0].client_id,
                "TRAKT_RATE": RATE,
                "BANGUMI_RATE": RATE,
                "RETRY_SCALE": "0.02",
                "WORKERS": "4",
                "LOG_LEVEL": "WARNING",
                "VAR_DIR": str(tmp_path / "here"),
                "DJANGO_SETTINGS_MODULE": "bgmsync.settings",
            }
            yield services, env


def ours(env: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "bgmsync", *arguments]
    return subprocess.run(command, cwd=network.ROOT, env=env, check=True, capture_output=True, text=True).stdout


def asked(env: dict[str, str], sql: str, *values: str) -> list[tuple]:
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        return connection.execute(sql.encode(), values or None).fetchall()


def over(env: dict[str, str]) -> int:
    return asked(env, "select count(*) from sync_syncrun where finished_at is not null")[0][0]


def wait_until(is_so) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to an end"
        time.sleep(0.25)


def watched_by(shelf: dict[str, Any]) -> dict[int, set[int]]:
    return {
        int(subject): {int(episode) for episode, state in entry["marks"].items() if state == 2}
        for subject, entry in shelf.items()
    }


def test_all_lists_are_right_and_nothing_is_written_twice_when_one_of_two_machines_dies_half_way(
    scene, tmp_path, record_property
):
    services, env = scene
    ours(env, "migrate", "--verbosity", "0")
    assert ours(env, "shell", "-c", MAKE).split()[-1] == str(USERS)

    with network.machines(["bgmsync-one", "bgmsync-two"], env, tmp_path) as (one, two):
        first, second = one.start("qcluster"), two.start("qcluster")
        try:
            wait_until(lambda: over(env) >= USERS // 2)
            held = "select count(*) from sync_syncrun where status = 'running' and sender = %s"
            ((interrupted,),) = asked(env, held, one.address)
            first.send_signal(signal.SIGKILL)
            first.wait(30)
            wait_until(lambda: over(env) == USERS)
        finally:
            for process in (first, second):
                process.kill()
                process.wait(30)

    world = services.hub.world
    right = {subject: set(main_ids(world, subject, number)) for subject, number in WATCHED.items()}
    lists = {name: watched_by(user["collections"]) for name, user in services.control("state")["bangumi"].items()}
    assert {name: found for name, found in lists.items() if found != right and name != "alice"} == {}
    writes = Counter(
        (r["user"], r["method"], r["path"], r["body"])
        for r in services.control("requests")
        if r["service"] == "bangumi" and r["method"] in {"POST", "PUT", "PATCH", "DELETE"}
    )
    assert {write: times for write, times in writes.items() if times > 1} == {}
    assert services.control("breaches") == []
    ended = asked(env, "select status, count(*) from sync_syncrun group by 1")
    assert ended == [("succeeded", USERS)]
    by_sender = dict(asked(env, "select sender, count(*) from sync_syncrun group by 1"))
    assert set(by_sender) == {one.address, two.address}
    revived = asked(env, "select count(*) from sync_syncrun where attempts > 1")[0][0]
    assert revived == interrupted > 0
    budgets = {key for (key,) in asked(env, "select key from shared_hostbudget")}
    assert {f"{service}@{m.address}" for service in ("trakt", "bangumi") for m in (one, two)} <= budgets
    record_property("machines", f"runs by machine {by_sender}, taken over {revived}, writes {sum(writes.values())}")
