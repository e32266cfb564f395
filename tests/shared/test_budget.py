"""A host's budget is one for the machine, outlives a restart, and lets one probe look."""

from __future__ import annotations

import time

import pytest
from asgiref.sync import async_to_sync

from bgmsync.shared.budget import HostGate
from bgmsync.shared.http import PutOff, ServerTrouble
from bgmsync.shared.models import HostBudget
from bgmsync.shared.pauses import FAILURES_TO_BREAK

pytestmark = pytest.mark.django_db


def gate(user_id=1, rate=0):
    return HostGate("bangumi", rate=rate, user_id=user_id)


def take(gate):
    async_to_sync(gate.take)()


def put_off(gate, seconds, why):
    async_to_sync(gate.put_off)(seconds, why)


def fail(gate, times=1):
    for _ in range(times):
        async_to_sync(gate.failed)(ServerTrouble("bangumi"))


def test_a_ban_of_this_address_puts_off_all_users():
    put_off(gate(1), 3600, "blocked")
    with pytest.raises(PutOff) as caught:
        take(gate(2))
    assert 3500 < (caught.value.retry_after or 0) <= 3600


def test_a_limit_of_one_account_leaves_the_others_alone():
    put_off(gate(1), 3600, "rate_limited")
    take(gate(2))
    with pytest.raises(PutOff):
        take(gate(1))


def test_a_put_off_ends_by_itself():
    put_off(gate(), -1, "blocked")
    take(gate())


def test_the_rate_is_shared_by_all_gates():
    rate = 200
    started = time.time()
    for _ in range(5):
        take(gate(rate=rate))
        take(gate(rate=rate))
    assert HostBudget.objects.get(key="bangumi").next_free_at >= started + 10 / rate


def test_a_host_that_keeps_failing_is_left_alone(settings):
    settings.RETRY_SCALE = 1
    fail(gate(), FAILURES_TO_BREAK)
    with pytest.raises(PutOff):
        take(gate())


def test_a_few_failures_do_not_stop_a_host(settings):
    settings.RETRY_SCALE = 1
    fail(gate(), FAILURES_TO_BREAK - 1)
    take(gate())


def test_one_probe_looks_when_the_pause_is_over_and_the_others_wait(settings):
    settings.RETRY_SCALE = 1
    fail(gate(), FAILURES_TO_BREAK)
    HostBudget.objects.update(put_off_until=0)
    prober = gate(1)
    take(prober)
    with pytest.raises(PutOff):
        take(gate(2))
    async_to_sync(prober.succeeded)()
    take(gate(3))
    assert HostBudget.objects.get(key="bangumi").failures == 0
