"""The first page, and what a supervisor asks."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bgmsync.shared.models import ConnectionState, Heartbeat, HostBudget
from sync.admin.evidence import SENTENCES
from sync.admin.home import home_of
from sync.matching.codes import EvidenceCode
from sync.models import BangumiAccount, SyncItem, SyncRun
from trakt.models import TraktConfig

MOST_QUERIES = 15


def home(client) -> str:
    return client.get(reverse("admin:index")).content.decode()


def test_a_newcomer_is_led_through_the_first_steps(bob, client):
    client.force_login(bob)

    page = home(client)

    for step in ("Connect Trakt", "Connect Bangumi", "Choose what and when", "Preview the first sync", "Approve it"):
        assert step in page


def test_once_it_works_the_steps_are_gone_and_its_age_is_shown(rows, client):
    client.force_login(rows.config.user)
    TraktConfig.objects.update(last_good_at=timezone.now() - timedelta(hours=5))
    SyncRun.objects.update(status="succeeded")

    page = home(client)

    assert "It works." in page
    assert "5\xa0hours ago" in page
    assert "First steps" not in page


@pytest.mark.parametrize("state", [ConnectionState.RECONNECT, ConnectionState.APP_GONE, ConnectionState.LOCKED])
def test_a_connection_that_is_refused_comes_first(rows, client, state):
    client.force_login(rows.config.user)
    rows.config.lose(state, "session not found")

    assert rows.config.state_text() in home(client).replace("&#x27;", "'")


def test_what_waits_is_listed_by_its_cause_with_its_remedy(rows, client):
    client.force_login(rows.config.user)
    rows.item.state, rows.item.reason = "failed", "not_confirmed"
    rows.item.save()

    page = home(client)

    assert "not confirmed" in page
    assert reverse("admin:sync_syncitem_retry_reason", args=["not_confirmed"]) in page


def test_the_year_is_shown_by_the_days_of_watching(rows, client):
    client.force_login(rows.config.user)
    assert "Your year" not in home(client)

    SyncItem.objects.filter(pk=rows.item.pk).update(state="done", watched_at=timezone.now() - timedelta(days=30))

    page = home(client)
    assert "Your year" in page
    assert "1 play on 1 of the days" in page


def test_how_the_runs_of_the_weeks_ended_is_shown(rows, client):
    client.force_login(rows.config.user)
    SyncRun.objects.create(user=rows.config.user, trigger="preview", dry_run=True, status="failed")

    assert "0 succeeded, 1 left something over, 0 failed" in home(client)


def test_connections_are_shown_with_the_days_they_have_left(rows, client):
    client.force_login(rows.config.user)

    page = home(client)

    assert "connected (token renews itself, 6 days left)" in page
    assert "connected</span>" in page


def test_a_token_that_nothing_renews_is_a_warning_before_it_ends(rows):
    rows.account.token_expires_at = timezone.now() + timedelta(days=3)
    rows.account.save()

    trakt, bangumi = home_of(rows.config.user).connections

    assert (trakt["look"].tone, bangumi["look"].tone) == ("good", "warn")


def test_a_token_that_ends_soon_is_named_with_the_page_that_takes_a_new_one(rows, client):
    rows.account.token_expires_at = timezone.now() + timedelta(days=5, hours=1)
    rows.account.save()
    client.force_login(rows.config.user)

    page = home(client)

    assert "Bangumi: the access token ends in 5 days" in page
    assert 'href="/bangumi/token">Paste a new token</a>' in page
    assert "Trakt: the access token" not in page


def test_a_plan_that_waits_is_not_said_to_have_come_never(rows, client):
    TraktConfig.objects.update(last_good_at=timezone.now())
    SyncRun.objects.create(user=rows.config.user, trigger="button", status="awaiting")
    client.force_login(rows.config.user)

    page = home(client)

    assert "A plan waits for your yes. Nothing is written before that.</h1>" in page


def test_a_token_that_lasts_is_not_named(rows, client):
    rows.account.token_expires_at = timezone.now() + timedelta(days=20)
    rows.account.save()

    assert home_of(rows.config.user).ending == []


def test_what_was_left_out_is_listed_by_its_reason(rows, client):
    client.force_login(rows.config.user)
    SyncItem.objects.filter(pk=rows.item.pk).update(state="skipped", reason="live_action")

    page = home(client)

    assert "Left out, and why" in page
    assert "reason__exact=live_action" in page
    assert "Nothing failed, nothing waits for you." in page


def test_plays_on_bangumi_are_counted_without_ratings_and_without_anothers(rows, bob):
    SyncItem.objects.filter(pk=rows.item.pk).update(state="done")
    SyncItem.objects.create(user=rows.config.user, kind="ratings", source_key="r", state="done")
    SyncItem.objects.create(user=bob, source_key="1", state="done")

    assert home_of(rows.config.user).done == 1


def test_an_operator_sees_users_queue_hosts_and_data(rows, bob, root, client):
    client.force_login(root)
    SyncRun.objects.filter(pk=rows.run.pk).update(status="failed")
    SyncRun.objects.create(user=bob, trigger="button", status="queued")
    SyncRun.objects.update(created_at=timezone.now() - timedelta(hours=2))
    HostBudget.objects.update(put_off_until=time.time() + 600, failures=7, why="server_trouble")
    HostBudget.objects.create(key="trakt:5", put_off_until=time.time() + 600)

    page = home(client)

    for text in ("3 active users", "1 with both accounts connected", "1 whose last run failed", "1 run waits"):
        assert text in page
    assert "Are there enough workers?" in page
    assert "7 failures in a row" in page
    assert "1 account is put off" in page
    assert "Trakt has trouble" in page
    assert "bangumi-data" in page


def test_a_member_sees_nothing_of_the_installation(rows, client):
    client.force_login(rows.config.user)

    assert "This installation" not in home(client)


@pytest.mark.parametrize("who", ["alice", "root"])
def test_the_first_page_costs_no_more_than_fifteen_queries(rows, root, client, who):
    client.force_login(root if who == "root" else rows.config.user)
    TraktConfig.objects.get_or_create(user=root)
    BangumiAccount.objects.get_or_create(user=root)
    for key, state in enumerate(("done", "failed", "review", "skipped", "waiting")):
        SyncItem.objects.create(
            user=rows.config.user, source_key=f"n{key}", state=state, reason="internal", watched_at=timezone.now()
        )

    with CaptureQueriesContext(connection) as queries:
        home(client)

    assert len(queries) <= (MOST_QUERIES)


def test_an_operator_sees_when_no_worker_lives(root, client):
    client.force_login(root)

    assert "no worker lives" in home(client)


def test_every_kind_of_evidence_has_a_sentence():
    assert SENTENCES.keys() == {code.value for code in EvidenceCode}


@pytest.mark.django_db
def test_it_is_ready_when_the_dispatcher_was_seen_lately(client):
    Heartbeat.beat("dispatch")

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert json.loads(answer.content)["worker"]


@pytest.mark.django_db
def test_it_is_not_ready_when_the_dispatcher_was_not_seen_for_long(client):
    Heartbeat.objects.create(name="dispatch", at=timezone.now() - timedelta(minutes=4))

    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_it_is_not_ready_when_a_migration_is_missing(client, monkeypatch):
    Heartbeat.beat("dispatch")
    monkeypatch.setattr("bgmsync.views._unapplied", lambda: True)

    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_the_language_can_be_chosen_and_the_way_back_is_ours(client):
    assert (
        client.post("/language", {"language": "zh-hans", "next": "https://evil.example/"}).url
        != "https://evil.example/"
    )
    assert 'lang="zh-hans"' in client.get("/admin/login/").content.decode()
