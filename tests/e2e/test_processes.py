"""The program as processes: the queue with real workers, the schedule, and all of it started and stopped by ``up``."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.e2e.small import BANGUMI_TOKENS, CLANNAD, TRAKT_TOKENS, small_world

pytestmark = pytest.mark.e2e

PATIENCE = 60


@contextmanager
def workers(installation):
    """Run the queue's cluster, and stop it as an operator would."""
    process = installation.start("qcluster")
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def wait_for(what, seconds=PATIENCE):
    """Wait until *what* returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


def get(url):
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310  # our own server
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
    except URLError:
        return 0, ""


def test_a_run_goes_through_the_queue_and_leaves_no_token_behind(install_apart):
    installation = install_apart(small_world("Clannad 1x1-22"), LOG_LEVEL="DEBUG")
    installation.standins.control("expire", {"service": "trakt", "user": "alice", "what": "access"})
    with workers(installation) as cluster:
        run = json.loads(installation.manage("queue_sync", "alice", "--json"))
        assert (run["status"], run["items"]) == ("succeeded", {"done": 22})
    assert len(installation.marks()[CLANNAD]) == 22
    shown = json.dumps(run) + json.dumps(installation.status()) + installation.manage("status", "alice")
    kept = installation.kept()
    assert b"run" in kept
    tokens = installation.standins.control("tokens")
    secrets = {*TRAKT_TOKENS, *BANGUMI_TOKENS}
    for users in tokens.values():
        secrets |= {token for held in users["alice"].values() for token in held}
    assert len(secrets) > 4, "the renewal brought new ones"
    found = [token for token in secrets if token in shown or token.encode() in kept]
    assert found == []
    assert cluster.returncode is not None


def test_the_schedule_starts_what_is_due_and_plans_the_next_time(install_apart):
    installation = install_apart(small_world("Clannad 1x1-3"))
    installation.manage("migrate", "--verbosity", "0")
    installation.query("update trakt_config set next_run_at = '2020-01-01 00:00:00', ask_first = false")
    (job,) = installation.query("select func from django_q_schedule where minutes = 1")
    # django-q2 looks at its schedule after half a minute at the earliest; what it would then queue is queued here.
    installation.manage("shell", "-c", f"from django_q.tasks import async_task; async_task({job[0]!r})")
    with workers(installation):
        wait_for(lambda: installation.query("select 1 from sync_syncrun where status = 'succeeded'"))
    assert installation.query("select trigger, status from sync_syncrun") == [("schedule", "succeeded")]
    assert len(installation.marks()[CLANNAD]) == 3
    assert installation.query("select count(*) from trakt_config where next_run_at > current_timestamp") == [(1,)]


def test_up_serves_and_stops_cleanly_on_sigterm_leaving_no_process(install_apart):
    installation = install_apart(small_world(), WORKERS="1")
    port = free_port()
    process = installation.start("up", "--port", str(port), "--json")
    base = f"http://127.0.0.1:{port}"
    assert process.stdout is not None
    try:
        announced = json.loads(process.stdout.readline())  # it is said once the server answers
        wait_for(lambda: get(f"{base}/healthz")[0] == 200)
        status, page = get(f"{base}/admin/login/")
        assert status == 200
        assert 'name="password"' in page
    finally:
        process.terminate()
        _out, err = process.communicate(timeout=PATIENCE)
    assert announced["address"] == f"{base}/admin/"
    assert announced["password"]
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert get(f"{base}/healthz")[0] == 0
    wait_for(lambda: not mentioning(str(installation.folder)), 10)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def mentioning(folder):
    """Return the processes whose environment names *folder*."""
    if not Path("/proc/self/environ").exists():
        return []
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                environ = (process / "environ").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if re.search(rf"VAR_DIR={re.escape(folder)}(\0|$)", environ):
                found.append(process.name)
    return found
