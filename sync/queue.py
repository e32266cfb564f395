"""The queue as the rest of the program knows it. Nothing but this and ``cluster.py`` knows that it is django-q2.

A job is handed a primary key and nothing else, since arguments lie in plain sight in the queue.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task
from redis import Redis, RedisError

PATIENCE = 2.0
"""Seconds that the broker may take to answer whoever looks after the installation."""

QUEUE = f"django_q:{settings.Q_CLUSTER['name']}:q"
"""How django-q2 calls the list in Redis."""

DISPATCH = "dispatch due runs"
NOT_KEPT = {"save": False}


def enqueue(*run_ids: int) -> None:
    """Hand queued runs to the workers. Delivery may fail or come twice; a run's own claim covers both.

    Many go by one connection to the broker and, where it is the database, in one transaction.
    """
    broker = get_broker()
    with transaction.atomic():
        for run_id in run_ids:
            async_task("sync.tasks.run", run_id, q_options={**NOT_KEPT, "broker": broker})


def enqueue_comparison(report_id: int) -> None:
    """Hand a comparison to a worker, which claims it as it claims a run."""
    async_task("sync.tasks.compare", report_id, q_options=NOT_KEPT)


def enqueue_news(run_id: int) -> None:
    """Have a worker look whether the end of a run is news to its user."""
    async_task("sync.tasks.tell", run_id, q_options=NOT_KEPT)


def enqueue_note(note_id: int) -> None:
    """Hand a note to a worker, which claims it as it claims a run."""
    async_task("sync.tasks.deliver", note_id, q_options=NOT_KEPT)


def ensure_dispatch_schedule() -> None:
    """Keep exactly one Schedule row, which comes every minute; ``name`` is not unique in django-q2."""
    rows = Schedule.objects.filter(name=DISPATCH).order_by("pk")
    first = rows.first()
    values = {
        "func": "sync.tasks.dispatch",
        "schedule_type": Schedule.MINUTES,
        "minutes": 1,
        "repeats": -1,
        "kwargs": f"q_options={NOT_KEPT}",
    }
    if first is None:
        Schedule.objects.create(name=DISPATCH, **values)
        return
    rows.exclude(pk=first.pk).delete()
    Schedule.objects.filter(pk=first.pk).update(**values)


def is_reachable() -> bool:
    """Tell whether jobs can be handed over: whether Redis answers; the queue in the database does if that does."""
    if not settings.REDIS_URL:
        OrmQ.objects.exists()
        return True
    try:
        with _redis() as broker:
            return bool(broker.ping())
    except (RedisError, ValueError):
        return False


def waiting() -> int | None:
    """Return how many jobs no worker has taken yet; None when the broker can't be asked."""
    if not settings.REDIS_URL:
        return OrmQ.objects.filter(lock__lt=timezone.now()).count()
    try:
        with _redis() as broker:
            return int(broker.llen(QUEUE))
    except (RedisError, ValueError):
        return None


def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
