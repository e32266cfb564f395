"""What the queue calls: a job loads what it is about, calls the one function that does it, and returns nothing."""

from __future__ import annotations

from bgmsync.shared.models import Heartbeat
from sync import dispatch as dispatcher
from sync.engine.run import work

WORKERS = "dispatch"
"""Under which name workers say that they live."""


def run(run_id: int) -> None:
    Heartbeat.beat(WORKERS)
    work(run_id)


def dispatch() -> None:
    Heartbeat.beat(WORKERS)
    dispatcher.dispatch()
