"""What Prometheus is told: by whom it may be asked, what it says, and that no number of rows makes it slow."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from bgmsync.shared import counting, requesting
from bgmsync.shared.models import Figure, Heartbeat, HostBudget
from sync import alive, dispatch, figures
from sync.models import SyncItem, SyncRun
from tests.admin.conftest import SECRETS
from trakt.models import TraktConfig

DOCS = Path(__file__).parents[2] / "docs"
TOKEN = "a-token-for-prometheus"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def guarded(settings):
    settings.METRICS_TOKEN = TOKEN


def scrape():
    """Return each sample's value by its name and labels."""
    answer = Client(headers=AUTHORIZED).get("/metrics")
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found[sample.name, *(value for _name, value in sorted(sample.labels.items()))] = sample.value
    return found


def test_without_a_token_in_the_settings_there_are_no_metrics(settings, db):
    settings.METRICS_TOKEN = ""

    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
        assert Client(headers=headers).get("/metrics").status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_whoever_lacks_the_token_is_told_nothing(sent, guarded, db):
    answer = Client(headers={"Authorization": sent} if sent else {}).get("/metrics")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert b"bgmsync_" not in answer.content


def test_a_log_in_is_no_token(guarded, root, client):
    client.force_login(root)

    assert client.get("/metrics").status_code == 401


def test_all_that_is_promised_is_there(guarded, rows):
    now = timezone.now()
    Heartbeat.objects.create(name="dispatch", at=now - timedelta(seconds=50))
    HostBudget.objects.filter(key="trakt").update(failures=3, put_off_until=now.timestamp() + 100)
    TraktConfig.objects.update(next_run_at=now - timedelta(hours=2), last_good_at=now - timedelta(hours=5))
    SyncRun.objects.create(user=rows.config.user, trigger="button")
    SyncRun.objects.update(created_at=now - timedelta(minutes=7))
    figures.note_end(rows.run)
    figures.count_items_if_due()

    found = scrape()

    assert found["bgmsync_runs_total", "incomplete", "button"] == 1
    assert found["bgmsync_items", "history", "review"] == 1
    assert found["bgmsync_host_breaker_open", "", "trakt"] == 1
    assert found["bgmsync_host_breaker_open", "", "bangumi"] == 0
    assert found["bgmsync_host_put_off_seconds", "", "trakt"] == pytest.approx(100, abs=20)
    assert found["bgmsync_queue_age_seconds",] == pytest.approx(7 * 60, abs=20)
    assert found["bgmsync_heartbeat_age_seconds",] == pytest.approx(50, abs=20)
    assert found["bgmsync_worker_alive",] == 1
    assert found["bgmsync_users", "overdue"] == 1
    assert found["bgmsync_connections", "trakt", "connected"] == 1
    assert found["bgmsync_tokens_expiring", "trakt", "30"] == 1
    assert found["bgmsync_tokens_expiring", "trakt", "1"] == 0
    assert found["bgmsync_token_days_left_min", "trakt"] == pytest.approx(7, abs=0.1)
    assert found["bgmsync_broker_up",] == 1
    assert any(name[0] == "bgmsync_build_info" for name in found)
    assert any(name[0] == "bgmsync_mapping_data_info" for name in found)


def test_the_oldest_good_sync_is_that_of_a_user_who_is_connected_to_both(guarded, rows, bob):
    now = timezone.now()
    TraktConfig.objects.update(last_good_at=now - timedelta(hours=5), next_run_at=now)
    # Who has left one account unconnected syncs nothing, and would be the oldest for ever.
    TraktConfig.objects.create(user=bob, last_good_at=now - timedelta(days=900), next_run_at=now)

    assert scrape()["bgmsync_oldest_good_sync_age_seconds",] == pytest.approx(5 * 3600, abs=30)


def test_requests_of_all_processes_add_up_to_one_histogram(guarded, db):
    for seconds, status in ((0.07, 200), (0.3, 200), (45.0, None), (0.01, 999)):
        counts = requesting_of("bangumi", status, seconds)
        counting.add(counts)

    found = scrape()

    assert found["bgmsync_requests_total", "bangumi", "200"] == 2
    assert found["bgmsync_requests_total", "bangumi", "none"] == 1
    assert found["bgmsync_requests_total", "bangumi", "other"] == 1
    buckets = [found["bgmsync_request_duration_seconds_bucket", le, "bangumi"] for le in ("0.05", "0.1", "0.5", "+Inf")]
    assert buckets == [1, 2, 3, 4]
    assert found["bgmsync_request_duration_seconds_sum", "bangumi"] == pytest.approx(45.38)


def requesting_of(service, status, seconds):
    counts = {}
    requesting.note(counts, service, status, seconds)
    return counts


def test_no_name_no_title_and_no_secret_is_a_label(guarded, rows):
    figures.count_items_if_due()
    text = Client(headers=AUTHORIZED).get("/metrics").content.decode()

    for hidden in (*SECRETS, "alice", "Frieren", "フリーレン", TOKEN):
        assert hidden not in text


def test_more_users_runs_and_items_cost_no_more_queries(guarded, rows, django_user_model):
    def queries():
        with CaptureQueriesContext(connection) as found:
            scrape()
        return [query["sql"] for query in found]

    before = queries()
    for number in range(20):
        user = django_user_model.objects.create_user(f"user{number}")
        TraktConfig.objects.create(user=user, state="connected")
        SyncRun.objects.create(user=user, trigger="schedule", status="succeeded")
        SyncItem.objects.create(user=user, source_key=str(number))
    after = queries()

    assert len(before) == len(after) <= 15
    assert not [sql for sql in after if "sync_syncitem" in sql], "a scrape must not count items"


def test_items_are_counted_by_the_dispatcher_now_and_then_and_only_where_somebody_reads_it(settings, rows):
    settings.METRICS_TOKEN = ""
    dispatch.dispatch()
    assert not Figure.objects.filter(key__startswith="items|").exists()

    settings.METRICS_TOKEN = TOKEN
    assert figures.count_items_if_due()
    SyncItem.objects.update(state="done")
    assert not figures.count_items_if_due()

    Heartbeat.objects.filter(name="items").update(at=timezone.now() - timedelta(minutes=11))
    assert figures.count_items_if_due()
    assert dict(Figure.objects.filter(key__startswith="items|").values_list("key", "value")) == {
        "items|history|done": 1
    }


def test_every_figure_that_the_documents_name_is_there_and_every_figure_is_documented(guarded, rows):
    figures.note_end(rows.run)
    counting.add(requesting_of("trakt", 200, 1.0))
    alive.beat()
    text = Client(headers=AUTHORIZED).get("/metrics").content.decode()
    there = {family.name for family in text_string_to_metric_families(text)}
    rules = (DOCS / "prometheus-rules.yml").read_text()
    names = {
        name.removesuffix("_total").removesuffix("_info")
        for name in re.findall(r"\bbgmsync_\w+", rules + (DOCS / "operating.md").read_text())
    }

    assert names <= {name.removesuffix("_info") for name in there}
    for page in ("operating.md", "operating.zh-CN.md"):
        written = (DOCS / page).read_text()
        abridged = ("checked_age_seconds", "failed", "scrape_seconds")
        assert not [name for name in there if name not in written and not name.endswith(abridged)], page
    alerts = yaml.safe_load(rules)["groups"][0]["rules"]
    assert all(alert["alert"] and alert["expr"] and alert["annotations"]["summary"] for alert in alerts)


def test_counters_of_several_processes_are_added_and_not_replaced(db):
    for _process in range(3):
        counting.add({("runs", "schedule", "succeeded"): 1, ("run_seconds",): 0.5})

    assert counting.read() == {("runs", "schedule", "succeeded"): 3, ("run_seconds",): 1.5}
