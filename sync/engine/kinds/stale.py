"""Ratings and tags that went to a wrong subject, before a person said which is the right one."""

from __future__ import annotations

from sync.engine.kinds.asking import STANDING
from sync.engine.kinds.collection import OWNED
from sync.engine.kinds.matching import lists_of
from sync.engine.restore import Restore
from sync.models import SyncItem, Written

State = SyncItem.State
SPEAKING = (State.NEW, State.MATCHED, State.PLANNED, *STANDING)
"""States in which another fact may speak for what was written."""


def stale_facts(user_id: int) -> dict[int, Restore]:
    """Return, by subject, what is to be taken back there: as far as we wrote it and no other fact speaks for it."""
    stale = {item.pk: item for item in _stale(user_id)}
    subjects = {subject for item in stale.values() for subject in item.stale}
    if not subjects:
        return {}
    kept = _spoken_for(user_id, subjects)
    restores = {}
    for row in Written.objects.filter(user_id=user_id, subject_id__in=subjects):
        kinds = {item.kind for item in stale.values() if row.subject_id in item.stale} - kept.get(row.subject_id, set())
        restore = Restore()
        if SyncItem.Kind.RATINGS in kinds and row.rate:
            restore.rate_ours = frozenset({row.rate})
        if SyncItem.Kind.COLLECTION in kinds and OWNED in row.tags:
            restore.tags_given = {OWNED}
        if restore.rate_ours or restore.tags_given:
            restores[row.subject_id] = restore
    return restores


def _stale(user_id: int) -> list[SyncItem]:
    return list(lists_of(user_id).exclude(stale=[]).only("pk", "kind", "stale"))


def _spoken_for(user_id: int, subjects: set[int]) -> dict[int, set[str]]:
    """Return the kinds of the facts that are about each of *subjects* now."""
    kept: dict[int, set[str]] = {}
    rows = lists_of(user_id).filter(state__in=SPEAKING, gone_at=None).values_list("kind", "targets")
    for kind, targets in rows.iterator():
        for subject in subjects.intersection(targets):
            kept.setdefault(subject, set()).add(kind)
    return kept


def forget_stale(user_id: int) -> None:
    """Forget where the facts were written: that is taken back, or is the user's own by now."""
    lists_of(user_id).exclude(stale=[]).update(stale=[])
