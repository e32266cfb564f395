from __future__ import annotations

import pytest

from bgmsync.shared.http import LocalBudget, PutOff
from tests.http.remote import FakeTime, run


def budget(rate=0, **options):
    time = FakeTime()
    return LocalBudget("trakt", rate, clock=time.clock, sleep=time.sleep, **options), time


async def take(local, times):
    for _ in range(times):
        await local.take()


def test_requests_are_spaced_by_the_rate():
    local, time = budget(2)

    run(take(local, 4))

    assert time.slept == pytest.approx([0.5, 0.5, 0.5])


def test_a_quiet_time_earns_no_more_than_the_burst():
    local, time = budget(2, burst=3)

    run(take(local, 4))

    assert time.slept == pytest.approx([0.5])


def test_rate_zero_lifts_the_limit():
    local, time = budget(0)

    run(take(local, 100))

    assert time.slept == []


def test_a_host_that_is_put_off_is_left_alone_until_then():
    local, time = budget()
    run(local.put_off(60, "blocked"))
    time.now += 59

    with pytest.raises(PutOff) as raised:
        run(local.take())

    assert raised.value.retry_after == 1
    time.now += 1
    run(local.take())


def test_a_late_success_does_not_lift_a_put_off():
    local, _ = budget()
    run(local.put_off(60, "blocked"))
    run(local.succeeded())

    with pytest.raises(PutOff):
        run(local.take())


def test_a_shorter_put_off_does_not_shorten_a_longer_one():
    local, time = budget()
    run(local.put_off(60, "blocked"))
    run(local.put_off(5, "rate_limited"))
    time.now += 10

    with pytest.raises(PutOff):
        run(local.take())
