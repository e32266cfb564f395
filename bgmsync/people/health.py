"""How others' syncs stand, without what they watched: counts and reasons, never a title, a subject or a token."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Count, OuterRef, Subquery

from bgmsync.shared.people import role_of, shows_titles
from sync.admin import looks
from sync.admin.report import in_seconds, progress, verdict
from sync.models import BangumiAccount, SyncItem, SyncRun
from sync.reasons import text_of
from trakt.admin import connection_badge
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.contrib.auth.models import AbstractUser
    from django.db.models import QuerySet

State = SyncItem.State
OPEN = (State.FAILED, State.WAITING, State.REVIEW)
RUNS = 15
MOST_REASONS = 12


class Service(NamedTuple):
    name: str
    badge: Any
    text: str


def listed(search: str) -> QuerySet:
    """Return people with what their line of the list says, those with a schedule and without."""
    last = SyncRun.objects.filter(user=OuterRef("pk"), dry_run=False).order_by("-id")
    rows = get_user_model().objects.select_related("trakt", "bangumi").prefetch_related("groups")
    rows = rows.annotate(last_run=Subquery(last.values("pk")[:1])).order_by("username")
    return rows.filter(username__icontains=search) if search else rows


def lines_of(people: Iterable[Any]) -> list[dict[str, Any]]:
    people = list(people)
    last = SyncRun.objects.in_bulk([person.last_run for person in people if person.last_run])
    return [
        {
            "person": person,
            "role": role_of(person),
            "services": services_of(person),
            "last_good_at": _config(person).last_good_at,
            "run": looks.run_badge(last[person.last_run]) if person.last_run in last else None,
        }
        for person in people
    ]


def services_of(person: AbstractUser) -> list[Service]:
    """Return how the two connections stand. Whose accounts they are is not told."""
    account = getattr(person, "bangumi", None) or BangumiAccount()
    found = {"Trakt": _config(person), "Bangumi": account}
    return [Service(name, connection_badge(one), one.state_text()) for name, one in found.items()]


def standing_of(person: AbstractUser) -> dict[str, Any]:
    """Return all that the page of one person says."""
    counts = _counts(person)
    runs = list(SyncRun.objects.filter(user=person)[:RUNS])
    return {
        "role": role_of(person),
        "services": services_of(person),
        "config": _config(person),
        "states": _states(counts),
        "reasons": _reasons(counts),
        "runs": [run_line(run) for run in runs],
        "active": next((run for run in runs if run.is_active or run.is_held), None),
        "titles_shown": shows_titles(person),
    }


def run_line(run: SyncRun) -> dict[str, Any]:
    counts = ((state, n) for state, n in run.counts.items() if n)
    return {
        "run": run,
        "badge": looks.run_badge(run),
        "duration": in_seconds(run.seconds),
        "counts": [looks.state_badge(state, f"{n} {_label(state)}") for state, n in counts],
    }


def run_of(run: SyncRun) -> dict[str, Any]:
    """Return what the page of one run says. Its log and its details are left out: they may quote a title."""
    return {
        **run_line(run),
        **progress(run),
        "verdict": verdict(run),
        "look": looks.RUN_LOOKS[SyncRun.Status(run.status)],
        "why": text_of(run.reason) if run.reason else None,
        "reasons": [(text_of(code), n) for code, n in Counter(run.reasons).most_common(MOST_REASONS)],
        "requests": sorted(run.requests.items()),
        "retriable": run.is_final and any(run.counts.get(state) for state in SyncItem.RETRIED),
        "can_be_cancelled": run.is_active or run.is_held,
        "titles_shown": shows_titles(run.user_id),
    }


def _config(person: Any) -> TraktConfig:
    return getattr(person, "trakt", None) or TraktConfig(user=person)


def _counts(person: Any) -> dict[tuple[str, str], int]:
    """Count the items by state and reason."""
    rows = SyncItem.objects.filter(user=person).order_by().values_list("state", "reason")
    return {(state, reason): count for state, reason, count in rows.annotate(n=Count("pk"))}


def _states(counts: Mapping[tuple[str, str], int]) -> list[Any]:
    found: Counter[str] = Counter()
    for (state, _reason), count in counts.items():
        found[state] += count
    return [looks.state_badge(state, f"{found[state]} {state.label}") for state in State if found[state]]


def _reasons(counts: Mapping[tuple[str, str], int]) -> list[tuple[Any, int]]:
    """Return why something of theirs is not done, the most frequent reasons first."""
    found: Counter[str] = Counter()
    for (state, reason), count in counts.items():
        if state in OPEN and reason:
            found[reason] += count
    return [(text_of(reason), count) for reason, count in found.most_common(MOST_REASONS)]


def _label(state: str) -> object:
    return State(state).label if state in State.values else state
