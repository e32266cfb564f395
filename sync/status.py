"""How a user's sync stands: the same facts for the command line and for the admin's first page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from sync import runs
from sync.models import BangumiAccount, SubjectPlan, SyncItem, SyncRun
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from bgmsync.shared.models import Connection


def status_of(user: Any) -> dict[str, Any]:
    """Return connections, last good run and its age, what waits for the user, next run, items by state, and reasons."""
    config = TraktConfig.objects.filter(user=user).first() or TraktConfig(user=user)
    account = BangumiAccount.objects.filter(user=user).first() or BangumiAccount(user=user)
    items = SyncItem.objects.filter(user=user).order_by()
    active = SyncRun.objects.filter(user=user, status__in=SyncRun.ACTIVE).first()
    last = SyncRun.objects.filter(user=user, status__in=SyncRun.FINAL).first()
    good = config.last_good_at
    return {
        "user": user.get_username(),
        "trakt": _connection(config),
        "bangumi": _connection(account),
        "last_good_at": good.isoformat() if good else None,
        "last_good_age_seconds": round((timezone.now() - good).total_seconds()) if good else None,
        "last_run": {"run": last.pk, "status": last.status} if last else None,
        "active_run": {"run": active.pk, "status": active.status, "stage": active.stage} if active else None,
        "held_run": _held(user),
        "next_run_at": config.next_run_at.isoformat() if config.next_run_at else None,
        "items": dict(items.values_list("state").annotate(n=Count("pk"))),
        "reasons": dict(items.exclude(reason="").values_list("reason").annotate(n=Count("pk"))),
    }


def _held(user: Any) -> dict[str, Any] | None:
    """Return the run that goes on only when its user says so, since when it waits, and what is to be done."""
    run = runs.held(user)
    if run is None:
        return None
    awaits = run.status == SyncRun.Status.AWAITING
    planned = run.plans.filter(status=SubjectPlan.Status.PLANNED, restore__isnull=True).count()
    page = settings.BASE_URL + reverse("admin:sync_syncrun_change", args=[run.pk])
    return {
        "run": run.pk,
        "status": run.status,
        "since": run.heartbeat_at.isoformat() if run.heartbeat_at else None,
        "subjects": planned,
        "page": page,
        "text": (AWAITS if awaits else PAUSED) % {"n": planned, "page": page, "user": user.get_username()},
    }


AWAITS = (
    "its plan for %(n)s subject(s) waits for a yes. Nothing of it is written before that. Say yes or no at %(page)s, "
    "or let `manage.py sync %(user)s` write everything without asking."
)
PAUSED = (
    "it is paused. Nothing more is written, and the schedule starts no other run. Let it go on, or cancel it, "
    "at %(page)s."
)


def _connection(connection: Connection) -> dict[str, Any]:
    expires = connection.token_expires_at
    return {
        "state": connection.state,
        "text": connection.state_text(),
        "account": connection.username,
        "expires_at": expires.isoformat() if expires else None,
    }
