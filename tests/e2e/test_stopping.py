"""Stopping and dying: a run hands itself back when its worker is asked to stop, and a damaged cluster ends."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from bgmsync.processes import GRACE
from sync import runs, stopping, tasks
from sync.engine import run as engine
from sync.engine.run import work
from sync.models import SyncItem, SyncRun
from tests.e2e.small import CLANNAD, small_world
from tests.e2e.test_pause import WATCHED, WRITING, adds_up, stop_at, sums, writes_in  # noqa: F401  # a fixture
from tests.e2e.test_processes import free_port, mentioning, wait_for, workers

Trigger, Status = SyncRun.Trigger, SyncRun.Status


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    stopping.forget()


def asked_for() -> SyncRun:
    return runs.request(User.objects.get(), Trigger.BUTTON, may_ask=False)[0]


def worked(run: SyncRun) -> SyncRun:
    work(run.pk)
    return SyncRun.objects.get(pk=run.pk)


@pytest.mark.parametrize("place", range(1, 12))
def test_wherever_its_worker_is_stopped_a_run_ends_as_an_undisturbed_one(install, stop_at, settings, place):  # noqa: F811  # the fixture
    settings.IN_FLIGHT = 1  # so that the stop falls between any two subjects
    here = install(small_world(*WATCHED))
    stop_at(place, Status.QUEUED)

    left = worked(asked_for())
    stop_at(0)
    run = worked(left)

    assert (left.status, left.owner, left.finished_at) == (Status.QUEUED, "", None)
    assert (run.status, run.read, run.counts) == (Status.SUCCEEDED, 30, {"done": 30})
    assert adds_up(sums(run))
    assert run.writes == len(writes_in(here)) == len(set(writes_in(here))) == 9
    assert run.held == {}


def test_a_run_that_was_cancelled_while_its_worker_stopped_is_cancelled(install, stop_at):  # noqa: F811  # the fixture
    install(small_world(*WATCHED))
    run = asked_for()
    SyncRun.objects.filter(pk=run.pk).update(cancel_asked=True)
    stop_at(3, Status.QUEUED)
    assert worked(run).status == Status.CANCELLED


def test_a_run_that_was_paused_while_its_worker_stopped_waits_for_its_user(install, stop_at):  # noqa: F811  # the fixture
    install(small_world(*WATCHED))
    run = asked_for()
    SyncRun.objects.filter(pk=run.pk).update(pause_asked=True)
    stop_at(3, Status.QUEUED)
    assert worked(run).status == Status.PAUSED


def test_the_heartbeat_hears_that_the_worker_is_to_stop(install, monkeypatch):
    monkeypatch.setattr(engine, "BEAT", 0.005)
    here = install(small_world(*WATCHED))
    here.standins.control("latency", {"ms": 50})
    stopping.ask()
    assert worked(asked_for()).status == Status.QUEUED


def test_a_job_that_a_stopping_cluster_still_holds_goes_back_into_the_queue(install, monkeypatch):
    install(small_world(*WATCHED))
    run, queued = asked_for(), []
    monkeypatch.setattr("sync.queue.enqueue", queued.append)
    stopping.ask()
    tasks.run(run.pk)
    assert queued == [run.pk]
    assert SyncRun.objects.get(pk=run.pk).attempts == 0


@pytest.mark.e2e
def test_a_run_under_way_is_handed_back_on_sigterm_and_goes_on_with_the_next_cluster(install_apart):
    installation = install_apart(small_world(*WATCHED), BANGUMI_RATE="2")  # slowly enough to be met under way
    cluster = installation.start("qcluster")
    waiting = installation.start("queue_sync", installation.user, "--json")
    wait_for(lambda: [r for r in installation.requests() if r["service"] == "bangumi"])
    cluster.terminate()
    _out, err = cluster.communicate(timeout=GRACE)
    assert cluster.returncode == 0, err
    assert "Traceback" not in err
    assert installation.query("select status, owner from sync_syncrun") == [("queued", "")]

    with workers(installation):
        out, _err = waiting.communicate(timeout=120)
    run = json.loads(out)
    assert (run["status"], run["items"]) == ("succeeded", {"done": 30})
    assert len(installation.marks()[CLANNAD]) == 22
    assert installation.breaches() == []
    assert installation.query("select count(*) from sync_syncrun") == [(1,)]
    written = Counter(
        (r["method"], r["path"])
        for r in installation.requests()
        if r["service"] == "bangumi" and r["method"] in WRITING
    )
    assert set(written.values()) == {1}


@pytest.mark.e2e
def test_up_ends_with_an_error_when_a_worker_is_killed_and_leaves_no_process(install_apart):
    installation = install_apart(small_world(), WORKERS="2")
    process = installation.start("up", "--port", str(free_port()), "--json")
    assert process.stdout is not None
    process.stdout.readline()
    idle = wait_for(lambda: workers_of(process.pid))[0]
    os.kill(idle, signal.SIGKILL)
    try:
        _out, err = process.communicate(timeout=2 * GRACE)
    finally:
        process.terminate()  # where it did not notice
    assert process.returncode == 1, err
    assert "was killed" in err
    assert "The workers ended by itself" in err
    wait_for(lambda: not mentioning(str(installation.folder)), 10)


def workers_of(main: int) -> list[int]:
    """Return the workers of the cluster below *main*: its sentinel's first children."""
    cluster = [child for child in children(main) if b"qcluster" in Path(f"/proc/{child}/cmdline").read_bytes()]
    sentinels = [child for pid in cluster for child in children(pid)]
    return [pid for sentinel in sentinels if len(children(sentinel)) >= 4 for pid in children(sentinel)[:2]]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_items_are_not_put_off_by_a_stop(install, stop_at):  # noqa: F811  # the fixture
    install(small_world(*WATCHED))
    stop_at(5, Status.QUEUED)
    worked(asked_for())
    assert not SyncItem.objects.filter(state__in=SyncItem.RETRIED).exists()
