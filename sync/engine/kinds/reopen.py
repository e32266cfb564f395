"""A rule that was changed speaks of what is known already: then the facts are judged anew, without reading Trakt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.models import SyncItem
from sync.reasons import Reason
from trakt.models import TraktConfig
from trakt.rules import PrivateMarks, Resumed, Rules

if TYPE_CHECKING:
    from sync.models import SyncRun

State = SyncItem.State
RULES = "rules"
"""Where the rules of the last run are kept, beside Trakt's stamps."""

PLAIN = (State.DONE, State.ALREADY, State.SKIPPED, State.REVIEW)
FINAL = (Reason.UNDONE, Reason.IGNORED, Reason.LIST_SHRANK)


def reopen_by_rules(run: SyncRun, config: TraktConfig) -> None:
    """Let the ledger's facts be judged by the rules as they are now, if they are others than at the last run."""
    now = Rules.of(config).as_data()
    before = config.activities.get(RULES)
    if before == now:
        return
    if before is not None:
        _reopen(run, config)
    if not run.dry_run:
        config.activities = {**config.activities, RULES: now}
        TraktConfig.objects.filter(pk=config.pk).update(activities=config.activities)


def _reopen(run: SyncRun, config: TraktConfig) -> None:
    mine = SyncItem.objects.filter(user_id=run.user_id, state__in=PLAIN).exclude(reason__in=FINAL)
    again = {"state": State.NEW, "reason": "", "detail": "", "next_try_at": None, "run": run}
    mine.exclude(kind=SyncItem.Kind.HISTORY).filter(gone_at=None).update(**again)
    plays = mine.filter(kind=SyncItem.Kind.HISTORY)
    matched = {**again, "state": State.MATCHED}
    if config.mark_private != PrivateMarks.ASK:
        plays.filter(reason=Reason.PRIVATE_ASKED).update(**matched)
    if config.mark_private == PrivateMarks.ALLOW:
        plays.filter(reason=Reason.PRIVATE_SKIPPED).update(**matched)
    if config.resumed != Resumed.SKIP:
        plays.filter(reason=Reason.HELD_BACK).update(**matched)
    if config.adult:
        plays.filter(reason=Reason.ADULT).update(**matched)
