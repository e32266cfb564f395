"""A finished run beside the previous one of its sort."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sync.admin.comparison import compared
from sync.models import SyncRun


@pytest.fixture
def ran(rows):
    """``ran(**fields)``: a run of alice's that is over."""
    SyncRun.objects.all().delete()

    def make(user=None, seconds=10, **values) -> SyncRun:
        now = timezone.now()
        worked = timedelta(seconds=seconds)
        times = {"started_at": now - worked, "finished_at": now, "worked": worked}
        fields = {"trigger": "button", "status": "succeeded", **times, **values}
        return SyncRun.objects.create(user=user or rows.config.user, **fields)

    return make


def test_a_run_is_compared_with_the_one_before(ran):
    ran(read=10, counts={"done": 4, "failed": 2}, requests={"trakt": 2, "bangumi": 8}, writes=3, seconds=30)
    run = ran(read=15, counts={"done": 15}, requests={"trakt": 2, "bangumi": 20}, writes=3, seconds=12)

    told = [(str(row["label"]), row["was"], row["now"], row["difference"]) for row in compared(run)["differences"]]

    assert told == [
        ("read", 10, 15, "+5"),
        ("done", 4, 15, "+11"),
        ("already so", 0, 0, "0"),
        ("in review", 0, 0, "0"),
        ("failed", 2, 0, "−2"),
        ("requests", 10, 22, "+12"),
        ("writes", 3, 3, "0"),
        ("took", "30 s", "12 s", "−18 s"),
    ]


def test_the_schedule_and_the_button_do_the_same(ran):
    before = ran(trigger="schedule")

    assert compared(ran())["compared_with"] == before


@pytest.mark.parametrize(
    "other",
    [
        {"dry_run": True, "trigger": "preview"},
        {"full": True, "trigger": "full"},
        {"only_retry": True, "trigger": "retry"},
        {"kinds": ["ratings"]},
        {"trigger": "import"},
        {"trigger": "undo"},
        {"status": "running"},
        {"status": "paused"},
        {"started_at": None, "status": "cancelled"},
    ],
    ids=str,
)
def test_a_run_of_another_sort_is_no_measure(ran, other):
    before = ran()
    ran(**other)

    assert compared(ran())["compared_with"] == before


def test_other_peoples_runs_are_no_measure_and_no_neighbours(ran, bob):
    ran(bob)
    run = ran()
    ran(bob)

    about = compared(run)

    assert (about["compared_with"], about["earlier"], about["later"]) == (None, None, None)


def test_a_run_that_is_under_way_is_not_compared(ran):
    before = ran()
    run = ran(status="running", finished_at=None)

    about = compared(run)

    assert (about["compared_with"], about["earlier"]) == (None, before)


def test_the_page_shows_the_difference_and_leads_to_the_runs_around(ran, rows, client):
    earlier, run, later = ran(read=1), ran(read=3), ran()
    client.force_login(rows.config.user)

    page = client.get(f"/admin/sync/syncrun/{run.pk}/change/").content.decode()

    assert "Compared with the previous run" in page
    assert "<td>+2</td>" in page
    for other, rel in ((earlier, "prev"), (later, "next")):
        assert f'<a href="/admin/sync/syncrun/{other.pk}/change/" rel="{rel}">' in page
