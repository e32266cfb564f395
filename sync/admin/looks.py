"""How states look: a colour, an icon and a word for each, the same on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from bgmsync.shared.html import QUIET, Look, badge
from sync.models import SubjectPlan, SyncItem, SyncRun

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

Status = SyncRun.Status
State = SyncItem.State

RUN_LOOKS = {
    Status.QUEUED: Look("quiet", "clock"),
    Status.RUNNING: Look("info", "sync"),
    Status.AWAITING: Look("warn", "question"),
    Status.PAUSED: Look("warn", "pause"),
    Status.SUCCEEDED: Look("good", "check"),
    Status.INCOMPLETE: Look("warn", "half"),
    Status.FAILED: Look("bad", "cross"),
    Status.DEFERRED: Look("warn", "clock"),
    Status.CANCELLED: Look("quiet", "stop"),
}
ITEM_LOOKS = {
    State.NEW: Look("quiet", "dot"),
    State.MATCHED: Look("info", "link"),
    State.PLANNED: Look("info", "list"),
    State.DONE: Look("good", "check"),
    State.ALREADY: Look("good", "equal"),
    State.SKIPPED: Look("quiet", "skip"),
    State.REVIEW: Look("warn", "question"),
    State.FAILED: Look("bad", "cross"),
    State.WAITING: Look("warn", "clock"),
}
PLAN_LOOKS = {
    SubjectPlan.Status.PLANNED: Look("info", "list"),
    SubjectPlan.Status.APPLYING: Look("info", "sync"),
    SubjectPlan.Status.DONE: Look("good", "check"),
    SubjectPlan.Status.WAITING: Look("warn", "clock"),
    SubjectPlan.Status.FAILED: Look("bad", "cross"),
}
CONFIDENCE_LOOKS = {
    0: Look("quiet", "dot"),
    1: Look("bad", "bar1"),
    2: Look("warn", "bar2"),
    3: Look("good", "bar3"),
}
CONFIDENCES = {0: _("none"), 1: _("low"), 2: _("medium"), 3: _("high")}
"""By the values of ``sync.matching.facts.Confidence``."""


def run_badge(run: SyncRun) -> SafeString:
    return badge(RUN_LOOKS.get(Status(run.status), QUIET), run.get_status_display())


def item_badge(item: SyncItem) -> SafeString:
    return badge(ITEM_LOOKS.get(State(item.state), QUIET), item.get_state_display())


def state_badge(state: str, text: object) -> SafeString:
    """Return *text*, such as a count, in the look of an item's *state*."""
    return badge(ITEM_LOOKS[State(state)] if state in State.values else QUIET, text)


def plan_badge(plan: SubjectPlan) -> SafeString:
    status = SubjectPlan.Status(plan.status)
    return badge(PLAN_LOOKS.get(status, QUIET), plan.get_status_display())
