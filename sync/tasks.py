"""What the queue calls: a job loads what it is about, calls the one function that does it, and returns nothing."""

from __future__ import annotations

from bgmsync.shared.models import Heartbeat
from sync import dispatch as dispatcher
from sync.engine.run import work
from sync.notifying import outbox, telling
from sync.parity import comparing

WORKERS = "dispatch"
"""Under which name workers say that they live."""


def run(run_id: int) -> None:
    Heartbeat.beat(WORKERS)
    work(run_id)


def compare(report_id: int) -> None:
    Heartbeat.beat(WORKERS)
    comparing.work(report_id)


def tell(run_id: int) -> None:
    telling.after_run(run_id)


def deliver(note_id: int) -> None:
    outbox.deliver(note_id)


def dispatch() -> None:
    Heartbeat.beat(WORKERS)
    dispatcher.dispatch()
