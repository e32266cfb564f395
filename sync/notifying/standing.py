"""How things stand with a user, as the rules of what is news ask for it: read from the database, in a few queries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from bgmsync.shared.models import ConnectionState
from sync import runs
from sync.models import BangumiAccount, SyncItem, SyncRun, Told
from sync.notifying.rules import ENDS_SOON, WEEK, Health, Memory, Now
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from django.db.models import QuerySet

Status = SyncRun.Status

WELL = (ConnectionState.NONE, ConnectionState.CONNECTED)
"""States of a connection that are no news: it works, or the user took it away."""
HEALTH = {
    Status.SUCCEEDED: Health.GOOD,
    Status.FAILED: Health.FAILED,
    Status.INCOMPLETE: Health.UNFINISHED,
    Status.DEFERRED: Health.UNFINISHED,
}
TITLES_NAMED = 5
REMEMBERED = (
    "failing",
    "trakt_lost",
    "bangumi_lost",
    "trakt_ending",
    "bangumi_ending",
    "in_review",
    "awaiting",
)


def real_runs(user_id: int) -> QuerySet[SyncRun]:
    """Return the user's runs that say whether syncing works: no previews, no undos, none that a person stopped."""
    rows = SyncRun.objects.filter(user_id=user_id, dry_run=False, status__in=HEALTH)
    return rows.exclude(trigger=SyncRun.Trigger.UNDO)


def memory_of(told: Told) -> Memory:
    return Memory(
        failing=told.failing,
        lost=_those(trakt=told.trakt_lost, bangumi=told.bangumi_lost),
        ending=_those(trakt=told.trakt_ending, bangumi=told.bangumi_ending),
        in_review=told.in_review,
        awaiting=told.awaiting,
    )


def _those(**services: bool) -> frozenset[str]:
    return frozenset(service for service, is_so in services.items() if is_so)


def remember(told: Told, memory: Memory) -> None:
    told.failing, told.in_review, told.awaiting = memory.failing, memory.in_review, memory.awaiting
    told.trakt_lost, told.bangumi_lost = "trakt" in memory.lost, "bangumi" in memory.lost
    told.trakt_ending, told.bangumi_ending = "trakt" in memory.ending, "bangumi" in memory.ending
    told.save(update_fields=REMEMBERED)


def now_of(user: Any) -> tuple[Now, SyncRun | None]:
    """Return how things stand, and the run that says so."""
    last = real_runs(user.pk).first()
    health = HEALTH[Status(last.status)] if last else Health.UNKNOWN
    waiting = runs.awaiting(user)
    lost, ending = _connections(user)
    now = Now(
        health=health,
        unfinished_for=_unfinished_for(user.pk) if health == Health.UNFINISHED else timedelta(),
        lost=lost,
        ending=ending,
        in_review=SyncItem.objects.filter(user=user, state=SyncItem.State.REVIEW).order_by().count(),
        awaiting=waiting.pk if waiting else None,
    )
    return now, last


def _unfinished_for(user_id: int) -> timedelta:
    """Return for how long runs in a row have left something over."""
    rows = real_runs(user_id)
    good = rows.filter(status=Status.SUCCEEDED).values_list("pk", flat=True).first()
    first = rows.filter(pk__gt=good or 0).order_by("pk").values_list("finished_at", flat=True).first()
    return timezone.now() - first if first else timedelta()


def _connections(user: Any) -> tuple[frozenset[str], frozenset[str]]:
    """Return which services' connections are lost, and which end soon because nothing renews their token."""
    lost, ending = set(), set()
    soon = timezone.now() + ENDS_SOON
    for model in (TraktConfig, BangumiAccount):
        connection = model.objects.filter(user=user).first()
        if connection is None:
            continue
        if connection.state not in WELL:
            lost.add(connection.service.value)
        elif connection.ends_at and connection.ends_at <= soon:
            ending.add(connection.service.value)
    return frozenset(lost), frozenset(ending)


def titles_in_review(user_id: int) -> list[str]:
    rows = SyncItem.objects.filter(user_id=user_id, state=SyncItem.State.REVIEW, title__isnull=False)
    return _titles(rows)


def week_of(user_id: int) -> dict[str, int]:
    """Count what the digest tells of the last seven days."""
    ended = real_runs(user_id).filter(finished_at__gte=timezone.now() - WEEK)
    items = SyncItem.objects.filter(user_id=user_id).order_by()
    return {
        "done": items.filter(state=SyncItem.State.DONE, run__in=ended).count(),
        "runs": ended.count(),
        "good": ended.filter(status=Status.SUCCEEDED).count(),
        "review": items.filter(state=SyncItem.State.REVIEW).count(),
        "waiting": items.filter(state__in=SyncItem.RETRIED).count(),
    }


def titles_of_week(user_id: int) -> list[str]:
    ended = real_runs(user_id).filter(finished_at__gte=timezone.now() - WEEK)
    return _titles(SyncItem.objects.filter(user_id=user_id, state=SyncItem.State.DONE, run__in=ended))


def _titles(items: QuerySet[SyncItem]) -> list[str]:
    """Name a few titles, the latest first, each once."""
    names = items.order_by("-pk").values_list("title__title", flat=True)[: TITLES_NAMED * 20]
    return list(dict.fromkeys(name for name in names if name))[:TITLES_NAMED]
