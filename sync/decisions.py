"""What follows from a person's decision about a match: which items it is about, and what it will move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from sync.models import SyncItem

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from sync.models import MappingOverride

State = SyncItem.State


@dataclass(frozen=True, slots=True)
class Effect:
    """How many plays a decision is about, how many of them wait, and how many ticks of ours it may take back."""

    plays: int
    waiting: int
    ticked: int


def items_of(override: MappingOverride) -> QuerySet[SyncItem]:
    """Return the items that *override* decides: of its user, or of everybody."""
    rows = SyncItem.objects.filter(title__kind=override.kind, title__trakt_id=override.trakt_id)
    if override.user_id is not None:
        rows = rows.filter(user_id=override.user_id)
    if override.season is not None:
        rows = rows.filter(season=override.season)
    if override.first_episode is not None:
        rows = rows.filter(number__gte=override.first_episode)
    if override.last_episode is not None:
        rows = rows.filter(number__lte=override.last_episode)
    return rows


def effect_of(override: MappingOverride) -> Effect:
    """Say beforehand what *override* would do."""
    rows = items_of(override).order_by()
    elsewhere = ~Q(ticked_subject_id=override.subject_id) if override.subject_id else Q()
    return Effect(
        plays=rows.count(),
        waiting=rows.filter(state__in=(State.REVIEW, State.SKIPPED, *SyncItem.RETRIED)).count(),
        ticked=rows.filter(elsewhere, ticked_subject_id__isnull=False).count(),
    )


def reopen(override: MappingOverride) -> int:
    """Let the next run judge anew everything that *override* is about; return how many items that are.

    Where this program ticked them is remembered, so that wrong ticks are taken back.
    """
    rows = SyncItem.objects.filter(pk__in=items_of(override).values("pk"))
    return rows.update(
        state=State.NEW, reason="", detail="", subject_id=None, episode_id=None, position=None, next_try_at=None
    )
