"""What the user means to watch. What leaves the watchlist was watched, or not: that tells nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.engine.kinds.base import Leads, asked, skipped
from sync.engine.kinds.entry import Ask
from sync.matching.shows import MERGED
from sync.reasons import Reason
from trakt.rules import Watchlisted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sync.engine.kinds.base import Fact
    from sync.engine.kinds.where import Where
    from trakt.client import Trakt
    from trakt.rules import Rules
    from trakt.schemas import LastActivities, Page, WatchlistRow


class Watchlist:
    name = "watchlist"
    reopens_by_date = False

    def is_on(self, rules: Rules) -> bool:
        return rules.watchlisted != Watchlisted.NOTHING

    def stamps(self, activities: LastActivities) -> tuple[datetime | None, ...]:
        return (activities.watchlist.updated_at,)

    def lists(self, trakt: Trakt) -> Mapping[str, Callable[..., Awaitable[Page[Any]]]]:
        return {"": trakt.watchlist_page}

    def tells(self, row: WatchlistRow) -> tuple[datetime | None, dict[str, Any]]:
        return row.listed_at, {}

    def leads(self, fact: Fact, where: Where, rules: Rules) -> Leads:
        """Lead a show to its first subject: that is what one begins with."""
        if rules.watchlisted == Watchlisted.NOTHING:
            return skipped(Reason.KIND_OFF)
        if fact.media == "movie":
            return Leads(where.film)
        if fact.media != "show" and (fact.season or 0) < MERGED:
            return skipped(Reason.SPECIALS_AS_A_WHOLE)
        if fact.media == "show":
            subjects = where.whole[:1]
        elif fact.media == "episode":
            subjects = where.episode(fact.season or 0, fact.number or 0)
        else:
            subjects = where.season(fact.season or 0)
        return Leads(subjects) if subjects else asked(Reason.SEASON_UNKNOWN, where.candidates)

    def ask(self, fact: Fact, subject_id: int, where: Where, rules: Rules) -> Ask | None:  # noqa: ARG002  # the interface
        return None if fact.gone else Ask(fact.item, fact.at, wish=True)
