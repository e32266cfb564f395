"""The page of the comparison: what it shows to whom, and what its buttons do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils import timezone

from sync import queue, tasks
from sync.models import ParityReport, ParityRow, Subject, SyncItem, SyncRun
from sync.parity import comparing
from tests.admin.conftest import member
from tests.test_translations import left_in_english
from trakt.models import Title

PAGE = reverse("admin:sync_parityreport_changelist")
UNTICKED = {
    "kind": "missing",
    "what": "unticked",
    "count": 2,
    "episodes": [11, 12],
    "positions": [3, 4],
    "items": [],
    "reason": "",
    "on_trakt": None,
    "on_bangumi": None,
    "fixable": True,
}
RATED = UNTICKED | {
    "kind": "conflicting",
    "what": "rating",
    "count": 0,
    "episodes": [],
    "positions": [],
    "on_trakt": 9,
    "on_bangumi": 4,
}
EXTRA = UNTICKED | {"kind": "extra", "what": "ticks", "fixable": False}


@pytest.fixture
def alice(db):
    return member("alice")


@pytest.fixture
def bob(db):
    return member("bob")


@pytest.fixture
def jobs(monkeypatch):
    """The comparisons and runs handed to the queue, which no worker takes here."""
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "enqueue_comparison", lambda pk: found.append(("comparison", pk)))
    monkeypatch.setattr(queue, "enqueue", lambda pk: found.append(("run", pk)))
    return found


@pytest.fixture
def report(alice):
    """A subject with two episodes that were unticked, one with another rating, one with more ticks, one in step."""
    report = ParityReport.objects.create(
        user=alice,
        status="done",
        finished_at=timezone.now(),
        subjects=4,
        in_step=1,
        counts={"missing": 1, "conflicting": 1, "extra": 1, "waiting": 0},
    )
    title = Title.objects.create(kind="show", trakt_id=7, title="Mushi-Shi", year=2005)
    Subject.objects.create(pk=340, name="蟲師", name_cn="虫师")
    for place, (subject, found) in enumerate([(340, UNTICKED), (341, RATED), (342, EXTRA), (343, None)]):
        row = ParityRow(report=report, place=place, subject_id=subject, title=title, seasons="1", watched=12, ticked=10)
        row.listed = 2
        if found:
            setattr(row, str(found["kind"]), True)
            row.findings = [found]
        row.save()
    for number, episode in ((3, 11), (4, 12), (5, 13)):
        SyncItem.objects.create(
            user=alice, source_key=str(number), subject_id=340, episode_id=episode, number=number, state="done"
        )
    return report


def test_it_tells_how_much_is_in_step_and_what_is_not(report, alice, client):
    client.force_login(alice)
    page = client.get(PAGE).content.decode()
    assert "1 of 4 subjects are in step." in page
    assert "虫师" in page
    assert "Mushi-Shi (2005) · season 1" in page
    assert "episodes 3–4" in page
    assert "You, or something, took the tick away since." in page
    assert "rated 9 on Trakt, 4 on Bangumi" in page


@pytest.mark.parametrize(
    ("shown", "subjects"),
    [("", [340, 341, 342, 343]), ("missing", [340]), ("conflicting", [341]), ("extra", [342]), ("in_step", [343])],
)
def test_a_filter_leaves_the_rows_of_its_kind(report, alice, client, shown, subjects):
    client.force_login(alice)
    page = client.get(PAGE, {"show": shown})
    assert [line.row.subject_id for line in page.context["lines"]] == subjects


def test_only_what_can_be_mended_has_a_box(report, alice, client):
    client.force_login(alice)
    page = client.get(PAGE)
    boxes = [said.choice for line in page.context["lines"] for said in line.said if said.choice]
    assert len(boxes) == 2
    assert b"Fix selected" in page.content
    assert b"Fix selected" not in client.get(PAGE, {"show": "extra"}).content


def test_fixing_makes_due_what_was_chosen_and_asks_for_a_run(
    report, alice, client, jobs, django_capture_on_commit_callbacks
):
    client.force_login(alice)
    row = report.rows.get(subject_id=340)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("admin:sync_parityreport_fix", args=[report.pk]), {"chosen": [f"{row.pk}-0"]})
    run = SyncRun.objects.get()
    assert answer.url == reverse("admin:sync_syncrun_change", args=[run.pk])
    assert (run.trigger, run.only_retry) == ("retry", True)
    assert jobs == [("run", run.pk)]
    due = SyncItem.objects.filter(state="waiting", reason="to_mend", next_try_at__lte=timezone.now())
    assert sorted(due.values_list("episode_id", flat=True)) == [11, 12]
    assert b"You chose it; the next run writes it." in client.get(PAGE).content


@pytest.mark.parametrize("chosen", [[], ["x"], ["1-"], ["-1"], ["999999-0"], ["1-99"], ["½-0"]])
def test_a_choice_of_nothing_changes_nothing(report, alice, client, jobs, chosen):
    client.force_login(alice)
    answer = client.post(reverse("admin:sync_parityreport_fix", args=[report.pk]), {"chosen": chosen})
    assert answer.status_code == 302
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("finding", [EXTRA, RATED | {"fixable": False}, UNTICKED | {"asked": True}])
def test_what_has_no_box_cannot_be_chosen_by_a_made_up_form(report, alice, client, jobs, finding):
    client.force_login(alice)
    row = report.rows.get(subject_id=340)
    row.findings = [finding | {"items": list(alice.items.values_list("pk", flat=True))}]
    row.save()
    client.post(reverse("admin:sync_parityreport_fix", args=[report.pk]), {"chosen": [f"{row.pk}-0"]})
    assert not SyncRun.objects.exists()


def test_another_member_finds_nothing(report, bob, client, jobs):
    client.force_login(bob)
    row = report.rows.get(subject_id=340)
    fix = client.post(reverse("admin:sync_parityreport_fix", args=[report.pk]), {"chosen": [f"{row.pk}-0"]})
    assert fix.status_code == 404
    assert client.get(reverse("admin:sync_parityreport_progress", args=[report.pk])).status_code == 404
    assert client.get(reverse("admin:sync_parityreport_change", args=[report.pk])).status_code == 404
    assert client.get(PAGE, {"user": report.user_id}).status_code == 403
    assert "虫师" not in client.get(PAGE).content.decode()
    assert not SyncItem.objects.filter(state="waiting").exists()


def test_rows_of_another_report_cannot_be_chosen_through_ones_own(report, bob, client, jobs):
    client.force_login(bob)
    own = ParityReport.objects.create(user=bob, status="done", finished_at=timezone.now())
    row = report.rows.get(subject_id=340)
    client.post(reverse("admin:sync_parityreport_fix", args=[own.pk]), {"chosen": [f"{row.pk}-0"]})
    assert not SyncItem.objects.filter(state="waiting").exists()


def test_a_member_cannot_have_anothers_compared(alice, bob, client, jobs):
    client.force_login(bob)
    assert client.post(reverse("admin:sync_parityreport_compare"), {"user": alice.pk}).status_code == 403
    assert not ParityReport.objects.exists()


def test_a_superuser_may_look_at_a_members(report, client, db):
    client.force_login(User.objects.create_superuser("root", email=None, password="root"))
    assert "虫师" in client.get(PAGE, {"user": report.user_id}).content.decode()


def test_before_the_first_comparison_it_says_what_it_does(alice, client):
    client.force_login(alice)
    page = client.get(PAGE).content.decode()
    assert "Nothing is written." in page
    assert "Compare now" in page


def test_two_clicks_make_one_comparison(alice, client, jobs, django_capture_on_commit_callbacks):
    client.force_login(alice)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("admin:sync_parityreport_compare"))
        client.post(reverse("admin:sync_parityreport_compare"))
    assert jobs == [("comparison", ParityReport.objects.get().pk)]
    page = client.get(PAGE).content.decode()
    assert 'id="progress"' in page
    assert "Waiting for a worker." in page


def test_progress_says_how_far_it_is_and_when_it_is_over(alice, client):
    client.force_login(alice)
    active = ParityReport.objects.create(user=alice, status="running", step=64, steps=200)
    told = client.get(reverse("admin:sync_parityreport_progress", args=[active.pk])).json()
    assert not told["final"]
    assert "64 of 200" in told["html"]
    ParityReport.objects.update(status="done")
    assert client.get(reverse("admin:sync_parityreport_progress", args=[active.pk])).json()["final"]


def test_a_failed_attempt_says_why_beside_the_last_good_one(report, alice, client):
    client.force_login(alice)
    ParityReport.objects.create(user=alice, status="failed", reason="bangumi_not_connected", finished_at=timezone.now())
    page = client.get(PAGE).content.decode()
    assert "Bangumi is not connected" in page
    assert "Reconnect Bangumi" in page
    assert "虫师" in page


def test_everything_in_step_is_said_so(alice, client):
    client.force_login(alice)
    ParityReport.objects.create(user=alice, status="done", subjects=3, in_step=3, finished_at=timezone.now())
    assert "Everything is in step." in client.get(PAGE).content.decode()


def test_one_whose_worker_died_makes_room_for_a_new_one(alice, jobs, settings):
    long_ago = timezone.now() - timedelta(hours=1)
    dead = ParityReport.objects.create(user=alice, status="running", heartbeat_at=long_ago)
    new, is_new = comparing.request(alice)
    assert is_new
    dead.refresh_from_db()
    assert (dead.status, dead.reason) == ("failed", "interrupted")
    assert comparing.active_of(alice) == new


def test_a_comparison_is_claimed_once(alice):
    report, _new = comparing.request(alice, enqueue=False)
    made = comparing.work(report.pk)
    assert made is not None
    assert made.reason == "bangumi_not_connected"
    assert comparing.work(report.pk) is None


def test_members_have_the_right_to_see_comparisons(db):
    assert Group.objects.get(name="members").permissions.filter(codename="view_parityreport").exists()


@pytest.mark.parametrize("shown", ["", "missing", "conflicting", "waiting", "extra", "in_step"])
def test_no_english_of_ours_is_shown_to_a_chinese_reader(report, alice, client, shown):
    client.force_login(alice)
    page = client.get(PAGE, {"show": shown}, headers={"accept-language": "zh-hans"}).content.decode()
    assert not left_in_english(page)


def test_a_job_is_handed_its_key_alone_and_makes_the_comparison(alice, monkeypatch):
    handed = []
    monkeypatch.setattr(queue, "async_task", lambda *arguments, **_options: handed.append(arguments))
    report, _new = comparing.request(alice, enqueue=False)
    queue.enqueue_comparison(report.pk)
    assert handed == [("sync.tasks.compare", report.pk)]
    tasks.compare(report.pk)
    report.refresh_from_db()
    assert report.is_final
