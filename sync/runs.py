"""Runs as people and the schedule see them: ask for one, claim it, retry what failed, pause, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from bgmsync.shared.alive import this_process
from sync import queue
from sync.models import SyncItem, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from sync.undos import Undo

LEFT_BY_PERSON = (Reason.DECLINED, Reason.UNDONE)
"""What a person left out and may take up again."""

ALL_KINDS = list(SyncItem.Kind.values)

Trigger = SyncRun.Trigger
Status = SyncRun.Status


def request(  # noqa: PLR0913  # what a run may be asked for, each by its name
    user: Any,
    trigger: Trigger,
    *,
    kinds: list[str] | None = None,
    only_retry: bool = False,
    undo: Undo | None = None,
    enqueue: bool = True,
    may_ask: bool = True,
) -> tuple[SyncRun, bool]:
    """Ask for a run and return it, or the one that is already active, and whether it is new.

    The database allows one active run a user, so that a schedule and three clicks together make one. A retry that is
    asked for during a run follows it. A plan that waits for approval is itself the preview; another run replaces it,
    and one that is paused.
    *may_ask* is false where asking for the run is approval enough, as on the command line.
    """
    if trigger == Trigger.PREVIEW and (shown := awaiting(user)):
        return shown, False
    run = SyncRun(
        user=user,
        trigger=trigger,
        dry_run=trigger == Trigger.PREVIEW or bool(undo and undo.preview),
        full=trigger == Trigger.FULL,
        kinds=kinds or [],
        only_retry=only_retry,
        may_ask=may_ask,
        **(undo.as_fields() if undo else {}),
    )
    try:
        with transaction.atomic():
            run.save()
            if trigger != Trigger.UNDO:
                _replace_held(user)
    except IntegrityError:
        active = SyncRun.objects.filter(user=user, status__in=SyncRun.ACTIVE).first()
        if active is None or (only_retry and not _follow_with_retry(active)):  # it ended between the two statements
            return request(
                user, trigger, kinds=kinds, only_retry=only_retry, undo=undo, enqueue=enqueue, may_ask=may_ask
            )
        return active, False
    if enqueue:
        transaction.on_commit(lambda: queue.enqueue(run.pk))
    return run, True


def request_scheduled(user_ids: Sequence[int]) -> int:
    """Make and hand over a run for each of these users who has none under way or held; return how many.

    A few statements for all: ten thousand users may come due in one minute.
    """
    not_now = (*SyncRun.ACTIVE, *SyncRun.HELD)
    busy = set(SyncRun.objects.filter(user_id__in=user_ids, status__in=not_now).values_list("user_id", flat=True))
    wanted = [SyncRun(user_id=user_id, trigger=Trigger.SCHEDULE) for user_id in user_ids if user_id not in busy]
    try:
        with transaction.atomic():
            made = SyncRun.objects.bulk_create(wanted)
    except IntegrityError:  # somebody selected "Run sync now" between the two statements
        users = get_user_model().objects.filter(pk__in=[run.user_id for run in wanted])
        return sum(request(user, Trigger.SCHEDULE)[1] for user in users)
    queue.enqueue(*(run.pk for run in made))
    return len(made)


def awaiting(user: Any) -> SyncRun | None:
    """Return the user's run whose plan waits for approval."""
    return SyncRun.objects.filter(user=user, status=Status.AWAITING).first()


def held(user: Any) -> SyncRun | None:
    """Return the user's run that goes on when they say so; the schedule starts none over it."""
    return SyncRun.objects.filter(user=user, status__in=SyncRun.HELD).first()


def _replace_held(user: Any) -> None:
    SyncRun.objects.filter(user=user, status__in=SyncRun.HELD).update(
        status=Status.CANCELLED, stage=SyncRun.Stage.OVER, reason=Reason.REPLACED, held={}, finished_at=timezone.now()
    )


def _follow_with_retry(active: SyncRun) -> bool:
    """Have *active* followed by a retry: what it has planned already is not what was made due just now."""
    return bool(SyncRun.objects.filter(pk=active.pk, status__in=SyncRun.ACTIVE).update(retry_asked=True))


def claim(run_id: int) -> SyncRun | None:
    """Take a queued run for this process; None when somebody else has it or it is over."""
    now = timezone.now()
    taken = SyncRun.objects.filter(pk=run_id, status=Status.QUEUED).update(
        status=Status.RUNNING,
        owner=this_process(),
        sender=settings.PUBLIC_ADDRESS,
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
        status=Status.QUEUED, owner="", worked=run.worked_until(run.heartbeat_at), heartbeat_at=timezone.now()
    )
    if freed:
        run.log("The process that ran this stopped. It goes on from what was stored.", level="warning")
    return bool(freed)


def retry_items(user: Any, items: QuerySet[SyncItem]) -> int:
    """Make those of *items* due now that failed, wait, are in review or were left out; return how many there were."""
    items = items.filter(user=user)
    due = items.filter(state__in=SyncItem.RETRIED).update(next_try_at=timezone.now())
    left_out = Q(state=SyncItem.State.SKIPPED, reason__in=LEFT_BY_PERSON)
    asked_anew = Q(state=SyncItem.State.REVIEW) | left_out
    again = items.filter(asked_anew).update(state=SyncItem.State.NEW, reason="", detail="")
    return due + again


def due_items(user: Any, *, ignore_pauses: bool = False) -> QuerySet[SyncItem]:
    """Return what a run takes up besides what is new on Trakt: unfinished items, and failed ones whose time came."""
    retried = Q(state__in=SyncItem.RETRIED)
    if not ignore_pauses:
        retried &= Q(next_try_at__lte=timezone.now())
    return SyncItem.objects.filter(Q(state__in=SyncItem.UNFINISHED) | retried, user=user)


def cancel(run: SyncRun) -> bool:
    """Ask a run to stop: one that waits is over at once, a running one after the subject it is at."""
    now = timezone.now()
    if SyncRun.objects.filter(pk=run.pk, status__in=(Status.QUEUED, *SyncRun.HELD)).update(
        status=Status.CANCELLED, stage=SyncRun.Stage.OVER, held={}, finished_at=now
    ):
        return True
    return bool(SyncRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(cancel_asked=True))


def pause(run: SyncRun) -> bool:
    """Ask a run to stand still: one that waits for a worker does at once, a running one after the subject it is at.

    An undo is not paused: half of it helps nobody.
    """
    rows = SyncRun.objects.filter(pk=run.pk).exclude(trigger=Trigger.UNDO)
    if rows.filter(status=Status.QUEUED).update(status=Status.PAUSED, heartbeat_at=timezone.now()):
        return True
    return bool(rows.filter(status=Status.RUNNING).update(pause_asked=True))


def resume(run: SyncRun) -> bool:
    """Let a paused run go on where it stood; False when it is not paused any more, or another run is under way."""
    try:
        with transaction.atomic():
            rows = SyncRun.objects.filter(pk=run.pk, status=Status.PAUSED)
            # What it has come to so far is counted anew from its items while it runs.
            going_on = {"heartbeat_at": None, "pause_asked": False, "counts": {}, "reasons": {}, "by_kind": {}}
            if not rows.update(status=Status.QUEUED, **going_on):
                return False
            run.log("The run goes on.")
            transaction.on_commit(lambda: queue.enqueue(run.pk))
    except IntegrityError:  # another run began meanwhile
        return False
    return True
