"""What one Bangumi user collected and marked, changed as the service changes it: read, wait, write back whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bgmsync.standins.world import BangumiUser, Collected, Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bgmsync.standins.clock import Clock

WISH = 1


@dataclass
class Shelf:
    user: BangumiUser
    clock: Clock
    timeline: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[int, Collected] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = {row.subject_id: row for row in self.user.collections}

    def with_changes(self, row: Collected, changes: Mapping[str, Any]) -> Collected:
        """Return what a collection row becomes; a wish loses its rating without a word."""
        changed = row.model_copy(update=dict(changes), deep=True)
        return changed.model_copy(update={"rate": 0}) if changed.type == WISH else changed

    def store_row(self, row: Collected) -> None:
        """Replace a collection row, keeping the episode states that are stored apart from it."""
        kept = self.rows.get(row.subject_id)
        marks = kept.marks if kept else row.marks
        self.rows[row.subject_id] = row.model_copy(update={"marks": marks, "updated_at": self.clock.now()})

    def store_marks(self, subject_id: int, marks: dict[int, Mark]) -> None:
        """Replace all episode states of a subject."""
        row = self.rows[subject_id]
        self.rows[subject_id] = row.model_copy(update={"marks": marks, "updated_at": self.clock.now()})

    def happened(self, kind: str, **details: Any) -> None:
        """Publish an event on the user's timeline."""
        self.timeline.append({"at": self.clock.timestamp(), "kind": kind, **details})


def marked(marks: Mapping[int, Mark], ids: Iterable[int], state: int, now: int) -> dict[int, Mark]:
    """Return the episode states after a batch, with the service's own bug.

    A state that is there already, and is not the asked one, stays as it is; only 0 takes it away.

    >>> marked({7: Mark(type=1)}, [7], 2, now=0)
    {7: Mark(type=1, updated_at=0)}
    """
    after = dict(marks)
    for episode_id in ids:
        if state == 0:
            after.pop(episode_id, None)
        elif episode_id not in after:
            after[episode_id] = Mark(type=state, updated_at=now)
    return after


def states(marks: Mapping[int, Mark]) -> dict[int, int]:
    return {episode_id: mark.type for episode_id, mark in marks.items()}
