"""An undo under faults and kills: after a healthy retry all is as it was before, and no run said so falsely."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from sync import dispatch
from sync.engine.run import work
from sync.models import SyncItem, SyncRun
from sync.reasons import TEXTS
from tests.e2e.small import BLACK_LAGOON, CLANNAD, MUSHISHI, entry, main_ids, small_world
from tests.faults.matrix import ENTRY, EPISODES, FAULTS, ONCE, THROUGHOUT, Request, makes_sense
from tests.faults.story import SCALE, short_timeouts, wait_for_hosts
from tests.servers import POSTGRES

FULL = os.environ.get("FAULTS") == "full"
WISH, DOING = 1, 3

UNDO = {
    "me": Request("bangumi", "GET", "^/v0/me"),
    "list": Request("bangumi", "GET", "/collections$"),
    "episodes": Request("bangumi", "GET", EPISODES.format(MUSHISHI)),
    "entry": Request("bangumi", "PATCH", ENTRY.format(CLANNAD)),
    "clear": Request("bangumi", "PATCH", EPISODES.format(MUSHISHI)),
    "set again": Request("bangumi", "PATCH", EPISODES.format(MUSHISHI), skip=1),
    "confirm": Request("bangumi", "GET", EPISODES.format(MUSHISHI), skip=1),
    "confirm the list": Request("bangumi", "GET", "/collections", skip=6),
}
"""What an undo of this world sends."""

CHOSEN_FAULTS = {"reset after the effect"} if POSTGRES else {"404", "503"}
"""Without FAULTS=full, each request meets these once."""
CASES = [
    pytest.param(name, fault, times, id=f"{name}-{fault}-{'once' if times is ONCE else 'throughout'}")
    for name, request in UNDO.items()
    for fault in FAULTS
    for times in (ONCE, THROUGHOUT)
    if makes_sense(request, fault) and (FULL or (times is ONCE and fault in CHOSEN_FAULTS))
]


def make_world():
    """A first sync that changes a wish, completes an entry, and ticks what was dropped and a wish."""
    first, second = main_ids(small_world(), MUSHISHI, 2)
    listed = [
        entry(CLANNAD, WISH, comment="later", tags=["key"]),
        entry(MUSHISHI, DOING, rate=8, marks={first: 3, second: 1}),
        entry(BLACK_LAGOON, DOING, rate=9),
    ]
    return small_world("Clannad 1x1-5", "Mushi-Shi 1x1-4", "Black Lagoon 1x1-12", listed=listed)


def shown(installation):
    return {
        subject: {name: value for name, value in row.items() if name != "updated_at"}
        for subject, row in installation.shelf().items()
    }


def undo(installation, run, ok=None):
    return json.loads(installation.manage("undo", str(run["run"]), "--json", ok=ok))


@pytest.fixture
def installation(install, monkeypatch):
    short_timeouts(monkeypatch)
    return install(make_world(), RETRY_SCALE=SCALE)


@pytest.mark.parametrize(("name", "fault", "times"), CASES)
def test_an_undo_ends_right_after_a_healthy_retry(installation, record_property, name, fault, times):
    record_property("faults", 1)
    before = shown(installation)
    run = installation.sync()
    installation.standins.control("faults", UNDO[name].spoilt_by(FAULTS[fault], times))
    spoilt = undo(installation, run)
    installation.standins.control("faults", method="DELETE")
    if spoilt["status"] == "succeeded":
        assert shown(installation) == before, "false success"
    else:
        assert spoilt["reason"] in TEXTS
        wait_for_hosts()
        assert undo(installation, run)["status"] == "succeeded"
    assert shown(installation) == before
    assert not SyncItem.objects.exclude(state="skipped", reason="undone").exists()
    assert installation.breaches() == []
    wait_for_hosts()
    assert installation.sync("--full")["writes"] == 0


def test_an_undo_that_was_put_off_is_gone_on_with_by_itself(installation):
    before = shown(installation)
    run = installation.sync()
    installation.standins.control("faults", UNDO["clear"].spoilt_by(FAULTS["503"], THROUGHOUT))
    assert undo(installation, run)["status"] in {"deferred", "incomplete"}
    installation.standins.control("faults", method="DELETE")
    wait_for_hosts()
    SyncRun.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert dispatch.undos.follow_up() == 1
    again = SyncRun.objects.get(status="queued")
    work(again.pk)
    again.refresh_from_db()
    assert again.status == "succeeded"
    assert shown(installation) == before
    assert dispatch.undos.follow_up() == 0


def test_the_user_who_takes_an_entry_off_the_list_meanwhile_does_not_get_it_back(installation):
    run = installation.sync()
    installation.standins.control("faults", UNDO["entry"].spoilt_by(FAULTS["503"], THROUGHOUT))
    undo(installation, run)
    installation.standins.control("faults", method="DELETE")
    installation.standins.control("edit", {"user": "alice", "subject_id": CLANNAD, "remove": True})
    wait_for_hosts()
    assert undo(installation, run)["status"] == "succeeded"
    assert str(CLANNAD) not in shown(installation)


@pytest.fixture
def killed(install_apart, record_property):
    """``killed(request, arrives)``: an installation, how its list was, and the run whose undo was killed there.

    With *sync* it is the run itself that was killed, and there is no undo yet.
    """

    def kill(request, *, arrives=True, sync=False):
        installation = install_apart(make_world())
        before = shown(installation)
        run = {"run": 1} if sync else installation.sync()
        left = [request.skip]
        if not arrives:
            installation.standins.control("faults", request.spoilt_by({"kind": "reset"}, 1))
        process = installation.start(*(("sync", "alice") if sync else ("undo", str(run["run"]))), "--json")

        def observe(exchange):
            if exchange.method == request.method and re.search(request.path, exchange.path):
                left[0] -= 1
                if left[0] == -1:
                    threading.Thread(target=os.killpg, args=(process.pid, signal.SIGKILL)).start()
                    time.sleep(0.2)
            return []

        installation.standins.hub.observer = observe
        process.communicate(timeout=120)
        installation.standins.hub.observer = None
        installation.standins.control("faults", method="DELETE")
        record_property("kills", int(process.returncode == -signal.SIGKILL))
        return installation, before, run

    return kill


@pytest.mark.parametrize("arrives", [True, False], ids=["done", "undone"])
@pytest.mark.parametrize("name", ["episodes", "entry", "clear", "set again", "confirm"] if FULL else ["clear", "entry"])
def test_an_undo_that_is_killed_is_finished_by_the_next(killed, name, arrives):
    installation, before, run = killed(UNDO[name], arrives=arrives)
    assert undo(installation, run, ok=True)["status"] == "succeeded"
    assert shown(installation) == before
    states = installation.query("select distinct state, reason from sync_syncitem")
    assert states == [("skipped", "undone")]
    ends = installation.query("select status, reason from sync_syncrun order by id")
    assert ends[1:] == [("incomplete", "interrupted"), ("succeeded", "")]
    assert installation.sync("--full")["writes"] == 0
    assert installation.breaches() == []


GO_ON = """
from sync import runs
from sync.engine.run import work
from sync.models import SyncRun
run = SyncRun.objects.get()
assert runs.release_if_dead(run)
work(run.pk)
"""


@pytest.mark.parametrize("name", ["entry", "clear", "mark"] if FULL else ["mark"])
def test_a_run_that_went_on_after_a_kill_is_undone_whole(killed, name):
    marks = Request("bangumi", "PATCH", EPISODES.format(MUSHISHI), skip=1)
    installation, before, run = killed(UNDO[name] if name != "mark" else marks, sync=True)
    installation.manage("shell", "-c", GO_ON)
    assert installation.query("select status, attempts from sync_syncrun") == [("succeeded", 2)]
    assert shown(installation) != before
    assert undo(installation, run, ok=True)["status"] == "succeeded"
    assert shown(installation) == before
