"""What the rules asked to be read while they judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.matching.lines import Line


class Reading:
    """Gathers wants; nothing is read here."""

    def __init__(self) -> None:
        self.subjects: set[int] = set()
        self.seasons = False

    def lacks(self, lines: Iterable[Line]) -> bool:
        """Ask for the episode lists that were not read yet, and tell whether there are any."""
        missing = {line.subject_id for line in lines if not line.read}
        self.subjects |= missing
        return bool(missing)
