"""How long a run will still take, said only where it can be known; and what may still be asked of the hosts."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from bgmsync.shared.models import HostBudget
from sync.admin.pace import about, budgets, seconds_left, time_left
from sync.models import SyncRun

TEN = timedelta(seconds=10)


@pytest.mark.parametrize(
    ("step", "steps", "elapsed", "left"),
    [
        (5, 10, TEN, 10),
        (10, 110, TEN, 100),
        (2, 10, TEN, None),  # too few steps
        (5, 10, timedelta(seconds=4), None),  # too short a time
        (10, 10, TEN, None),  # what is left is not counted in steps
        (7, 0, TEN, None),  # nobody knows how many there are
    ],
)
def test_the_time_left_follows_from_the_steps_of_the_stage(step, steps, elapsed, left):
    assert seconds_left(step, steps, elapsed) == left


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "less than a minute"),
        (60, "about 1 minute"),
        (125, "about 2 minutes"),
        (5400, "about 90 minutes"),
        (7600, "about 2 hours"),
    ],
)
def test_a_guess_is_written_as_roughly_as_it_is_known(seconds, said):
    assert about(seconds) == said


def run_at(step, *, began=60, told=0, stage="apply", **values) -> SyncRun:
    now = timezone.now()
    return SyncRun(
        status="running",
        stage=stage,
        step=step,
        steps=100,
        stage_began_at=now - timedelta(seconds=began + told),
        heartbeat_at=now - timedelta(seconds=told),
        **values,
    )


def test_of_the_last_stage_it_is_the_time_of_the_run():
    assert time_left(run_at(50)) == "about 1 minute left"
    assert time_left(run_at(50, stage="plan", dry_run=True)) == "about 1 minute left"


def test_of_an_earlier_stage_it_is_that_of_the_stage_alone():
    assert time_left(run_at(25, stage="match")) == "about 3 minutes left of this stage"


def test_a_run_that_has_long_not_told_how_far_it_is_promises_nothing():
    assert time_left(run_at(50, told=31)) == ""


def test_a_run_that_does_not_run_promises_nothing():
    run = run_at(50)
    run.status = "paused"

    assert time_left(run) == ""


def test_what_other_runs_have_taken_of_the_minute_is_not_free(rows, settings):
    settings.TRAKT_RATE, settings.BANGUMI_RATE = 1.5, 2
    HostBudget.objects.update_or_create(key="trakt", defaults={"next_free_at": time.time() + 20})

    said = budgets(rows.run)

    assert said[0] in {f"Trakt: {n} of 90 requests of the next minute are free" for n in (60, 61)}
    assert said[1] == "Bangumi: 120 of 120 requests of the next minute are free"


@pytest.mark.parametrize("whose", ["", ":{user}"])
def test_a_host_that_is_left_alone_is_said_to_be_and_until_when(rows, whose):
    key = "trakt" + whose.format(user=rows.run.user_id)
    HostBudget.objects.update_or_create(key=key, defaults={"put_off_until": time.time() + 600})

    assert budgets(rows.run)[0].startswith("Trakt is left alone until ")


def test_without_a_limit_nothing_is_said_of_it(rows, settings):
    settings.TRAKT_RATE = settings.BANGUMI_RATE = 0

    assert budgets(rows.run) == []
