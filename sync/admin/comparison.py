"""A finished run beside the one before it of the same sort, and the way to its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from sync.admin.report import in_seconds
from sync.models import SyncItem, SyncRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Measure = Callable[[SyncRun], float]

State = SyncItem.State
MINUS = "−"


def compared(run: SyncRun) -> dict[str, Any]:
    """Return what the run's page says of the runs around it."""
    others = SyncRun.objects.filter(user_id=run.user_id)
    before = _same_sort(run) if run.is_final else None
    return {
        "earlier": others.filter(pk__lt=run.pk).first(),
        "later": others.filter(pk__gt=run.pk).order_by("pk").first(),
        "compared_with": before,
        "differences": list(_differences(before, run)) if before else [],
    }


def _same_sort(run: SyncRun) -> SyncRun | None:
    """Return the user's last finished run before *run* that set out to do the same, whoever started it."""
    same = {name: getattr(run, name) for name in ("user_id", "dry_run", "full", "only_retry", "kinds")}
    rows = SyncRun.objects.filter(**same, pk__lt=run.pk, status__in=SyncRun.FINAL, started_at__isnull=False)
    apart = (SyncRun.Trigger.IMPORT, SyncRun.Trigger.UNDO)
    rows = rows.filter(trigger=run.trigger) if run.trigger in apart else rows.exclude(trigger__in=apart)
    return rows.first()


def _of_state(state: State) -> Measure:
    return lambda run: run.counts.get(state, 0)


MEASURES: tuple[tuple[Any, Measure], ...] = (
    (_("read"), lambda run: run.read),
    (State.DONE.label, _of_state(State.DONE)),
    (State.ALREADY.label, _of_state(State.ALREADY)),
    (State.REVIEW.label, _of_state(State.REVIEW)),
    (State.FAILED.label, _of_state(State.FAILED)),
    (_("requests"), lambda run: sum(run.requests.values())),
    (_("writes"), lambda run: run.writes),
)


def _differences(before: SyncRun, run: SyncRun) -> Iterator[dict[str, Any]]:
    for label, measure in MEASURES:
        was, now = measure(before), measure(run)
        yield {"label": label, "was": was, "now": now, "difference": _signed(now - was, str)}
    was, now = before.seconds or 0, run.seconds or 0
    yield {
        "label": _("took"),
        "was": in_seconds(was),
        "now": in_seconds(now),
        "difference": _signed(round(now - was, 1), in_seconds),
    }


def _signed(difference: float, written: Callable[[Any], str]) -> str:
    if not difference:
        return "0"
    return f"{'+' if difference > 0 else MINUS}{written(abs(difference))}"
