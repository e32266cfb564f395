"""A run in this very process, for the commands: after an active run of the same user, and in place of a dead one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from sync import runs, uploads
from sync.engine.run import work
from sync.models import SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync.undos import Undo

LOOK_EVERY = 0.3
"""Seconds between looks at a run that another process is doing."""


def run_here(  # noqa: PLR0913  # what a run may be asked for, each by its name
    user: Any,
    trigger: SyncRun.Trigger,
    *,
    kinds: list[str] | None = None,
    only_retry: bool = False,
    dry_run: bool = False,
    full: bool = False,
    undo: Undo | None = None,
    archive: Path | None = None,
    say: Callable[[str], None] = print,
) -> SyncRun:
    """Make a run and see it through here; return it with its verdict.

    It waits for no item's next-try time, save a retry, for which the caller has made due what is meant.
    """
    said = False
    while True:
        run, new = runs.request(
            user, trigger, kinds=kinds, only_retry=only_retry, undo=undo, enqueue=False, may_ask=False
        )
        if new:
            SyncRun.objects.filter(pk=run.pk).update(dry_run=dry_run, full=full)
            if archive:
                with archive.open("rb") as file:
                    uploads.give(run, file, archive.name)
            done = work(run.pk, ignore_pauses=not only_retry)
            if done is not None:
                return done
        elif run.status == SyncRun.Status.QUEUED:
            runs.cancel(run)  # no worker has begun it: what it would do is done here
        elif run.is_dead():
            _bury(run)
        else:
            if not said:
                say(f"Run {run.pk} of {user} is under way; waiting for it to end.")
                said = True
            time.sleep(LOOK_EVERY)


def _bury(run: SyncRun) -> None:
    """End a run whose process is gone; the ledger holds what it left, and the next run goes on from there."""
    buried = SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.RUNNING, owner=run.owner).update(
        status=SyncRun.Status.INCOMPLETE,
        stage=SyncRun.Stage.OVER,
        reason=Reason.INTERRUPTED,
        finished_at=timezone.now(),
        worked=run.worked_until(run.heartbeat_at),
    )
    if buried:
        run.log("The process that ran this stopped; another run went on from what was stored.", level="warning")
