"""Pause, go on, and what the pages say meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sync.models import SyncRun


@pytest.fixture
def browser(rows, client, queued):
    client.force_login(rows.config.user)
    return client


def run_of(rows, **values) -> SyncRun:
    return SyncRun.objects.create(user=rows.config.user, trigger="button", **values)


def page_of(browser, run) -> str:
    return browser.get(f"/admin/sync/syncrun/{run.pk}/change/").content.decode()


def press(browser, run, what):
    return browser.post(f"/admin/sync/syncrun/{run.pk}/{what}/", follow=True)


def test_a_running_run_is_asked_to_pause_and_says_so(browser, rows):
    run = run_of(rows, status="running", stage="apply", step=3, steps=9)
    assert f"/admin/sync/syncrun/{run.pk}/pause/" in page_of(browser, run)

    page = press(browser, run, "pause").content.decode()

    run.refresh_from_db()
    assert (run.status, run.pause_asked) == ("running", True)
    assert "Pausing: it finishes the subject it is at." in page
    assert f"/admin/sync/syncrun/{run.pk}/pause/" not in page


def test_a_paused_run_offers_to_go_on_and_does_not_watch_itself(browser, rows):
    page = page_of(browser, run_of(rows, status="paused", stage="apply", step=3, steps=9))

    assert "Nothing more is written until you let it go on" in page
    assert "Go on" in page
    assert 'id="progress"' not in page


def test_going_on_puts_the_run_back_into_the_queue(browser, rows, queued, django_capture_on_commit_callbacks):
    run = run_of(rows, status="paused", pause_asked=True)

    with django_capture_on_commit_callbacks(execute=True):
        press(browser, run, "resume")

    run.refresh_from_db()
    assert (run.status, run.pause_asked) == ("queued", False)
    assert queued == [run.pk]


def test_a_run_that_is_over_can_neither_be_paused_nor_go_on(browser, rows):
    assert "can not be paused" in press(browser, rows.run, "pause").content.decode()
    assert "not paused any more" in press(browser, rows.run, "resume").content.decode()
    rows.run.refresh_from_db()
    assert rows.run.status == "incomplete"


def test_a_run_does_not_go_on_beside_another_one(browser, rows):
    run = run_of(rows, status="paused")
    run_of(rows, status="running")

    assert "another one is under way" in press(browser, run, "resume").content.decode()
    run.refresh_from_db()
    assert run.status == "paused"


@pytest.mark.parametrize("what", ["pause", "resume"])
def test_another_member_can_not(rows, bob, client, what):
    run = run_of(rows, status="paused" if what == "resume" else "running")
    client.force_login(bob)

    assert client.post(f"/admin/sync/syncrun/{run.pk}/{what}/").status_code == 404
    run.refresh_from_db()
    assert (run.status, run.pause_asked) == (("paused" if what == "resume" else "running"), False)


def test_the_home_page_says_that_a_run_is_paused(browser, rows):
    run = run_of(rows, status="paused")

    page = browser.get("/admin/").content.decode()

    assert "A run is paused." in page
    assert f"/admin/sync/syncrun/{run.pk}/change/" in page


def test_a_run_under_way_says_how_long_it_will_take_and_what_may_be_asked(browser, rows, settings):
    settings.TRAKT_RATE, settings.BANGUMI_RATE = 1.5, 2
    now = timezone.now()
    began = now - timedelta(minutes=2)
    run = run_of(rows, status="running", stage="apply", step=40, steps=80, stage_began_at=began, heartbeat_at=now)

    html = browser.get(f"/admin/sync/syncrun/{run.pk}/progress/").json()["html"]

    assert "about 2 minutes left" in html
    assert "Bangumi: 120 of 120 requests of the next minute are free" in html
