"""``manage.py status`` names what waits for its user, since when, and what is to be done."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from sync.models import SubjectPlan, SyncRun

pytestmark = pytest.mark.django_db
SINCE = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def alice():
    return get_user_model().objects.create(username="alice")


@pytest.fixture
def status(capsys):
    def ask(*arguments: str) -> str:
        call_command("status", "alice", *arguments)
        return capsys.readouterr().out

    return ask


def held(user, status: str) -> SyncRun:
    run = SyncRun.objects.create(user=user, trigger="schedule", status=status, heartbeat_at=SINCE)
    for subject in (51, 876):
        SubjectPlan.objects.create(run=run, user=user, subject_id=subject, mark=[1])
    return run


def test_a_plan_that_waits_is_named_with_the_page_that_answers_it(alice, status, settings):
    settings.BASE_URL = "https://sync.example"
    run = held(alice, "awaiting")

    text = " ".join(status().split())

    assert f"waits run {run.pk}, since {SINCE.isoformat()}: its plan for 2 subject(s) waits for a yes" in text
    assert f"https://sync.example/admin/sync/syncrun/{run.pk}/change/" in text
    assert "manage.py sync alice" in text


def test_a_paused_run_is_named_and_that_nothing_starts_meanwhile(alice, status):
    run = held(alice, "paused")

    assert f"run {run.pk}, since {SINCE.isoformat()}: it is paused" in status()


def test_the_same_is_told_as_json(alice, status):
    run = held(alice, "awaiting")

    told = json.loads(status("--json"))["held_run"]

    assert (told["run"], told["status"], told["subjects"]) == (run.pk, "awaiting", 2)
    assert told["since"] == SINCE.isoformat()
    assert told["page"].endswith(f"/admin/sync/syncrun/{run.pk}/change/")


def test_where_nothing_waits_nothing_is_said(alice, status):
    held(alice, "cancelled")

    assert "waits" not in status()
    assert json.loads(status("--json"))["held_run"] is None
