"""The workers of one machine: django-q2's cluster, which ends when it is told to or can not be trusted any more.

django-q2 lets running jobs finish when it is asked to stop, however long they take; ours hear of it and hand
themselves back. And where a process of the cluster is killed (by the kernel, for its memory), django-q2 starts
another, but all of them may wait for ever for a lock that the dead one holds (its issue 23, open since 2022). Nothing
inside can mend that, so this cluster ends with an error, and what supervises it starts a new one.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from typing import Any

from django import db
from django_q.cluster import Cluster as DjangoQCluster

from bgmsync.shared.models import Heartbeat
from sync import alive, stopping
from sync.engine.index import current_index

logger = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at the cluster."""
BEAT = 30.0
"""Seconds between two heartbeats of this machine's cluster."""
LAST_WORDS = 10.0
"""Seconds for runs to hand themselves back after a process of the cluster died; those that wait for it never end."""


class Cluster(DjangoQCluster):
    """Tells its runs when it is asked to stop."""

    sentinel: Any

    def stop(self) -> bool:
        stopping.ask()
        return super().stop()


class _Deaths(logging.Handler):
    """django-q2 tells of a process that died or had to be killed in its log, at this level, and nowhere else."""

    def __init__(self) -> None:
        super().__init__(level=logging.CRITICAL)

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  # that there is one says all
        stopping.note_death()


def run() -> None:
    """Work until somebody asks to stop (SIGTERM, SIGINT), or a process of the cluster dies: that exits with 1."""
    logging.getLogger("django-q").addHandler(_Deaths())
    _share_the_index()
    cluster = Cluster()
    cluster.start()
    sentinel = cluster.sentinel
    next_beat = 0.0
    while sentinel.is_alive() and not stopping.death_noted():
        if time.monotonic() >= next_beat:
            next_beat = time.monotonic() + BEAT
            _beat()
        sentinel.join(LOOK)
    if stopping.asked():
        return
    logger.error("A process of the workers was killed; they end, so that what supervises them starts them anew.")
    stopping.ask()
    if cluster.stop_event is not None:
        cluster.stop_event.set()
    sentinel.join(LAST_WORDS)
    sys.stderr.flush()
    os._exit(1)  # the usual end would wait for the frozen ones; whoever started this process ends its group


def _share_the_index() -> None:
    """Build the index of the mapping data before workers are forked, so that they share the pages that hold it."""
    try:
        current_index()
    except db.Error as error:
        logger.warning("The database can't be reached yet: %s", type(error).__name__)
    db.connections.close_all()  # a connection that two processes share is of no use to either
    gc.freeze()  # what is collected is written to, and what is written to is copied


def _beat() -> None:
    """Say that the cluster of this machine lives; a database that is away is no reason to stop working."""
    try:
        Heartbeat.beat(alive.this_cluster())
    except db.Error as error:
        logger.warning("The workers could not say that they live: %s", type(error).__name__)
        db.close_old_connections()
