"""Undo in the admin: what would come back is shown first, and only that is undone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from sync.models import Snapshot, SubjectPlan, SyncItem, SyncRun
from sync.models.snapshot import pack
from tests.admin.conftest import TRIP_SUBJECT

RESTORE = {"marks": {"1": 0, "2": 3}, "list": 1, "rate": None, "tags": None, "same": {}, "kept": {}, "stays": False}
SINCE = "/admin/sync/syncrun/undo/since/"


@pytest.fixture
def browser(rows, client, queued):
    client.force_login(rows.config.user)
    return client


@pytest.fixture
def written(rows):
    SyncRun.objects.filter(pk=rows.run.pk).update(writes=3)
    return rows.run


def last() -> SyncRun:
    return SyncRun.objects.order_by("-pk")[0]


def page_of(run: SyncRun) -> str:
    return f"/admin/sync/syncrun/{run.pk}/change/"


def preview_of(run, status="succeeded", restore=RESTORE, **values):
    preview = SyncRun.objects.create(
        user=run.user, trigger="undo", dry_run=True, undoes=run, status=status, finished_at=timezone.now(), **values
    )
    SubjectPlan.objects.create(run=preview, user=run.user, subject_id=TRIP_SUBJECT, before={"list": 3}, restore=restore)
    return preview


def test_undoing_a_run_begins_with_a_preview(browser, written):
    answer = browser.post(f"/admin/sync/syncrun/{written.pk}/undo/")

    assert (last().trigger, last().undoes, last().dry_run) == ("undo", written, True)
    assert answer.url == page_of(last())
    assert "Nothing is written" in browser.get(answer.url).content.decode()


def test_a_run_that_wrote_nothing_cannot_be_undone(browser, rows):
    browser.post(f"/admin/sync/syncrun/{rows.run.pk}/undo/")

    assert last() == rows.run


def test_the_preview_lists_by_subject_what_comes_back_what_stays_and_what_cannot(browser, written):
    kept = {"marks": [7], "rate": True}
    preview = preview_of(written, restore={**RESTORE, "list": None, "kept": kept, "stays": True})

    page = browser.get(page_of(preview)).content.decode()

    for text in (
        "葬送のフリーレン",
        "1 tick is taken away · 1 episode is dropped again",
        "1 episode that you changed · the rating that you gave or removed",
        "it stays on your list, as “watching”",
        "Undo exactly this",
    ):
        assert text in page


def test_agreeing_to_a_preview_undoes_exactly_that(browser, written):
    preview = preview_of(written)

    browser.post(f"/admin/sync/syncrun/{preview.pk}/undo/exactly/")

    assert (last().undoes, last().undo_shown, last().dry_run) == (written, preview, False)
    assert "Undo exactly this" not in browser.get(page_of(preview)).content.decode()


@pytest.mark.parametrize("status", ["running", "failed", "deferred"])
def test_a_preview_that_is_not_whole_cannot_be_agreed_to(browser, written, status):
    preview = preview_of(written, status=status)

    browser.post(f"/admin/sync/syncrun/{preview.pk}/undo/exactly/")

    assert last() == preview


def test_an_ordinary_preview_cannot_be_taken_for_one_of_an_undo(browser, written):
    run = SyncRun.objects.create(user=written.user, trigger="preview", dry_run=True, status="succeeded")

    browser.post(f"/admin/sync/syncrun/{run.pk}/undo/exactly/")

    assert last() == run


def test_looking_again_previews_the_same_once_more(browser, written):
    preview = preview_of(written, status="failed")

    browser.post(f"/admin/sync/syncrun/{preview.pk}/undo/")

    assert last() != preview
    assert (last().undoes, last().dry_run) == (written, True)


def test_an_item_is_undone_from_its_page(browser, rows):
    SyncItem.objects.filter(pk=rows.item.pk).update(state="done", subject_id=TRIP_SUBJECT)
    page = browser.get(reverse("admin:sync_syncitem_change", args=[rows.item.pk])).content.decode()
    address = reverse("admin:sync_syncrun_undo_item", args=[rows.item.pk])

    answer = browser.post(address)

    assert address in page
    assert (last().undo_items, last().dry_run) == ([rows.item.pk], True)
    assert "Undo Frieren S01E03" in browser.get(answer.url).content.decode()


def test_an_item_for_which_nothing_was_written_cannot_be_undone(browser, rows):
    browser.post(reverse("admin:sync_syncrun_undo_item", args=[rows.item.pk]))

    assert last() == rows.run


def test_everything_since_a_day_is_previewed(browser, rows):
    assert SINCE in browser.get("/admin/sync/syncrun/").content.decode()

    answer = browser.post(SINCE, {"since": "2026-11-01"})

    assert timezone.localtime(last().undo_since).isoformat().startswith("2026-11-01T00:00:00")
    assert "Undo everything since" in browser.get(answer.url).content.decode()


@pytest.mark.parametrize("since", ["", "yesterday", (timezone.now() + timedelta(days=3)).date().isoformat()])
def test_a_day_that_makes_no_sense_is_asked_for_again(browser, rows, since):
    assert browser.post(SINCE, {"since": since}).status_code == 200
    assert last() == rows.run


def test_while_a_run_is_under_way_that_one_is_shown(browser, written):
    busy = SyncRun.objects.create(user=written.user, trigger="button", status="running")

    answer = browser.post(f"/admin/sync/syncrun/{written.pk}/undo/", follow=True)

    assert last() == busy
    assert "under way already" in answer.content.decode()


def test_another_member_can_neither_see_nor_undo_it(rows, bob, client, queued, written):
    preview = preview_of(written)
    SyncItem.objects.filter(pk=rows.item.pk).update(state="done")
    client.force_login(bob)

    assert client.get(page_of(preview)).status_code == 404
    for address in (
        f"/admin/sync/syncrun/{written.pk}/undo/",
        f"/admin/sync/syncrun/{preview.pk}/undo/exactly/",
        f"/admin/sync/syncrun/undo/item/{rows.item.pk}/",
    ):
        assert client.post(address).status_code == 404
    assert last() == preview


def test_what_bob_undoes_since_a_day_is_his_own(rows, bob, client, queued):
    client.force_login(bob)

    client.post(SINCE, {"since": "2026-11-01"})

    assert last().user == bob


# snapshots


@pytest.fixture
def snapshot(rows):
    entries = [{"subject_id": 51, "comment": "好", "tags": ["key"]}]
    return Snapshot.objects.create(
        user=rows.config.user, bangumi_id=5, username="alice", entries=1, packed=pack(entries)
    )


def test_the_snapshot_is_listed_and_downloaded(browser, snapshot):
    address = reverse("admin:sync_snapshot_download", args=[snapshot.pk])

    page = browser.get(reverse("admin:sync_snapshot_changelist")).content.decode()
    answer = browser.get(address)

    assert address in page
    assert "attachment" in answer["Content-Disposition"]
    data = json.loads(answer.content)
    assert data["account"] == {"id": 5, "username": "alice"}
    assert data["entries"] == [{"subject_id": 51, "comment": "好", "tags": ["key"]}]


def test_another_members_snapshot_is_neither_listed_nor_downloaded(snapshot, bob, client):
    client.force_login(bob)

    assert client.get(reverse("admin:sync_snapshot_download", args=[snapshot.pk])).status_code == 404
    assert not client.get(reverse("admin:sync_snapshot_changelist")).context["cl"].result_list
