"""In the quiet hours nothing starts by itself, whatever brought its time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from sync import dispatch, runs
from sync.engine.run import _plan_next
from sync.models import SyncRun
from trakt.models import TraktConfig

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def config() -> TraktConfig:
    """Alice's settings: it has been quiet for an hour, for one more to come."""
    now = timezone.now()
    return TraktConfig.objects.create(
        user=get_user_model().objects.create(username="alice"),
        state="connected",
        interval_minutes=60,
        quiet_from=(now - HOUR).time().replace(second=0, microsecond=0),
        quiet_to=(now + HOUR).time().replace(second=0, microsecond=0),
    )


def test_a_time_that_was_missed_and_comes_up_in_the_quiet_hours_moves_to_their_end(config):
    TraktConfig.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))

    assert dispatch.start_due() == 0

    config.refresh_from_db()
    assert config.next_run_at == config.quiet.end_after(timezone.now()) + config.jitter
    assert not SyncRun.objects.exists()


def test_outside_of_them_it_starts_as_ever(config):
    TraktConfig.objects.update(quiet_from=config.quiet_to, quiet_to=config.quiet_from)
    TraktConfig.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))

    assert dispatch.start_due() == 1


def test_what_failed_is_brought_back_after_the_quiet_hours(config):
    soon = timezone.now() + timedelta(minutes=10)
    run = SyncRun.objects.create(user=config.user, trigger="schedule", status="deferred", not_before=soon)

    _plan_next(run)

    config.refresh_from_db()
    assert config.next_run_at > soon
    assert not config.is_quiet(config.next_run_at)


def test_a_person_may_start_a_run_at_any_hour(config):
    assert runs.request(config.user, SyncRun.Trigger.BUTTON)[1]


def test_hours_that_leave_nothing_of_the_day_are_none(config):
    config.quiet_to = config.quiet_from

    assert config.quiet is None
    assert config.out_of_quiet(timezone.now()) <= timezone.now()
