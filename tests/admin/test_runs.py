"""Runs in the admin: start, repeat, retry, cancel, and what the pages say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sync.models import SubjectPlan, SyncItem, SyncRun
from trakt.models import Title

START = "/admin/sync/syncrun/start/"


@pytest.fixture
def browser(rows, client, queued):
    client.force_login(rows.config.user)
    return client


def last() -> SyncRun:
    return SyncRun.objects.order_by("-pk")[0]


@pytest.mark.parametrize(
    ("trigger", "kind"),
    [("button", (False, False)), ("preview", (True, False)), ("full", (False, True))],
)
def test_a_button_starts_its_kind_of_run(browser, queued, django_capture_on_commit_callbacks, trigger, kind):
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(START, {"trigger": trigger, "confirmed": "1"})

    assert answer.url == f"/admin/sync/syncrun/{last().pk}/change/"
    assert (last().dry_run, last().full) == kind
    assert queued == [last().pk]


def test_a_full_resync_is_asked_about_first(browser, rows):
    answer = browser.post(START, {"trigger": "full"})

    assert answer.status_code == 200
    assert last() == rows.run


def test_three_clicks_make_one_run(browser):
    pages = {browser.post(START, {"trigger": "button"}).url for _ in range(3)}

    assert len(pages) == 1


@pytest.mark.parametrize("side", ["config", "account"])
def test_without_both_accounts_the_button_says_what_is_missing(browser, rows, side):
    getattr(rows, side).forget()

    answer = browser.post(START, {"trigger": "button"}, follow=True)

    assert "not connected yet" in answer.content.decode()
    assert last() == rows.run


def test_the_report_says_how_it_ended_why_and_what_to_do(browser, rows):
    page = browser.get(f"/admin/sync/syncrun/{rows.run.pk}/change/").content.decode()

    assert "Incomplete" in page
    assert "program error" in page
    assert "A line of the log." in page
    assert f"?run__id__exact={rows.run.pk}&amp;state__exact=failed" in page


def test_the_report_lists_the_subjects_that_were_written(browser, rows):
    SubjectPlan.objects.create(run=rows.run, user=rows.run.user, subject_id=400602, status="done", mark=[1, 2, 3])

    page = browser.get(f"/admin/sync/syncrun/{rows.run.pk}/change/").content.decode()

    assert "https://bgm.tv/subject/400602" in page
    assert "葬送のフリーレン" in page


def test_a_run_under_way_tells_how_far_it_is_until_it_is_over(browser, rows):
    run = SyncRun.objects.create(user=rows.run.user, trigger="button", status="running", stage="apply", step=3, steps=4)
    address = f"/admin/sync/syncrun/{run.pk}/progress/"
    under_way = browser.get(address).json()
    SyncRun.objects.filter(pk=run.pk).update(status="succeeded", stage="over", finished_at=timezone.now())

    assert not under_way["final"]
    assert 'value="75"' in under_way["html"]
    assert browser.get(address).json()["final"]


def test_retrying_a_run_makes_what_failed_of_it_due_now(browser, rows):
    later = timezone.now() + timedelta(days=3)
    SyncItem.objects.filter(pk=rows.item.pk).update(state="failed", next_try_at=later)

    browser.post(f"/admin/sync/syncrun/{rows.run.pk}/retry/")

    rows.item.refresh_from_db()
    assert rows.item.next_try_at <= timezone.now()
    assert last().only_retry


def test_retrying_a_run_of_which_nothing_failed_starts_nothing(browser, rows):
    browser.post(f"/admin/sync/syncrun/{rows.run.pk}/retry/")

    assert last() == rows.run


@pytest.mark.parametrize(("field", "kind"), [("dry_run", "preview"), ("full", "full")])
def test_running_again_repeats_the_same_kind_of_run(browser, rows, field, kind):
    SyncRun.objects.filter(pk=rows.run.pk).update(**{field: True})

    browser.post(f"/admin/sync/syncrun/{rows.run.pk}/rerun/")

    assert last().trigger == kind


def test_a_queued_run_can_be_cancelled(browser):
    browser.post(START, {"trigger": "button"})

    browser.post(f"/admin/sync/syncrun/{last().pk}/cancel/")

    assert last().status == "cancelled"


def test_the_selected_items_are_retried(browser, rows):
    SyncItem.objects.filter(pk=rows.item.pk).update(state="waiting")

    browser.post("/admin/sync/syncitem/", {"action": "retry_selected", "_selected_action": [rows.item.pk]})

    rows.item.refresh_from_db()
    assert rows.item.next_try_at <= timezone.now()
    assert last().only_retry


def test_the_lists_ask_the_database_a_bounded_number_of_times(browser, rows, django_assert_max_num_queries):
    SyncRun.objects.bulk_create(
        SyncRun(user=rows.run.user, trigger="schedule", status="succeeded", counts={"done": 1}) for _ in range(60)
    )
    SyncItem.objects.bulk_create(
        SyncItem(user=rows.run.user, source_key=f"more-{n}", title=rows.title, season=1, number=n) for n in range(60)
    )
    for address in ("/admin/", "/admin/sync/syncrun/", "/admin/sync/syncitem/?q=Frieren"):
        with django_assert_max_num_queries(15):
            browser.get(address)


def test_a_long_list_is_not_counted_to_its_end(browser, rows, monkeypatch):
    monkeypatch.setattr("bgmsync.shared.admin.MOST_COUNTED", 10)
    SyncRun.objects.bulk_create(SyncRun(user=rows.run.user, trigger="schedule", status="succeeded") for _ in range(20))

    assert browser.get("/admin/sync/syncrun/").context["cl"].result_count == 10


def test_a_search_of_several_words_looks_for_titles_that_have_them_all(browser, rows, monkeypatch):
    monkeypatch.setattr("sync.admin.item.MOST_TITLES", 1)
    Title.objects.filter(pk=rows.title.pk).update(title="A show, the second")
    Title.objects.create(kind="show", trakt_id=1, title="A show, the first")
    for title in Title.objects.order_by("trakt_id"):
        SyncItem.objects.create(user=rows.config.user, source_key=f"t{title.pk}", title=title)

    found = browser.get("/admin/sync/syncitem/?q=show+second").context["cl"].result_list

    assert {item.title for item in found} == {rows.title}


def test_a_search_keeps_the_filter(browser, rows):
    page = browser.get("/admin/sync/syncitem/?state__exact=review&q=Frieren")

    assert '<input type="hidden" name="state__exact" value="review">' in page.content.decode()
    assert len(page.context["cl"].result_list) == 1
