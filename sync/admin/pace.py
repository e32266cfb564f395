"""How a run gets on: how long it will still take, as far as that can be known, and what the hosts allow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from bgmsync.shared.budget import account_key, host_key
from bgmsync.shared.models import HostBudget, Service
from sync.models import SyncRun

if TYPE_CHECKING:
    from datetime import datetime

FEWEST_STEPS = 3
SHORTEST = timedelta(seconds=5)
"""Before so many steps and so much time nobody can say how fast it goes."""

STALE = timedelta(seconds=30)
"""A run that has not told for so long how far it is may be anywhere."""

MINUTE, HOUR = 60, 60
"""Seconds in a minute; minutes in an hour."""
MOST_MINUTES = 90
"""So many minutes are told as minutes."""


def seconds_left(step: int, steps: int, elapsed: timedelta) -> float | None:
    """Return how long a stage will still take if it goes on as it has; None while that can't be known."""
    if step < FEWEST_STEPS or step >= steps or elapsed < SHORTEST:
        return None
    return elapsed.total_seconds() / step * (steps - step)


def time_left(run: SyncRun) -> str:
    """Say how long the present stage will still take; empty while that can't be known."""
    if run.status != SyncRun.Status.RUNNING or run.stage_began_at is None or run.heartbeat_at is None:
        return ""
    if timezone.now() - run.heartbeat_at > STALE:
        return ""
    seconds = seconds_left(run.step, run.steps, run.heartbeat_at - run.stage_began_at)
    if seconds is None:
        return ""
    last = SyncRun.Stage.PLAN if run.dry_run else SyncRun.Stage.APPLY
    if run.stage == last:
        return gettext("%(time)s left") % {"time": about(seconds)}
    return gettext("%(time)s left of this stage") % {"time": about(seconds)}


def about(seconds: float) -> str:
    """Write a guess as roughly as it is known."""
    minutes = round(seconds / MINUTE)
    if minutes < 1:
        return gettext("less than a minute")
    if minutes <= MOST_MINUTES:
        return ngettext("about %(n)s minute", "about %(n)s minutes", minutes) % {"n": minutes}
    hours = round(minutes / HOUR)
    return ngettext("about %(n)s hour", "about %(n)s hours", hours) % {"n": hours}


def budgets(run: SyncRun) -> list[str]:
    """Say of each host how many requests it may be sent in the next minute, or until when it is left alone."""
    keys = {one: (host_key(one.value, run.sender), account_key(one.value, run.user_id)) for one in Service}
    rows = HostBudget.objects.in_bulk([key for both in keys.values() for key in both])
    said = (_budget(service, *map(rows.get, both)) for service, both in keys.items())
    return [text for text in said if text]


def _budget(service: Service, host: HostBudget | None, account: HostBudget | None) -> str:
    name = service.label
    alone = [until for row in (host, account) if row and (until := row.left_alone_until())]
    if alone:
        return gettext("%(name)s is left alone until %(time)s") % {"name": name, "time": _clock(max(alone))}
    rate = getattr(settings, f"{service.name}_RATE")
    if not rate:
        return ""
    taken = max(host.next_free_at - timezone.now().timestamp(), 0) if host else 0
    values = {"name": name, "free": max(int(rate * (MINUTE - taken)), 0), "all": int(rate * MINUTE)}
    return gettext("%(name)s: %(free)s of %(all)s requests of the next minute are free") % values


def _clock(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "TIME_FORMAT")
