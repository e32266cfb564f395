"""What an undo puts back, and what not and why, by subject and in sentences: for its page and its command."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext

from sync.bangumi.schemas import EpisodeStatus
from sync.models import SubjectPlan
from sync.reasons import Reason, text_of
from sync.words import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.models import SyncRun


@dataclass(slots=True)
class Line:
    """A subject and what is to be said of it; each list of sentences may be empty."""

    plan: SubjectPlan
    back: list[str] = field(default_factory=list)
    """What is put back."""
    kept: list[str] = field(default_factory=list)
    """What stays, since the user changed it or it is not only of what is undone."""
    stuck: list[str] = field(default_factory=list)
    """What Bangumi's API can't take back."""
    trouble: str = ""
    """Why it is not done yet."""


def lines_of(run: SyncRun) -> list[Line]:
    """Return what *run* undoes, or would undo, by subject."""
    plans = run.plans.filter(restore__isnull=False).order_by("subject_id", "pk")
    superseded = {"status": SubjectPlan.Status.FAILED, "reason": Reason.INTERRUPTED}
    return [_line(plan) for plan in plans.exclude(**superseded)]


def _line(plan: SubjectPlan) -> Line:
    restore = plan.restore or {}
    trouble = capfirst(str(text_of(plan.reason).short)) or "" if plan.reason else ""
    return Line(plan, list(_back(plan, restore)), list(_kept(restore)), list(_stuck(plan, restore)), trouble)


def _back(plan: SubjectPlan, restore: dict[str, Any]) -> Iterable[str]:
    states = [EpisodeStatus(was) for was in restore["marks"].values()]
    if gone := states.count(EpisodeStatus.NONE):
        yield ngettext("%(n)s tick is taken away", "%(n)s ticks are taken away", gone) % {"n": gone}
    if wished := states.count(EpisodeStatus.WISH):
        yield ngettext("%(n)s episode is a wish again", "%(n)s episodes are wishes again", wished) % {"n": wished}
    if dropped := states.count(EpisodeStatus.DROPPED):
        yield ngettext("%(n)s episode is dropped again", "%(n)s episodes are dropped again", dropped) % {"n": dropped}
    before = plan.before
    if restore.get("list") is not None:
        yield gettext("list: %(now)s → %(was)s") % {"now": _state(before.get("list")), "was": _state(restore["list"])}
    if restore.get("rate") is not None:
        yield gettext("rating: %(now)s → %(was)s") % {
            "now": _rating(before.get("rate")),
            "was": _rating(restore["rate"]),
        }
    if restore.get("tags") is not None:
        had, has = before.get("tags", []), restore["tags"]
        changed = [f"−{tag}" for tag in had if tag not in has] + [f"+{tag}" for tag in has if tag not in had]
        yield gettext("tags: %(tags)s") % {"tags": ", ".join(changed)}


def _kept(restore: dict[str, Any]) -> Iterable[str]:
    kept = restore.get("kept", {})
    if "gone" in kept:
        yield gettext("you took it off your list")
    if marks := kept.get("marks"):
        n = len(marks)
        yield ngettext("%(n)s episode that you changed", "%(n)s episodes that you changed", n) % {"n": n}
    if held := kept.get("held"):
        n = len(held)
        yield ngettext(
            "%(n)s tick that another play of yours speaks for", "%(n)s ticks that other plays of yours speak for", n
        ) % {"n": n}
    if "list" in kept:
        yield gettext("the list state that you set")
    if "rate" in kept:
        yield gettext("the rating that you gave or removed")


def _stuck(plan: SubjectPlan, restore: dict[str, Any]) -> Iterable[str]:
    if restore.get("stays"):
        state = _state(restore.get("list") or plan.before.get("list"))
        yield gettext("it stays on your list, as “%(state)s”") % {"state": state}
    if restore.get("rated"):
        yield gettext("it can't be a wish again: Bangumi would drop your rating")
    if "hidden" in restore.get("kept", {}):
        yield gettext("Bangumi does not show this subject to your account any more")


def _state(state: int | None) -> object:
    return LISTED[state] if state else "–"


def _rating(rate: int | None) -> object:
    return rate or gettext("none")


def as_text(run: SyncRun) -> str:
    """Return the list for people at a terminal."""
    heads = (
        ("back", gettext("Would be put back") if run.dry_run else gettext("Put back")),
        ("kept", gettext("Stays as it is")),
        ("stuck", gettext("Can't be taken back by any program")),
    )
    lines = lines_of(run)
    text = []
    for name, head in heads:
        told = [line for line in lines if getattr(line, name)]
        if told:
            text.append(f"  {head}:")
            text += [f"    bgm.tv/subject/{line.plan.subject_id}: {', '.join(getattr(line, name))}" for line in told]
    return "\n".join(text)
