"""What an operator sees on the first page: users, queue, workers, hosts, data sets and apps of this installation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count, F, Min, OuterRef, Q, Subquery
from django.utils import timezone

from bgmsync.shared.budget import host_key
from bgmsync.shared.models import ConnectionState, HostBudget, Service, ServiceApp
from sync import alive, mappings, mappingsets
from sync.matching import datasets
from sync.matching.sources import SOURCES
from sync.models import SyncRun
from sync.reasons import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sync.reasons import Text

Status = SyncRun.Status
WAITS_LONG = timedelta(minutes=5)
"""A run that no worker took for this long says that there are too few of them, or none."""
REFUSED = [state for state in ConnectionState if state not in {ConnectionState.NONE, ConnectionState.CONNECTED}]
RATES = {Service.TRAKT: "TRAKT_RATE", Service.BANGUMI: "BANGUMI_RATE"}


LATELY = timedelta(days=1)
"""A public address that nothing was sent from for so long is not this installation's any more."""


class Users(NamedTuple):
    """Those who may log in: all, with both accounts, with an account that is refused, with a last run that failed."""

    active: int
    connected: int
    refused: int
    failing: int


class Queue(NamedTuple):
    waiting: int
    running: int
    oldest: datetime | None

    @property
    def is_late(self) -> bool:
        return self.oldest is not None and timezone.now() - self.oldest > WAITS_LONG


@dataclass(frozen=True, slots=True)
class Host:
    """A service as those share it who send from one public address. ``rate`` is in requests a second, 0: no limit."""

    service: Service
    sender: str
    """Which address, where there are several."""
    rate: float
    failures: int
    until: datetime | None
    why: Text | None
    booked: int
    """Seconds until the next request may be sent: how far its turns are given away."""
    accounts: int
    """Accounts that it puts off for a while, while it answers all others."""

    @property
    def name(self) -> str:
        return f"{self.service.label} · {self.sender}" if self.sender else self.service.label


def operator_view() -> dict[str, Any]:
    life = alive.look()
    return {
        "last_job_at": life.last_job_at,
        "alive": life.is_there,
        "users": users(),
        "queue": queue(),
        "hosts": hosts(),
        "mapping": mappings.status(),
        "versions": versions(datasets.stamp(mappingsets.folder())),
        "apps": apps(),
    }


def users() -> Users:
    connected = Q(trakt__state=ConnectionState.CONNECTED, bangumi__state=ConnectionState.CONNECTED)
    refused = Q(trakt__state__in=REFUSED) | Q(bangumi__state__in=REFUSED)
    last = SyncRun.objects.filter(user=OuterRef("pk"), dry_run=False, status__in=SyncRun.FINAL).order_by("-id")
    rows = get_user_model().objects.filter(is_active=True).annotate(last=Subquery(last.values("status")[:1]))
    found = rows.aggregate(
        active=Count("pk"),
        connected=Count("pk", filter=connected),
        refused=Count("pk", filter=refused),
        failing=Count("pk", filter=Q(last=Status.FAILED)),
    )
    return Users(**found)


def queue() -> Queue:
    """Return what waits for a worker. A run that was handed back to the queue waits since it began."""
    found = SyncRun.objects.filter(status__in=SyncRun.ACTIVE).aggregate(
        waiting=Count("pk", filter=Q(status=Status.QUEUED)),
        running=Count("pk", filter=Q(status=Status.RUNNING)),
        oldest=Min("created_at", filter=Q(status=Status.QUEUED)),
    )
    return Queue(**found)


def hosts() -> list[Host]:
    """Return each service as it stands, for each public address that sent to it lately."""
    now = time.time()
    lately = Q(key__contains="@", next_free_at__gt=now - LATELY.total_seconds())
    rows = HostBudget.objects.filter(Q(key__in=Service.values) | Q(put_off_until__gt=now) | lately)
    known = {row.key: row for row in rows.order_by(F("put_off_until").desc())}
    return [host for service in Service for host in _as_it_stands(service, known, now)]


def _as_it_stands(service: Service, known: dict[str, HostBudget], now: float) -> Iterator[Host]:
    senders = sorted(key.partition("@")[2] for key in known if key.startswith(f"{service.value}@"))
    for sender in senders or [""]:
        row = known.get(host_key(service.value, sender)) or HostBudget()
        yield Host(
            service=service,
            sender=sender,
            rate=getattr(settings, RATES[service]),
            failures=row.failures,
            until=row.left_alone_until(),
            why=text_of(f"{service.value}_{row.why}") if row.why else None,
            booked=max(round(row.next_free_at - now), 0),
            accounts=sum(key.startswith(f"{service.value}:") for key in known),
        )


def apps() -> list[tuple[Service, bool]]:
    """Return for each service whether an app is set, by the environment or here."""
    stored = set(ServiceApp.objects.exclude(client_id="").values_list("service", flat=True))
    return [(service, bool(getattr(settings, f"{service.name}_CLIENT_ID")) or service in stored) for service in Service]


@lru_cache(maxsize=1)
def versions(_stamp: str) -> list[tuple[str, str]]:
    """Return the name and the version of each data set; they are read once for each set that was swapped in."""
    in_use = datasets.load_datasets(mappingsets.folder())
    return [(source.title, in_use[source.name].version) for source in SOURCES if source.name in in_use]
