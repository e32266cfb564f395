"""What became of a run, as the commands print it: one object for programs, a few lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bgmsync.shared.models import Service
from sync.models import SyncItem
from sync.reasons import text_of

if TYPE_CHECKING:
    from sync.models import SyncRun


def as_data(run: SyncRun) -> dict[str, Any]:
    """Return the summary that ``sync --json`` prints."""
    return {
        "run": run.pk,
        "status": run.status,
        "read": run.read,
        "expected": run.expected,
        "items": run.counts,
        "reasons": run.reasons,
        "kinds": run.by_kind,
        "requests": {service: run.requests.get(service, 0) for service in Service.values},
        "writes": run.writes,
        "seconds": round(run.seconds or 0, 3),
        "dry_run": run.dry_run,
        "reason": run.reason,
        "detail": run.detail,
        "next_try": run.not_before.isoformat() if run.not_before else None,
    }


def as_text(run: SyncRun) -> str:
    """Return the same for people."""
    requests = ", ".join(f"{run.requests.get(s.value, 0)} to {s.label}" for s in Service)
    lines = [
        f"Run {run.pk}: {run.get_status_display()}" + (" (preview: nothing was written)" if run.dry_run else ""),
        f"  read      {run.read} of {run.expected}",
    ]
    lines += [
        f"  {SyncItem.Kind(kind).label!s:<9} {counted['read']} of {counted['expected']}"
        for kind, counted in run.by_kind.items()
        if counted["expected"] and kind in SyncItem.Kind.values
    ]
    lines += [f"  {SyncItem.State(state).label!s:<9} {count}" for state, count in sorted(run.counts.items())]
    lines += [f"    {count} × {text_of(reason).short}" for reason, count in sorted(run.reasons.items())]
    lines += [f"  requests  {requests}", f"  writes    {run.writes}", f"  seconds   {run.seconds or 0:.1f}"]
    if run.reason:
        text = text_of(run.reason)
        lines.append(f"  {text.short}. {text.long}" + (f" ({run.detail})" if run.detail else ""))
    if run.not_before:
        lines.append(f"  tried again after {run.not_before:%Y-%m-%d %H:%M} UTC")
    return "\n".join(lines)
