"""A person's answer to a review: the override that it makes, and the items that are looked at again for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from sync import runs
from sync.matching.facts import MAIN_EPISODE
from sync.models import MappingOverride, Subject, SyncItem, SyncRun
from trakt.models import Title

if TYPE_CHECKING:
    from typing import Any

State = SyncItem.State


def decide(  # noqa: PLR0913  # an answer has these parts, each by its name
    item: SyncItem,
    *,
    subject_id: int | None,
    position: int | None = None,
    episode_id: int | None = None,
    only_this: bool = False,
    note: str = "",
) -> tuple[MappingOverride, SyncRun]:
    """Keep that *item* is *subject_id* at *position* (or to be left out), and start a run that acts on it.

    Unless *only_this*, the answer holds for all episodes of the season that the subject covers in the same order.
    """
    if item.title is None:
        raise ValueError("An item without a title can't be mapped.")
    scope = _scope(item, subject_id, position, only_this=only_this or episode_id is not None)
    target = {
        "subject_id": subject_id,
        "first_position": scope.pop("first_position"),
        "episode_id": episode_id,
        "note": note,
    }
    with transaction.atomic():
        key = {"user_id": item.user_id, "kind": item.title.kind, "trakt_id": item.title.trakt_id, **scope}
        override, _made = MappingOverride.objects.update_or_create(defaults=target, **key)
        _reopen(item, override)
        run, _new = runs.request(item.user, SyncRun.Trigger.RETRY, only_retry=True)
    return override, run


def _scope(item: SyncItem, subject_id: int | None, position: int | None, *, only_this: bool) -> dict[str, Any]:
    """Return the season and the episodes that the answer is about, and the position of the first of them."""
    if item.season is None:
        return {"season": None, "first_episode": None, "last_episode": None, "first_position": position or 1}
    number = item.number or 0
    if only_this:
        return {
            "season": item.season,
            "first_episode": number,
            "last_episode": number,
            "first_position": position or 1,
        }
    if subject_id is None or position is None:
        return {"season": item.season, "first_episode": None, "last_episode": None, "first_position": 1}
    first = max(number - position + 1, 1)
    length = _main_episodes(subject_id)
    last = number + length - position if length >= position else None
    return {
        "season": item.season,
        "first_episode": first,
        "last_episode": last,
        "first_position": position - (number - first),
    }


def _main_episodes(subject_id: int) -> int:
    """Return how many main episodes the subject is known to have; 0 when nobody has read it."""
    subject = Subject.objects.filter(pk=subject_id).first()
    return sum(1 for row in (subject.episodes or ()) if row[1] == MAIN_EPISODE) if subject else 0


def _reopen(item: SyncItem, override: MappingOverride) -> None:
    """Let the run look again at the item, and at those of the same range that nothing was written for."""
    open_ones = SyncItem.objects.filter(
        user_id=item.user_id, title=item.title, state__in=(State.REVIEW, State.SKIPPED, *SyncItem.RETRIED)
    )
    if override.season is not None:
        open_ones = open_ones.filter(season=override.season)
    if override.first_episode is not None:
        open_ones = open_ones.filter(number__gte=override.first_episode)
    if override.last_episode is not None:
        open_ones = open_ones.filter(number__lte=override.last_episode)
    rows = open_ones | SyncItem.objects.filter(pk=item.pk)
    rows.update(state=State.NEW, reason="", detail="", subject_id=None, episode_id=None, position=None)


def can_be_mapped(item: SyncItem) -> bool:
    return item.title is not None and item.title.kind in Title.Kind.values
