"""Outages and bans put runs off instead of hammering, and several runs at once do no harm."""

from __future__ import annotations

import os
import signal

import pytest

from sync.models import SyncRun
from tests.e2e.test_processes import wait_for, workers
from tests.faults.death import NOBODY, Dead
from tests.faults.matrix import FAULTS, FIRST_RUN, THROUGHOUT
from tests.faults.story import SCALE, Story, expected_shelf, short_timeouts, wait_for_hosts
from tests.faults.world import make_world

HOUR = 3600


@pytest.fixture
def story(install, monkeypatch, record_property):
    short_timeouts(monkeypatch)
    record_property("faults", 1)
    world = make_world()
    return Story(install(world, RETRY_SCALE=SCALE), expected_shelf(world))


@pytest.fixture
def story_apart(install_apart):
    world = make_world()
    return Story(install_apart(world), expected_shelf(world))


def spoil(story, service, status, times, path=""):
    rule = {"service": service, "path": path, "times": times, "action": {"kind": "status", "status": status}}
    story.installation.standins.control("faults", rule)


@pytest.mark.parametrize("service", ["trakt", "bangumi"])
@pytest.mark.parametrize("after", [0, 1, 6, 14], ids=lambda n: f"after {n} requests")
def test_twenty_503s_in_a_row_lose_nothing(story, service, after):
    rule = {"service": service, "skip": after, "times": 20, "action": {"kind": "status", "status": 503}}
    story.installation.standins.control("faults", rule)
    for _ in range(10):
        wait_for_hosts()
        if story.run()["status"] == "succeeded":
            break
    story.heal()


def test_three_500s_on_history_are_waited_out_in_place(story):
    spoil(story, "trakt", 500, 3, "^/sync/history")
    assert story.run()["status"] == "succeeded"
    story.heal()


def test_a_completion_that_two_runs_fail_to_write_is_seen_through_by_the_next(story):
    story.installation.standins.control("faults", FIRST_RUN["complete"].spoilt_by(FAULTS["500"], THROUGHOUT))
    for _ in range(2):
        wait_for_hosts()
        assert story.run()["status"] != "succeeded"
    story.heal()


def test_a_completion_that_was_only_planned_anew_is_seen_through_by_the_next(story, monkeypatch):
    story.installation.standins.control("faults", FIRST_RUN["complete"].spoilt_by(FAULTS["500"], THROUGHOUT))
    story.run()
    story.installation.standins.control("faults", method="DELETE")
    wait_for_hosts()
    with monkeypatch.context() as patch:
        patch.setattr("sync.engine.run.apply", die)
        with pytest.raises(Dead):
            story.run()
    SyncRun.objects.filter(status=SyncRun.Status.RUNNING).update(owner=NOBODY)
    story.heal()


async def die(*_arguments):
    raise Dead


def test_a_service_that_is_down_is_soon_left_alone(story):
    spoil(story, "bangumi", 500, None)
    story.run()
    asked = sum(r["service"] == "bangumi" for r in story.installation.requests())
    assert asked < 60
    story.heal()


@pytest.mark.parametrize("service", ["trakt", "bangumi"])
def test_a_ban_of_an_hour_puts_the_run_off_and_is_kept_to(story, service):
    story.installation.settings.RETRY_SCALE = 0.001
    story.installation.standins.control("ban", {"service": service, "seconds": HOUR})
    run = story.run()
    assert (run["status"], run["reason"]) == ("deferred", f"{service}_rate_limited")
    assert run["next_try"]
    story.installation.forget_requests()
    again = story.run()
    assert (again["status"], again["reason"]) == ("deferred", f"{service}_put_off")
    assert [r["path"] for r in story.installation.requests() if r["service"] == service] == []
    story.installation.standins.control("clock", {"seconds": HOUR})
    story.heal()


@pytest.mark.parametrize("service", ["TRAKT", "BANGUMI"])
def test_a_refused_connection_puts_off_and_loses_nothing(story, service):
    settings = story.installation.settings
    name = f"{service}_API_URL"
    address = getattr(settings, name)
    setattr(settings, name, "http://127.0.0.1:9")
    run = story.run()
    assert run["status"] in {"deferred", "incomplete"}
    setattr(settings, name, address)
    story.heal()


def test_two_commands_at_once_make_two_runs_one_after_the_other(story_apart):
    installation = story_apart.installation
    installation.standins.control("latency", {"ms": 30})
    both = [installation.start("sync", "alice", "--json") for _ in range(2)]
    outs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outs
    assert story_apart.is_whole()
    story_apart.check_manners()
    spans = installation.query("select started_at, finished_at from sync_syncrun order by started_at")
    assert len(spans) == 2
    assert spans[0][1] <= spans[1][0]


def test_a_command_during_a_queued_run_waits_for_it_and_does_no_harm(story_apart):
    installation = story_apart.installation
    installation.standins.control("latency", {"ms": 40})
    with workers(installation):
        queued = installation.start("queue_sync", "alice", "--json")
        wait_for(lambda: installation.query("select 1 from sync_syncrun where status = 'running'"))
        run = installation.sync()
        queued.communicate(timeout=120)
    assert run["status"] == "succeeded"
    assert queued.returncode == 0
    assert story_apart.is_whole()
    story_apart.check_manners()


def test_a_cluster_killed_in_a_run_is_replaced_and_the_run_goes_on(story_apart, record_property):
    installation = story_apart.installation
    installation.standins.control("latency", {"ms": 60})
    cluster = installation.start("qcluster")
    waiting = installation.start("queue_sync", "alice", "--json")
    wait_for(lambda: installation.standins.control("stats")["writes"])
    kill_all(cluster)
    record_property("kills", 1)
    with workers(installation):
        installation.manage("shell", "-c", "from django_q.tasks import async_task; async_task('sync.tasks.dispatch')")
        waiting.communicate(timeout=120)
    assert waiting.returncode == 0
    assert story_apart.is_whole()
    assert installation.query("select count(*), max(attempts) from sync_syncrun") == [(1, 2)]
    assert installation.breaches() == []


def kill_all(process):
    """Kill a cluster with all its children: they are in its session."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
