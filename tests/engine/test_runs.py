"""One active run a user; a dead one is put back; the dispatcher claims each user once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from sync import dispatch, queue, runs
from sync.models import SyncItem, SyncRun
from trakt.models import TraktConfig

pytestmark = pytest.mark.django_db
Status, Trigger = SyncRun.Status, SyncRun.Trigger


@pytest.fixture
def alice():
    return get_user_model().objects.create(username="alice")


@pytest.fixture
def enqueued(monkeypatch):
    sent = []
    monkeypatch.setattr(queue, "enqueue", lambda *keys: sent.extend(keys))
    return sent


def claimed(user):
    run = runs.claim(runs.request(user, Trigger.BUTTON)[0].pk)
    assert run is not None
    return run


def test_three_clicks_and_a_schedule_make_one_run(alice, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        made = [runs.request(alice, trigger) for trigger in (Trigger.BUTTON, Trigger.BUTTON, Trigger.SCHEDULE)]
    assert len({run.pk for run, _new in made}) == 1
    assert [new for _run, new in made] == [True, False, False]
    assert enqueued == [made[0][0].pk]


def test_a_run_that_is_over_makes_room_for_the_next(alice, enqueued):
    first, _new = runs.request(alice, Trigger.BUTTON)
    SyncRun.objects.filter(pk=first.pk).update(status=Status.SUCCEEDED)
    assert runs.request(alice, Trigger.BUTTON)[1]


def test_a_second_delivery_claims_nothing(alice, enqueued):
    run, _new = runs.request(alice, Trigger.BUTTON)
    assert runs.claim(run.pk) is not None
    assert runs.claim(run.pk) is None


def ago(**how):
    return timezone.now() - timedelta(**how)


def test_what_a_run_waited_for_its_user_does_not_count_as_its_work(alice, enqueued):
    run = claimed(alice)
    SyncRun.objects.filter(pk=run.pk).update(
        status=Status.PAUSED, started_at=ago(hours=5), heartbeat_at=ago(hours=4), worked=timedelta(minutes=3)
    )
    run.refresh_from_db()
    assert run.seconds == 180

    assert runs.resume(run)
    run.refresh_from_db()
    assert run.seconds == 180

    assert runs.claim(run.pk)
    SyncRun.objects.filter(pk=run.pk).update(started_at=ago(seconds=60))
    run.refresh_from_db()
    assert 240 <= run.seconds < 300


def test_a_run_that_is_cancelled_while_it_waits_has_worked_no_longer_for_it(alice, enqueued):
    run = claimed(alice)
    SyncRun.objects.filter(pk=run.pk).update(
        status=Status.AWAITING, started_at=ago(hours=5), worked=timedelta(seconds=7)
    )
    run.refresh_from_db()

    runs.cancel(run)

    run.refresh_from_db()
    assert run.seconds == 7


def test_a_run_whose_process_died_has_worked_until_its_last_sign_of_life(alice, enqueued):
    run = claimed(alice)
    SyncRun.objects.filter(pk=run.pk).update(owner="", started_at=ago(minutes=30), heartbeat_at=ago(minutes=29))
    run.refresh_from_db()

    assert runs.release_if_dead(run)

    run.refresh_from_db()
    assert round(run.seconds) == 60


def test_a_run_that_never_began_took_no_time(alice, enqueued):
    assert runs.request(alice, Trigger.BUTTON)[0].seconds is None


def test_a_run_of_a_living_process_is_left_alone(alice, enqueued):
    run = claimed(alice)
    assert not runs.release_if_dead(run)


def test_a_run_whose_process_is_gone_is_put_back_and_sent_again(alice, enqueued):
    run = claimed(alice)
    owner = run.owner.split("|")
    SyncRun.objects.filter(pk=run.pk).update(owner="|".join([owner[0], "999999", "1"]))
    assert dispatch.revive() == 1
    run.refresh_from_db()
    assert run.status == Status.QUEUED
    assert enqueued[-1] == run.pk


@pytest.mark.parametrize("times", [1, 3])
def test_a_run_that_the_broker_lost_is_handed_over_again_however_often(alice, enqueued, monkeypatch, times):
    monkeypatch.setattr("sync.queue.waiting", lambda: 0)
    run, _new = runs.request(alice, Trigger.BUTTON)
    for _ in range(times):
        SyncRun.objects.filter(heartbeat_at=None).update(created_at=ago(minutes=30))
        SyncRun.objects.exclude(heartbeat_at=None).update(heartbeat_at=ago(minutes=30))
        assert dispatch.revive() == 1
        assert dispatch.revive() == 0
    assert enqueued == [run.pk] * times


def test_a_run_that_was_put_back_and_then_lost_is_handed_over_again(alice, enqueued, monkeypatch):
    monkeypatch.setattr("sync.queue.waiting", lambda: 0)
    run = claimed(alice)
    SyncRun.objects.filter(pk=run.pk).update(owner="", heartbeat_at=ago(minutes=29))
    assert dispatch.revive() == 1
    SyncRun.objects.update(heartbeat_at=ago(minutes=29))
    assert dispatch.revive() == 1


@pytest.mark.parametrize("jobs", [1, None])
def test_what_still_waits_in_the_broker_is_not_handed_over_twice(alice, enqueued, monkeypatch, jobs):
    """None: the broker can't be asked, so nothing could be handed over either."""
    monkeypatch.setattr("sync.queue.waiting", lambda: jobs)
    runs.request(alice, Trigger.BUTTON)
    SyncRun.objects.update(created_at=ago(minutes=30))
    assert dispatch.revive() == 0
    assert enqueued == []


def test_a_process_number_that_was_given_to_another_process_is_not_mistaken_for_it(alice, enqueued):
    run = claimed(alice)
    host, pid, _started = run.owner.split("|")
    SyncRun.objects.filter(pk=run.pk).update(owner=f"{host}|{pid}|12345")
    run.refresh_from_db()
    assert run.is_dead()


def test_a_run_on_another_machine_is_dead_when_its_heartbeat_is_old(alice, enqueued, settings):
    settings.RETRY_SCALE = 1
    run = claimed(alice)
    run.owner = "another-machine|1|1"
    assert not run.is_dead()
    run.heartbeat_at = timezone.now() - timedelta(minutes=6)
    assert run.is_dead()


def test_who_is_due_gets_a_run_once_and_a_next_time(alice, enqueued, django_capture_on_commit_callbacks):
    due = timezone.now() - timedelta(minutes=1)
    config = TraktConfig.objects.create(user=alice, state="connected", next_run_at=due, interval_minutes=60)
    with django_capture_on_commit_callbacks(execute=True):
        assert dispatch.start_due() == 1
        assert dispatch.start_due() == 0
    config.refresh_from_db()
    assert config.next_run_at
    assert config.next_run_at > timezone.now() + timedelta(minutes=59)
    assert len(enqueued) == 1


def test_who_must_reconnect_is_not_asked_again_and_again(alice, enqueued):
    TraktConfig.objects.create(user=alice, state="reconnect", next_run_at=timezone.now() - timedelta(minutes=1))
    assert dispatch.start_due() == 0


def test_a_user_who_was_switched_off_is_left_alone(alice, enqueued):
    TraktConfig.objects.create(user=alice, state="connected", next_run_at=timezone.now() - timedelta(minutes=1))
    alice.is_active = False
    alice.save()
    assert dispatch.start_due() == 0


def test_retrying_touches_only_the_users_own_items(alice):
    bob = get_user_model().objects.create(username="bob")
    later = timezone.now() + timedelta(days=1)
    for user in (alice, bob):
        SyncItem.objects.create(user=user, source_key="1", state="failed", next_try_at=later)
    assert runs.retry_items(alice, SyncItem.objects.all()) == 1
    assert SyncItem.objects.get(user=bob).next_try_at == later
    assert list(runs.due_items(alice)) == [SyncItem.objects.get(user=alice)]
    assert not runs.due_items(bob).exists()


def test_a_queued_run_that_is_cancelled_is_over_at_once(alice, enqueued):
    run, _new = runs.request(alice, Trigger.BUTTON)
    assert runs.cancel(run)
    run.refresh_from_db()
    assert run.status == Status.CANCELLED
    assert runs.claim(run.pk) is None


def test_many_who_are_due_cost_a_few_statements_and_nobody_is_forgotten(enqueued, django_assert_max_num_queries):
    users = get_user_model().objects.bulk_create([get_user_model()(username=f"u{n}") for n in range(50)])
    due = timezone.now() - timedelta(minutes=1)
    TraktConfig.objects.bulk_create([TraktConfig(user=u, state="connected", next_run_at=due) for u in users])
    runs.request(users[0], Trigger.BUTTON)
    SyncRun.objects.create(user=users[1], trigger=Trigger.BUTTON, status=SyncRun.Status.AWAITING)

    with django_assert_max_num_queries(15):
        assert dispatch.start_due() == 48

    scheduled = SyncRun.objects.filter(trigger=Trigger.SCHEDULE)
    assert set(scheduled.values_list("user__username", flat=True)) == {f"u{n}" for n in range(2, 50)}
    assert set(enqueued) >= set(scheduled.values_list("pk", flat=True))
    assert not TraktConfig.objects.filter(next_run_at__lte=timezone.now()).exists()


def test_a_click_between_the_two_statements_takes_nobody_elses_run(enqueued, monkeypatch):
    users = get_user_model().objects.bulk_create([get_user_model()(username=f"u{n}") for n in range(3)])
    begin = transaction.atomic

    def after_a_click():
        monkeypatch.setattr(transaction, "atomic", begin)
        SyncRun.objects.create(user=users[0], trigger=Trigger.BUTTON)
        return begin()

    monkeypatch.setattr(transaction, "atomic", after_a_click)

    assert runs.request_scheduled([user.pk for user in users]) == 2
    assert sorted(SyncRun.objects.values_list("user__username", "trigger")) == [
        ("u0", "button"),
        ("u1", "schedule"),
        ("u2", "schedule"),
    ]
