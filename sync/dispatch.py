"""The minute's work: put back runs whose process died, and start those that are due. One row a user, claimed once."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from bgmsync.shared.models import ConnectionState, Heartbeat
from sync import alive, decisions, figures, mappings, queue, runs, undos, uploads
from sync.models import SyncRun
from sync.notifying import outbox, telling
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

CLAIM = 500
"""Users claimed in one transaction: few enough that nobody waits long for the lock."""

KEPT_SHUT = [f"{of}{field}" for of in ("", "user__bangumi__") for field in ("access_token", "refresh_token")]
"""Decrypting the tokens of ten thousand users takes longer than all else that is done for them here."""

LOST_IN_QUEUE = timedelta(minutes=10)
"""A run that nobody began for this long was lost by the broker, and is handed over again."""

DAY = timedelta(days=1)

NEEDS_A_HAND = {ConnectionState.NONE, ConnectionState.RECONNECT}
"""What ends only by connecting anew. VIP only, a lock, or a vanished app may end without anybody here noticing."""


def dispatch() -> None:
    """Revive dead runs, start due ones and those that a decision left; then what is done once a day or a week."""
    revive()
    start_due()
    decisions.follow_up()
    undos.follow_up()
    uploads.tidy()
    telling.follow_up()
    prune_daily()
    figures.count_items_if_due()
    mappings.refresh_if_due()  # last: it may download for minutes


def revive() -> int:
    """Put runs back into the queue whose process is gone, or that the broker lost."""
    revived = 0
    for run in SyncRun.objects.filter(status=SyncRun.Status.RUNNING):
        if runs.release_if_dead(run):
            queue.enqueue(run.pk)
            revived += 1
    return revived + _hand_over_again()


def _hand_over_again() -> int:
    """Hand over what waits for long although the broker has fewer jobs than that: it lost some, however often.

    A second delivery does no harm, since only one claim succeeds, but a long queue must not grow by it every minute:
    the heartbeat tells when a run was handed over last.
    """
    now = timezone.now()
    lost = now - max(LOST_IN_QUEUE * settings.RETRY_SCALE, timedelta(seconds=30))
    long_ago = Q(heartbeat_at=None, created_at__lt=lost) | Q(heartbeat_at__lt=lost)
    waiting = list(SyncRun.objects.filter(long_ago, status=SyncRun.Status.QUEUED).values_list("pk", flat=True))
    jobs = queue.waiting() if waiting else None
    if jobs is None or jobs >= len(waiting):
        return 0
    SyncRun.objects.filter(pk__in=waiting, status=SyncRun.Status.QUEUED).update(heartbeat_at=now)
    queue.enqueue(*waiting)
    return len(waiting)


def start_due() -> int:
    """Make a run for each user whose time has come; return how many."""
    started, now = 0, timezone.now()
    while configs := _claim_due(now):
        awake = [config for config in configs if not config.is_quiet(now)]
        started += runs.request_scheduled([config.user_id for config in awake if _may_run(config)])
        for config in awake:
            if _owes_from_an_archive(config):
                started += runs.request(config.user, SyncRun.Trigger.SCHEDULE, only_retry=True)[1]
    return started


def _may_run(config: TraktConfig) -> bool:
    """Tell whether a run can get anywhere: what needs the person's hand is not helped by asking the service again."""
    bangumi = getattr(config.user, "bangumi", None)
    return config.state not in NEEDS_A_HAND and (bangumi is None or bangumi.state != ConnectionState.RECONNECT)


def _owes_from_an_archive(config: TraktConfig) -> bool:
    """Tell whether a user who never connected Trakt has something left to write from an archive that was imported."""
    bangumi = getattr(config.user, "bangumi", None)
    if config.state != ConnectionState.NONE or bangumi is None or not bangumi.is_usable or runs.held(config.user):
        return False
    return runs.due_items(config.user).exists()


def _claim_due(now: datetime) -> list[TraktConfig]:
    """Move the due users' next time on, and return them: whoever moved it may start the run.

    A time that passed while nothing ran here may have come round to the user's quiet hours: it moves to their end.
    """
    with transaction.atomic():
        rows = TraktConfig.objects.select_for_update(skip_locked=not settings.SQLITE, of=("self",))
        rows = rows.select_related("user__bangumi").defer(*KEPT_SHUT)
        due = list(rows.filter(next_run_at__lte=now, user__is_active=True)[:CLAIM])
        for config in due:
            if config.is_quiet(now):
                config.next_run_at = config.out_of_quiet(now)
            else:
                config.plan_next(now)
        _store_next_times(due)
    return due


def _store_next_times(configs: Sequence[TraktConfig]) -> None:
    """Write the next times by one prepared statement: bulk_update's CASE of 500 cases takes twenty times as long."""
    table, operations = TraktConfig._meta.db_table, connection.ops  # noqa: SLF001  # Django's documented API
    values = [(operations.adapt_datetimefield_value(config.next_run_at), config.pk) for config in configs]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {operations.quote_name(table)} SET next_run_at = %s WHERE id = %s", values)  # noqa: S608  # a name of ours


def prune_daily() -> None:
    """Remove runs that are older than the operator keeps, and expired sessions. Items are the ledger and stay."""
    last = Heartbeat.objects.filter(name="prune").first()
    if last and timezone.now() - last.at < DAY:
        return
    Heartbeat.beat("prune")
    old = timezone.now() - timedelta(days=settings.RUN_HISTORY_DAYS)
    SyncRun.objects.filter(created_at__lt=old).exclude(status__in=SyncRun.ACTIVE).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    outbox.forget_old()
    alive.forget_old()
