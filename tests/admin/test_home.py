"""The first page, and what a supervisor asks."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from bgmsync.shared.models import ConnectionState, Heartbeat
from sync.admin.evidence import SENTENCES
from sync.matching.codes import EvidenceCode
from sync.models import SyncRun
from trakt.models import TraktConfig


def home(client) -> str:
    return client.get(reverse("admin:index")).content.decode()


def test_a_newcomer_is_led_through_the_first_steps(bob, client):
    client.force_login(bob)

    page = home(client)

    for step in ("Connect Trakt", "Connect Bangumi", "Choose what and when", "Preview the first sync", "Run it"):
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
