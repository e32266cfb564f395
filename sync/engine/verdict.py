"""How a run ended: a pure function of what it read and what became of it. Success is said only when it is proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.models import SyncItem, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bgmsync.shared.http import RemoteError

Status = SyncRun.Status
State = SyncItem.State

SETTLED = (State.DONE, State.ALREADY, State.SKIPPED, State.REVIEW)
"""States with which a run may call itself successful: nothing is owed any more, or the user was asked."""

STATUS_AFTER_STOP: dict[str, SyncRun.Status] = {
    Reason.CANCELLED: Status.CANCELLED,
    Reason.TIME_UP: Status.INCOMPLETE,
    Reason.UNDO_LEFT: Status.INCOMPLETE,
    Reason.INTERNAL: Status.INCOMPLETE,
}


@dataclass(frozen=True, slots=True)
class Ending:
    status: SyncRun.Status
    reason: str = ""
    detail: str = ""


def judge_run(  # noqa: PLR0913  # all that an ending depends on, each by its name
    *,
    states: Mapping[str, int],
    read: int,
    expected: int,
    error: RemoteError | None,
    stopped: str,
    dry_run: bool,
) -> Ending:
    """Return how the run ended.

    *states* counts the items that the run answers for by state, *read* how many they are, *expected* how many Trakt
    said there are. They must add up: an item that is in none of the settled states is owed.
    """
    if stopped:
        return Ending(STATUS_AFTER_STOP.get(stopped, Status.FAILED), stopped)
    if error is not None:
        return Ending(Status.FAILED if error.permanent else Status.DEFERRED, error.reason, error.detail)
    counted = sum(states.values())
    # Details are numbers alone: they read alike in every language.
    if read < expected:
        return Ending(Status.INCOMPLETE, Reason.COUNT_DIFFERS, f"{read} / {expected}")
    if counted != read:
        return Ending(Status.INCOMPLETE, Reason.COUNT_DIFFERS, f"{counted} / {read}")
    owed = counted - sum(states.get(state, 0) for state in SETTLED)
    if owed and not dry_run:
        return Ending(Status.INCOMPLETE, Reason.ITEMS_LEFT, f"{owed} / {counted}")
    return Ending(Status.SUCCEEDED)
