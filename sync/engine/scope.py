"""What the user's settings leave out because of what kind of work it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.matching.kinds import kind_of
from sync.reasons import Reason
from trakt.models import Scope

if TYPE_CHECKING:
    from sync.matching.facts import Work
    from sync.matching.index import Index

OUTSIDE = {"live_action": Reason.LIVE_ACTION, "animation": Reason.NOT_ANIME}


def out_of_scope(scope: str, work: Work, index: Index) -> Reason | None:
    """Return why *work* is left out, or None when it is not."""
    return OUTSIDE.get(kind_of(work, index).name) if scope == Scope.ANIME else None
