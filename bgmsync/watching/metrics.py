"""The installation as Prometheus reads it, whichever web process is asked: all of it comes from the database.

Gauges are read when they are asked for, in ten queries that no number of runs or items makes slower; what can't be
read so, such as how many items there are, workers count now and then (``sync.figures``). Counters are what all
processes have added up (``bgmsync.shared.counting``). No label holds a user, a title or an address.
"""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from bgmsync import __version__
from bgmsync.shared import counting, requesting
from bgmsync.shared.models import ConnectionState
from bgmsync.shared.pauses import FAILURES_TO_BREAK
from sync import alive, figures, mappings, mappingsets, queue
from sync.admin import installation
from sync.matching import datasets
from sync.models import BangumiAccount
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from prometheus_client.core import Metric

    from bgmsync.shared.counting import Key

Gauge = GaugeMetricFamily

OVERDUE = timedelta(hours=1)
"""A schedule that is so late is not the dispatcher's jitter."""
DAYS = (0, 1, 3, 7, 30)
"""Tokens are counted by how many days they have left, up to each of these."""
DAY = timedelta(days=1)


class Installation(Collector):
    """Collects when it is asked; prometheus-client's own counters live in one process and would not do."""

    def collect(self) -> Iterator[Metric]:
        begun = time.perf_counter()
        yield _build()
        yield from _counters(counting.read())
        yield from _workers()
        yield from _queue()
        yield from _hosts()
        yield from _users()
        yield from _connections()
        yield from _mapping_data()
        yield _gauge("scrape_seconds", "Seconds that these figures took.", time.perf_counter() - begun)


def registry() -> CollectorRegistry:
    """Return a registry with the installation alone in it."""
    found = CollectorRegistry(auto_describe=False)
    found.register(Installation())
    return found


def _gauge(name: str, text: str, value: float | None = None) -> GaugeMetricFamily:
    return Gauge(f"bgmsync_{name}", text, value=value)


def _labelled(name: str, text: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Gauge:
    found = Gauge(f"bgmsync_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        found.add_metric(key, value)
    return found


def _age(then: datetime | None) -> float:
    """Return seconds since *then*; NaN, which compares with nothing, where there was no such time."""
    return (timezone.now() - then).total_seconds() if then else float("nan")


def _build() -> Metric:
    info = {
        "version": __version__,
        "python": platform.python_version(),
        "django": django.get_version(),
        "database": connection.vendor,
        "broker": "redis" if settings.REDIS_URL else "database",
    }
    return InfoMetricFamily("bgmsync_build", "What runs here.", value=info)


# what all processes counted together


def _counters(counts: Mapping[Key, float]) -> Iterator[Metric]:
    by_name: dict[str, dict[Key, float]] = defaultdict(dict)
    for key, value in counts.items():
        by_name[key[0]][key[1:]] = value
    runs = CounterMetricFamily(
        "bgmsync_runs", "Runs that came to their end, by what started them.", labels=("trigger", "outcome")
    )
    for key, value in sorted(by_name[figures.RUNS].items()):
        runs.add_metric(key, value)
    yield runs
    seconds = by_name[figures.RUN_SECONDS].get((), 0)
    yield CounterMetricFamily("bgmsync_run_seconds", "Seconds that these runs took, together.", value=seconds)
    yield _labelled("items", "Items of the ledger, as last counted.", ("kind", "state"), by_name[figures.ITEMS])
    yield from _requests(by_name[requesting.REQUESTS], by_name[requesting.SECONDS])


def _requests(answers: Mapping[Key, float], seconds: Mapping[Key, float]) -> Iterator[Metric]:
    by_status: dict[Key, float] = defaultdict(float)
    by_span: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (service, status, span), value in answers.items():
        by_status[service, status] += value
        by_span[service][span] += value
    requests = CounterMetricFamily(
        "bgmsync_requests", "Requests sent to a service, by the status of their answer.", labels=("service", "status")
    )
    for key, value in sorted(by_status.items()):
        requests.add_metric(key, value)
    yield requests
    spans = [*map(str, requesting.SPANS), requesting.LONGER]
    histogram = HistogramMetricFamily(
        "bgmsync_request_duration_seconds", "How long a service took to answer.", labels=("service",)
    )
    for service, found in sorted(by_span.items()):
        sums = accumulate(found[span] for span in spans)
        histogram.add_metric([service], list(zip(spans, sums, strict=True)), sum_value=seconds.get((service,), 0))
    yield histogram


# what is read from the tables


def _workers() -> Iterator[Metric]:
    life = alive.look()
    yield _gauge("worker_alive", "1 while a worker takes jobs, or is at one.", life.is_there)
    yield _gauge("heartbeat_age_seconds", "Since a job last arrived at a worker.", _age(life.last_job_at))
    ages = {(name,): _age(at) for name, at in alive.machines().items()}
    yield _labelled("machine_heartbeat_age_seconds", "The same for each machine with workers.", ("machine",), ages)


def _queue() -> Iterator[Metric]:
    found = installation.queue()
    counts: dict[tuple[str, ...], float] = {("waiting",): found.waiting, ("running",): found.running}
    yield _labelled("runs_active", "Runs that wait for a worker, and those under way.", ("state",), counts)
    oldest = _age(found.oldest) if found.oldest else 0
    yield _gauge("queue_age_seconds", "How long the oldest run has been waiting for a worker.", oldest)
    waiting = queue.waiting()
    yield _gauge("broker_up", "1 while jobs can be handed over.", waiting is not None)
    yield _gauge("broker_jobs", "Jobs in the broker.", float("nan") if waiting is None else waiting)


def _hosts() -> Iterator[Metric]:
    hosts = {(host.service.value, host.sender): host for host in installation.hosts()}
    texts: dict[str, tuple[str, Any]] = {
        "rate_limit": ("Requests a second that are allowed; 0: no limit.", lambda host: host.rate),
        "budget_booked_seconds": (
            "How far ahead turns are given away; 0: budget is left.",
            lambda host: host.booked,
        ),
        "failures": ("Requests in a row that it did not answer sensibly.", lambda host: host.failures),
        "breaker_open": ("1 while it is taken for down.", lambda host: host.failures >= FAILURES_TO_BREAK),
        "put_off_seconds": ("How much longer it is left alone.", lambda host: -_age(host.until) if host.until else 0),
        "accounts_put_off": ("Accounts that it puts off, while it answers others.", lambda host: host.accounts),
    }
    for name, (text, value_of) in texts.items():
        values = {key: float(value_of(host)) for key, host in hosts.items()}
        yield _labelled(f"host_{name}", text, ("service", "public_address"), values)


def _users() -> Iterator[Metric]:
    now = timezone.now()
    usable = Q(user__bangumi__state=ConnectionState.CONNECTED, state=ConnectionState.CONNECTED)
    found = TraktConfig.objects.filter(user__is_active=True, next_run_at__isnull=False).aggregate(
        scheduled=Count("pk"),
        connected=Count("pk", filter=usable),
        overdue=Count("pk", filter=Q(next_run_at__lt=now - OVERDUE)),
        never=Count("pk", filter=usable & Q(last_good_at=None)),
        oldest=Min("last_good_at", filter=usable),
    )
    counts = {(name,): found[name] for name in ("scheduled", "connected", "overdue", "never")}
    yield _labelled(
        "users",
        "With a schedule; of these: connected to both, late, never synced.",
        ("what",),
        counts,
    )
    yield _gauge(
        "oldest_good_sync_age_seconds",
        "Age of the last good sync of the connected user who waits longest.",
        _age(found["oldest"]),
    )


def _connections() -> Iterator[Metric]:
    now = timezone.now()
    soon: dict[str, Any] = {
        f"within_{days}": Count("pk", filter=Q(token_expires_at__lt=now + days * DAY)) for days in DAYS
    }
    states: dict[tuple[str, ...], float] = {}
    left: dict[tuple[str, ...], float] = {}
    least: dict[tuple[str, ...], float] = {}
    for model in (TraktConfig, BangumiAccount):
        rows = model.objects.filter(user__is_active=True).order_by().values("state")
        for row in rows.annotate(n=Count("pk"), first=Min("token_expires_at"), **soon):
            states[model.service.value, row["state"]] = row["n"]
            if row["state"] != ConnectionState.CONNECTED:
                continue
            left |= {(model.service.value, str(days)): row[f"within_{days}"] for days in DAYS}
            if row["first"]:
                least[model.service.value,] = (row["first"] - now) / DAY
    yield _labelled("connections", "Accounts of active users, by how they stand.", ("service", "state"), states)
    yield _labelled(
        "tokens_expiring", "Tokens in use that have fewer days left than this.", ("service", "within_days"), left
    )
    yield _labelled("token_days_left_min", "Days that the token has left that ends first.", ("service",), least)


def _mapping_data() -> Iterator[Metric]:
    known = mappings.status()
    yield _gauge("mapping_data_checked_age_seconds", "Since newer mapping data was looked for.", _age(known.checked_at))
    yield _gauge("mapping_data_age_seconds", "Since mapping data was swapped in.", _age(known.swapped_at))
    yield _gauge("mapping_data_failed", "1 if the last look for newer mapping data failed.", bool(known.error))
    versions = installation.versions(datasets.stamp(mappingsets.folder()))
    labels = dict.fromkeys(versions, 1.0)
    yield _labelled("mapping_data_info", "The data sets in use.", ("source", "version"), labels)
