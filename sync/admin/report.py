"""What a run's page says: the verdict in a sentence, the sums, the reasons, the subjects, the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sync.admin import looks
from sync.admin.changes import changes_of, in_ranges
from sync.admin.pace import budgets, time_left
from sync.admin.remedies import remedy_of
from sync.admin.subjects import cards_of
from sync.admin.traktpages import trakt_pages
from sync.admin.upload import archive_of
from sync.models import SyncItem, SyncRun
from sync.reasons import text_of
from sync.words import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.admin.subjects import Card
    from sync.models import SubjectPlan

Status = SyncRun.Status
State = SyncItem.State
STAGES = (
    SyncRun.Stage.READ,
    SyncRun.Stage.MATCH,
    SyncRun.Stage.PLAN,
    SyncRun.Stage.APPLY,
)
MOST_SUBJECTS = 200
MOST_LINES = 500
EXACT = 10
"""Seconds up to which a duration is written with a tenth."""


def report(run: SyncRun) -> dict[str, Any]:
    return {
        "verdict": verdict(run),
        "look": looks.RUN_LOOKS[Status(run.status)],
        "why": text_of(run.reason) if run.reason else None,
        "remedy": remedy_of(run.reason, run) if run.reason else None,
        "states": states(run),
        "reasons": reasons(run),
        "kinds": kinds(run),
        "subjects": subjects(run),
        "events": events(run),
        "requests": sorted(run.requests.items()),
        "duration": in_seconds(run.seconds),
        "can_be_undone": can_be_undone(run),
        "retriable": run.is_final and any(run.counts.get(state) for state in SyncItem.RETRIED),
        "archive": archive_of(run),
        **progress(run),
    }


def can_be_undone(run: SyncRun) -> bool:
    return bool(run.is_final and run.writes and not run.dry_run and run.trigger != SyncRun.Trigger.UNDO)


def progress(run: SyncRun) -> dict[str, Any]:
    """Return how far the run is: its stages, each past, present or to come, and the steps of the present one."""
    at = STAGES.index(run.stage) if run.stage in STAGES else len(STAGES)
    at = len(STAGES) if run.is_final else at
    marks = ["past" if place < at else "now" if place == at else "next" for place in range(len(STAGES))]
    stages = [(mark, SyncRun.Stage(stage).label) for mark, stage in zip(marks, STAGES, strict=True)]
    if run.dry_run:
        stages = stages[:-1]
    return {
        "stages": stages,
        "percent": min(100 * run.step // run.steps, 100) if run.steps else None,
        "badge": looks.run_badge(run),
        "duration": in_seconds(run.seconds),
        "sent": sum(run.requests.values()),
        "left": time_left(run),
        "budgets": budgets(run) if run.is_active else [],
    }


def verdict(run: SyncRun) -> str:
    """Say in a sentence how the run ended, or what it is doing."""
    if run.status == Status.RUNNING and run.cancel_asked:
        return gettext("Stopping: it finishes the subject it is at.")
    if run.status == Status.RUNNING and run.pause_asked:
        return gettext("Pausing: it finishes the subject it is at.")
    if run.status != Status.SUCCEEDED:
        return str(SENTENCES[Status(run.status)])
    if run.trigger == SyncRun.Trigger.UNDO:
        return gettext("Bangumi is as the run had found it, save what you changed since.")
    if run.dry_run:
        return gettext("This is a preview: nothing was written to Bangumi.")
    done = run.counts.get(State.DONE, 0)
    text = gettext("Everything was up to date; nothing had to be written.")
    if done:
        text = ngettext("%(n)s play was carried over.", "%(n)s plays were carried over.", done) % {"n": done}
        others = done - run.by_kind.get(SyncItem.Kind.HISTORY, {}).get("items", {}).get(State.DONE, 0)
        if run.by_kind and others:
            text = gettext("%(n)s plays, ratings and entries of lists were carried over.") % {"n": done}
    return f"{text} {_waiting_for_you(run.counts.get(State.REVIEW, 0))}".strip()


SENTENCES = {
    Status.QUEUED: _("Waiting for a worker."),
    Status.RUNNING: _("Under way. You can leave this page; the run goes on."),
    Status.AWAITING: _("Trakt was read, and nothing was written yet. Look at the plan below and say yes, or not now."),
    Status.PAUSED: _("Nothing more is written until you let it go on, and the schedule starts nothing meanwhile."),
    Status.INCOMPLETE: _("Not everything arrived yet. What is missing is listed below and is tried again by itself."),
    Status.DEFERRED: _("The run was put off, because a service could not be used. It is tried again by itself."),
    Status.CANCELLED: _("The run was cancelled. What had been written stays; the rest waits for the next run."),
    Status.FAILED: _("The run failed. Nothing is lost; below is why, and what to do."),
}


def _waiting_for_you(review: int) -> str:
    if not review:
        return ""
    return ngettext("%(n)s play waits for your decision.", "%(n)s plays wait for your decision.", review) % {
        "n": review
    }


def states(run: SyncRun) -> list[dict[str, Any]]:
    """Return the counts by state, each with the list it counts. While the run is under way they are counted here."""
    counts = run.counts
    if not counts and not run.is_final:
        rows = run.items.order_by().values_list("state").annotate(n=Count("pk"))
        counts = dict(rows)
    total = sum(counts.values()) or 1
    return [
        {
            "state": state.value,
            "label": state.label,
            "look": looks.ITEM_LOOKS[state],
            "count": counts[state],
            "share": round(100 * counts[state] / total, 1),
            "address": items_address(run, state=state),
        }
        for state in State
        if counts.get(state)
    ]


def reasons(run: SyncRun) -> list[dict[str, Any]]:
    found = sorted(run.reasons.items(), key=lambda pair: -pair[1])
    return [
        {
            "text": text_of(code),
            "count": count,
            "remedy": remedy_of(code, run),
            "address": items_address(run, reason=code),
        }
        for code, count in found
    ]


def kinds(run: SyncRun) -> list[dict[str, Any]]:
    """Return, for each kind of data that the run was about, what was read of it and what became of it."""
    return [
        {
            "label": kind.label,
            "read": counts.get("read", 0),
            "expected": counts.get("expected", 0),
            "states": [
                {
                    "badge": looks.state_badge(state, f"{counts['items'][state]} {state.label}"),
                    "address": items_address(run, kind=kind, state=state),
                }
                for state in State
                if counts.get("items", {}).get(state)
            ],
        }
        for kind in SyncItem.Kind
        if (counts := run.by_kind.get(kind))
    ]


def put_back(restore: dict[str, Any]) -> Iterable[str]:
    """Say what an undo puts back of an entry, besides its ticks."""
    if state := restore.get("list"):
        yield gettext("back to %(state)s") % {"state": LISTED[state]}
    if rate := restore.get("rate"):
        yield gettext("back to your rating %(rate)s") % {"rate": rate}
    elif rate == 0:
        yield gettext("its rating is taken away")
    if restore.get("tags") is not None:
        yield gettext("its tags as they were")


def subjects(run: SyncRun) -> list[dict[str, Any]]:
    """Return what was written, or would be, by subject; each with what is known of the subject."""
    plans = list(run.plans.order_by("status", "subject_id")[:MOST_SUBJECTS])
    cards = cards_of(plan.subject_id for plan in plans)
    pages = trakt_pages(run.user_id, cards)
    return [
        {
            "plan": plan,
            "subject": cards[plan.subject_id],
            "trakt": pages.get(plan.subject_id, ()),
            "badge": looks.plan_badge(plan),
            **_ticks(plan, cards[plan.subject_id]),
            "reason": text_of(plan.reason) if plan.reason else None,
            "changes": list(changes_of(plan) if plan.restore is None else put_back(plan.restore)),
        }
        for plan in plans
    ]


def _ticks(plan: SubjectPlan, card: Card) -> dict[str, Any]:
    """Return how many episodes the plan is about, and which."""
    episodes = plan.mark if plan.restore is None else [int(episode) for episode in plan.restore.get("marks", ())]
    return {"ticks": len(episodes), "episodes": in_ranges(card.numbers.get(episode) for episode in episodes)}


QUOTED = {
    "status": dict(Status.choices),
    "kind": dict(SyncItem.Kind.choices),
}
"""How the codes that a log line quotes are called."""


def events(run: SyncRun) -> list[dict[str, Any]]:
    """Return the last lines of the run's log in the reader's language."""
    rows = list(run.events.order_by("-id")[:MOST_LINES])[::-1]
    return [{"at": row.at, "level": row.level, "text": _line(row.message, row.params)} for row in rows]


def _line(message: str, params: dict[str, Any]) -> str:
    if not params:
        return gettext(message)
    known = {name: QUOTED[name].get(value, value) if name in QUOTED else value for name, value in params.items()}
    if "reason" in params:
        known["reason"] = text_of(params["reason"]).short
    return (gettext(message) % known).strip()


def items_address(run: SyncRun, **only: str) -> str:
    query = {"run__id__exact": run.pk, **{f"{name}__exact": value for name, value in only.items()}}
    return f"{reverse('admin:sync_syncitem_changelist')}?{urlencode(query)}"


def in_seconds(seconds: float | None) -> str:
    """Write a duration as a person reads it: 0.4 s, 12 s, 3 min 5 s."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(seconds, 60)
    if minutes:
        return gettext("%(m)s min %(s)s s") % {"m": int(minutes), "s": int(rest)}
    return gettext("%(n)s s") % {"n": f"{seconds:.1f}" if seconds < EXACT else round(seconds)}
