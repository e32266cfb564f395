"""What django-q2 calls. Nothing else imports django_q, so that another queue is a change to this file.

A job gets a primary key and nothing else: arguments are kept in plain sight in the queue.
"""

from __future__ import annotations

from django_q.models import Schedule
from django_q.tasks import async_task

from bgmsync.shared.models import Heartbeat

DISPATCH = "dispatch due runs"


def enqueue(run_id: int) -> None:
    """Hand a queued run to a worker. Delivery may fail or come twice; the run's own claim covers both."""
    async_task("sync.tasks.run", run_id, q_options={"save": False})


def run(run_id: int) -> None:
    from sync.engine.run import work  # noqa: PLC0415  # workers fork before they need the engine

    Heartbeat.beat("dispatch")
    work(run_id)


def dispatch() -> None:
    from sync.dispatch import dispatch as dispatch_due  # noqa: PLC0415

    dispatch_due()


def ensure_dispatch_schedule() -> None:
    """Keep exactly one Schedule row; ``name`` is not unique in django-q2, so extra rows are removed."""
    rows = Schedule.objects.filter(name=DISPATCH).order_by("pk")
    first = rows.first()
    values = {
        "func": "sync.tasks.dispatch",
        "schedule_type": Schedule.MINUTES,
        "minutes": 1,
        "repeats": -1,
        "kwargs": "q_options={'save': False}",
    }
    if first is None:
        Schedule.objects.create(name=DISPATCH, **values)
        return
    rows.exclude(pk=first.pk).delete()
    Schedule.objects.filter(pk=first.pk).update(**values)
