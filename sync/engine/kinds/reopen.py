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
FINAL = (Reason.UNDONE, Reason.DECLINED, Reason.IGNORED, Reason.LIST_SHRANK)
REOPENED_BY = {
    "scope": (Reason.LIVE_ACTION, Reason.NOT_ANIME),
    "since": (Reason.BEFORE_SINCE,),
    "threshold": (Reason.BELOW_THRESHOLD,),
}
"""What a setting that is no rule had left out is looked at again when it changes."""


def reopen_by_rules(run: SyncRun, config: TraktConfig) -> None:
    """Let the ledger's facts be judged by the rules as they are now, if they are others than at the last run."""
    rules = Rules.of(config)
    if is_reopened_by(rules, config):
        _reopen(run, config)
    if not run.dry_run and config.activities.get(RULES) != rules.as_data():
        config.activities = {**config.activities, RULES: rules.as_data()}
        TraktConfig.objects.filter(pk=config.pk).update(activities=config.activities)


def is_reopened_by(rules: Rules, config: TraktConfig) -> bool:
    """Tell whether the next run, by *rules*, would judge anew what was settled by those of the last run."""
    before = config.activities.get(RULES)
    return before is not None and before != rules.as_data()


def _reopen(run: SyncRun, config: TraktConfig) -> None:
    mine = SyncItem.objects.filter(user_id=run.user_id, state__in=PLAIN).exclude(reason__in=FINAL)
    again = {"state": State.NEW, "reason": "", "detail": "", "next_try_at": None, "run": run}
    mine.exclude(kind=SyncItem.Kind.HISTORY).filter(gone_at=None).update(**again)
    plays = mine.filter(kind=SyncItem.Kind.HISTORY)
    plays.filter(reason__in=freed_by(Rules.of(config))).update(**{**again, "state": State.MATCHED})


def freed_by(rules: Rules) -> list[Reason]:
    """Return for which reasons a play may have been left out that *rules* leave out no longer, or otherwise."""
    freed = []
    if rules.mark_private != PrivateMarks.ASK:
        freed.append(Reason.PRIVATE_ASKED)
    if rules.mark_private == PrivateMarks.ALLOW:
        freed.append(Reason.PRIVATE_SKIPPED)
    if rules.resumed != Resumed.SKIP:
        freed.append(Reason.HELD_BACK)
    if rules.adult:
        freed.append(Reason.ADULT)
    return freed
