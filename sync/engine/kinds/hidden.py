"""What the user dropped on Trakt, or hid from their progress there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sync.engine.kinds.base import Leads, asked, skipped
from sync.engine.kinds.entry import Ask
from sync.matching.shows import MERGED
from sync.reasons import Reason
from trakt.rules import Hidden as Rule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sync.engine.kinds.base import Fact
    from sync.engine.kinds.where import Where
    from trakt.client import Trakt
    from trakt.rules import Rules
    from trakt.schemas import HiddenRow, LastActivities, Page


class Hidden:
    name = "hidden"
    reopens_by_date = True

    def is_on(self, rules: Rules) -> bool:
        return rules.hidden != Rule.NOTHING

    def stamps(self, activities: LastActivities) -> tuple[datetime | None, ...]:
        shows = activities.shows
        return shows.dropped_at, shows.hidden_at, activities.seasons.hidden_at, activities.movies.hidden_at

    def lists(self, trakt: Trakt) -> Mapping[str, Callable[..., Awaitable[Page[Any]]]]:
        return {
            "dropped/": partial(trakt.hidden_page, "dropped"),
            "hidden/": partial(trakt.hidden_page, "progress_watched"),
        }

    def tells(self, row: HiddenRow) -> tuple[datetime | None, dict[str, Any]]:
        return row.hidden_at, {}

    def leads(self, fact: Fact, where: Where, rules: Rules) -> Leads:
        if rules.hidden == Rule.NOTHING:
            return skipped(Reason.KIND_OFF)
        if fact.media == "movie":
            return Leads(where.film)
        if fact.media == "show":
            subjects = tuple(dict.fromkeys([*where.begun, *where.whole]))
        elif (fact.season or 0) < MERGED:
            return skipped(Reason.SPECIALS_AS_A_WHOLE)
        else:
            subjects = where.season(fact.season or 0)
        return Leads(subjects) if subjects else asked(Reason.SEASON_UNKNOWN, where.candidates)

    def ask(self, fact: Fact, subject_id: int, where: Where, rules: Rules) -> Ask | None:  # noqa: ARG002  # the interface
        """Drop what was begun; of a show's other subjects only those that the user's list says are being watched."""
        if fact.gone:
            return None
        return Ask(fact.item, fact.at, drop=True, if_begun=fact.media == "show" and subject_id not in where.begun)
