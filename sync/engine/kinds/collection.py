"""What the user owns: Trakt's collection, which has nothing to do with Bangumi's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sync.engine.kinds.base import Leads, asked, skipped
from sync.engine.kinds.entry import Ask
from sync.matching.shows import MERGED
from sync.reasons import Reason
from trakt.rules import Collected, Removed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sync.engine.kinds.base import Fact
    from sync.engine.kinds.where import Where
    from trakt.client import Trakt
    from trakt.rules import Rules
    from trakt.schemas import CollectionRow, LastActivities, Page

OWNED = "owned"
"""The tag, as the issue of it names it; Bangumi allows no space in one."""


class Collection:
    name = "collection"
    reopens_by_date = False

    def is_on(self, rules: Rules) -> bool:
        return rules.collected != Collected.NOTHING

    def stamps(self, activities: LastActivities) -> tuple[datetime | None, ...]:
        return activities.movies.collected_at, activities.episodes.collected_at

    def lists(self, trakt: Trakt) -> Mapping[str, Callable[..., Awaitable[Page[Any]]]]:
        return {"": partial(trakt.collection_page, "movies"), "shows/": partial(trakt.collection_page, "shows")}

    def tells(self, row: CollectionRow) -> tuple[datetime | None, dict[str, Any]]:
        return row.collected_at, {} if row.type == "movie" else {"seasons": row.owned}

    def leads(self, fact: Fact, where: Where, rules: Rules) -> Leads:
        if rules.collected == Collected.NOTHING:
            return skipped(Reason.KIND_OFF)
        if fact.media == "movie":
            return Leads(where.film)
        owned = fact.told.get("seasons") or [(number, 0) for number in sorted(where.seasons)[:1]]
        regular = [(number, episodes) for number, episodes in owned if number >= MERGED]
        if owned and not regular:
            return skipped(Reason.SPECIALS_AS_A_WHOLE)
        subjects = dict.fromkeys(s for number, episodes in regular for s in where.season(number, episodes=episodes))
        return Leads(tuple(subjects)) if subjects else asked(Reason.SEASON_UNKNOWN, where.candidates)

    def ask(self, fact: Fact, subject_id: int, where: Where, rules: Rules) -> Ask | None:  # noqa: ARG002  # the interface
        if fact.gone:
            return Ask(fact.item, fact.at, untag=OWNED) if rules.removed == Removed.TAKE_BACK else None
        if rules.collected == Collected.TAG:
            return Ask(fact.item, fact.at, tag=OWNED)
        return Ask(fact.item, fact.at, wish=True)
