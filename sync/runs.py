"""Runs as people and the schedule see them: ask for one, claim it, retry what failed, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from sync import queue
from sync.models import SyncItem, SyncRun
from sync.models.run import this_process

if TYPE_CHECKING:
    from django.db.models import QuerySet

ALL_KINDS = list(SyncItem.Kind.values)

Trigger = SyncRun.Trigger
Status = SyncRun.Status


def request(  # noqa: PLR0913  # what a run may be asked for, each by its name
    user: Any,
    trigger: Trigger,
    *,
    kinds: list[str] | None = None,
    only_retry: bool = False,
    undoes: SyncRun | None = None,
    enqueue: bool = True,
) -> tuple[SyncRun, bool]:
    """Ask for a run and return it, or the one that is already active, and whether it is new.

    The database allows one active run a user, so that a schedule and three clicks together make one.
    """
    run = SyncRun(
        user=user,
        trigger=trigger,
        dry_run=trigger == Trigger.PREVIEW,
        full=trigger == Trigger.FULL,
        kinds=kinds or [],
        only_retry=only_retry,
        undoes=undoes,
    )
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError:
        active = SyncRun.objects.filter(user=user, status__in=SyncRun.ACTIVE).first()
        if active is None:  # it ended between the two statements
            return request(user, trigger, kinds=kinds, only_retry=only_retry, undoes=undoes, enqueue=enqueue)
        return active, False
    if enqueue:
        transaction.on_commit(lambda: queue.enqueue(run.pk))
    return run, True


def claim(run_id: int) -> SyncRun | None:
    """Take a queued run for this process; None when somebody else has it or it is over."""
    now = timezone.now()
    taken = SyncRun.objects.filter(pk=run_id, status=Status.QUEUED).update(
        status=Status.RUNNING,
        owner=this_process(),
        heartbeat_at=now,
        started_at=now,
        attempts=F("attempts") + 1,
    )
    return SyncRun.objects.select_related("user").get(pk=run_id) if taken else None


def release_if_dead(run: SyncRun) -> bool:
    """Put a run whose process is gone back into the queue; the ledger tells where to go on."""
    if not run.is_dead():
        return False
    freed = SyncRun.objects.filter(pk=run.pk, status=Status.RUNNING, owner=run.owner).update(
        status=Status.QUEUED, owner=""
    )
    if freed:
        run.log("The process that ran this stopped. It goes on from what was stored.", level="warning")
    return bool(freed)


def retry_items(user: Any, items: QuerySet[SyncItem]) -> int:
    """Make failed, waiting and reviewed *items* of *user* due now; return how many there were."""
    items = items.filter(user=user)
    due = items.filter(state__in=SyncItem.RETRIED).update(next_try_at=timezone.now())
    again = items.filter(state=SyncItem.State.REVIEW).update(state=SyncItem.State.NEW, reason="", detail="")
    return due + again


def due_items(user: Any, *, ignore_pauses: bool = False) -> QuerySet[SyncItem]:
    """Return what a run takes up besides what is new on Trakt: unfinished items, and failed ones whose time came."""
    retried = Q(state__in=SyncItem.RETRIED)
    if not ignore_pauses:
        retried &= Q(next_try_at__lte=timezone.now())
    return SyncItem.objects.filter(Q(state__in=SyncItem.UNFINISHED) | retried, user=user)


def cancel(run: SyncRun) -> bool:
    """Ask a run to stop: a queued one is over at once, a running one after the subject it is at."""
    now = timezone.now()
    if SyncRun.objects.filter(pk=run.pk, status=Status.QUEUED).update(
        status=Status.CANCELLED, stage=SyncRun.Stage.OVER, finished_at=now
    ):
        return True
    return bool(SyncRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(cancel_asked=True))
