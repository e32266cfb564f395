"""A run, or the whole cluster, that is killed at any instant: nothing lost, nothing doubled, and a reason left."""

from __future__ import annotations

import os
import random
import re
import signal
import threading

import pytest

from tests.e2e.small import CLANNAD
from tests.e2e.test_processes import wait_for, workers
from tests.faults.matrix import FIRST_RUN
from tests.faults.story import Story, expected_shelf
from tests.faults.world import make_world

FULL = os.environ.get("FAULTS") == "full"
SEEDS = range(20 if FULL else 2)
CLUSTERS = range(20 if FULL else 1)
CHOSEN = list(FIRST_RUN) if FULL else ["mark"]
"""Each kind of request of a run is the boundary of a stage, or lies within one."""

REQUESTS = 31
"""About as many as an undisturbed run of the suite's world sends."""

LONGEST_DELAY = 0.12
"""Seconds after a request at which a random kill may come: in the middle of an answer, or of the work after it."""


@pytest.fixture
def killing(install_apart, record_property):
    """``killing(is_time, delay, signal)``: a story whose first run was killed at the request that *is_time* chose."""

    def kill(is_time, delay=0.0, number=signal.SIGKILL, fault=None):
        world = make_world()
        installation = install_apart(world)
        if fault:
            installation.standins.control("faults", fault)
        process = installation.start("sync", installation.user, "--json")
        strike_at(installation, process, is_time, delay, number)
        process.communicate(timeout=120)
        installation.standins.hub.observer = None
        installation.standins.control("faults", method="DELETE")
        record_property("kills", int(process.returncode == -number))
        return Story(installation, expected_shelf(world)), process.returncode

    return kill


def strike_at(installation, process, is_time, delay, number=signal.SIGKILL):
    """Kill the process and its children so long after the request that *is_time* chooses; return whether it came."""
    chosen = threading.Event()

    def strike():
        os.killpg(process.pid, number)

    def observe(exchange):
        if not chosen.is_set() and is_time(exchange):
            chosen.set()
            threading.Timer(delay, strike).start() if delay else strike()
        return []

    installation.standins.hub.observer = observe
    return chosen


def nth(number):
    """Choose the so-manieth request."""
    left = [number]

    def is_time(_exchange):
        left[0] -= 1
        return left[0] == 0

    return is_time


def kind(request):
    """Choose the first request of a kind."""
    left = [request.skip]

    def is_time(exchange):
        fits = (exchange.service, exchange.method) == (request.service, request.method)
        if not (fits and re.search(request.path, exchange.path)):
            return False
        left[0] -= 1
        return left[0] < 0

    return is_time


def finish(story):
    """Run twice and check that the killed run left its reason."""
    story.run()
    story.run()
    assert story.is_whole(), story.runs
    assert [run["status"] for run in story.runs][-1] == "succeeded"
    assert story.installation.breaches() == []
    ends = story.installation.query("select id, status, reason from sync_syncrun order by id")
    assert all(status == "succeeded" or reason for _id, status, reason in ends), ends
    return ends


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_killed_at_a_random_instant_is_finished_by_the_next(killing, seed):
    chance = random.Random(seed)  # noqa: S311  # a repeatable instant
    story, status = killing(nth(chance.randint(1, REQUESTS)), chance.uniform(0.0, LONGEST_DELAY))
    ends = finish(story)
    if status == -signal.SIGKILL and ends[0][1] != "succeeded":
        assert ends[0][1:] == ("incomplete", "interrupted")


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("arrives", [True, False], ids=["done", "undone"])
def test_a_run_killed_at_a_stage_boundary_is_finished_by_the_next(killing, name, arrives):
    request = FIRST_RUN[name]
    lost = None if arrives else request.spoilt_by({"kind": "reset"}, 1)
    story, status = killing(kind(request), fault=lost)
    assert status == -signal.SIGKILL
    assert finish(story)[0][1:] == ("incomplete", "interrupted")


def test_a_run_that_is_asked_to_stop_by_sigterm_is_finished_by_the_next(killing):
    story, _status = killing(kind(FIRST_RUN["confirm"]), number=signal.SIGTERM)
    finish(story)


def test_what_the_user_did_after_a_kill_is_theirs(killing):
    story, _status = killing(kind(FIRST_RUN["confirm"]))
    dropped = 5
    story.installation.standins.control("edit", {"user": "alice", "subject_id": CLANNAD, "type": dropped})
    _state, marks = story.expected[CLANNAD]
    story.expected[CLANNAD] = (dropped, marks)
    finish(story)


@pytest.mark.parametrize("seed", CLUSTERS)
def test_a_cluster_killed_at_a_random_instant_is_replaced_and_the_run_goes_on(install_apart, record_property, seed):
    chance = random.Random(1000 + seed)  # noqa: S311  # a repeatable instant
    world = make_world()
    installation = install_apart(world)
    cluster = installation.start("qcluster")
    instant, delay = chance.randint(1, REQUESTS), chance.uniform(0.0, LONGEST_DELAY)
    chosen = strike_at(installation, cluster, nth(instant), delay)
    waiting = installation.start("queue_sync", installation.user, "--json")
    wait_for(lambda: chosen.is_set() or is_over(installation))
    if not chosen.is_set():
        os.killpg(cluster.pid, signal.SIGKILL)
    cluster.communicate(timeout=60)
    installation.standins.hub.observer = None
    record_property("kills", 1)
    with workers(installation):
        installation.manage("shell", "-c", "from sync.dispatch import revive; revive()")
        waiting.communicate(timeout=120)
    ((_id, status, _reason),) = installation.query("select id, status, reason from sync_syncrun")
    assert status in {"succeeded", "incomplete", "deferred"}
    ends = finish(Story(installation, expected_shelf(world)))
    assert ends[0][1] == status


def is_over(installation):
    return bool(installation.query("select 1 from sync_syncrun where finished_at is not null"))
