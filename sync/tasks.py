"""What the queue calls: a job loads what it is about, calls the one function that does it, and returns nothing."""

from __future__ import annotations

from bgmsync.shared.logs import about
from sync import alive, queue, stopping
from sync import dispatch as dispatcher
from sync.engine.run import work
from sync.notifying import outbox, telling
from sync.parity import comparing


def run(run_id: int) -> None:
    alive.beat()
    if stopping.asked():  # it lay in the hand of a cluster that has no time left for it
        queue.enqueue(run_id)
        return
    work(run_id)


def compare(report_id: int) -> None:
    alive.beat()
    comparing.work(report_id)


def tell(run_id: int) -> None:
    with about(run=run_id):
        telling.after_run(run_id)


def deliver(note_id: int) -> None:
    with about(note=note_id):
        outbox.deliver(note_id)


def dispatch() -> None:
    alive.beat()
    dispatcher.dispatch()
