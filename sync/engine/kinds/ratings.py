"""Ratings of films, seasons, shows and episodes; Trakt and Bangumi both count from 1 to 10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.engine.kinds.base import Leads, asked, skipped
from sync.engine.kinds.entry import Ask, Rank
from sync.matching.shows import MERGED
from sync.reasons import Reason
from trakt.rules import EpisodeRatings, Removed, ShowRating, Split

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sync.engine.kinds.base import Fact
    from sync.engine.kinds.where import Where
    from trakt.client import Trakt
    from trakt.rules import Rules
    from trakt.schemas import LastActivities, Page, RatingRow

RANKS = {"movie": Rank.OWN, "season": Rank.OWN, "show": Rank.SHOW, "episode": Rank.EPISODES}


class Ratings:
    name = "ratings"
    reopens_by_date = True

    def is_on(self, rules: Rules) -> bool:
        return rules.ratings

    def stamps(self, activities: LastActivities) -> tuple[datetime | None, ...]:
        groups = (activities.movies, activities.shows, activities.seasons, activities.episodes)
        return tuple(group.rated_at for group in groups)

    def lists(self, trakt: Trakt) -> Mapping[str, Callable[..., Awaitable[Page[Any]]]]:
        return {"": trakt.ratings_page}

    def tells(self, row: RatingRow) -> tuple[datetime | None, dict[str, Any]]:
        told = {"rating": row.rating}
        if row.season is not None and row.season.episode_count:
            told["_episodes"] = row.season.episode_count
        return row.rated_at, told

    def leads(self, fact: Fact, where: Where, rules: Rules) -> Leads:
        if not fact.told.get("rating"):
            return skipped(Reason.ZERO_RATING)
        match fact.media:
            case "movie":
                return Leads(where.film)
            case "show":
                return _show(fact, where, rules)
            case "episode":
                return _episode(fact, where, rules)
        return _season(fact.season or 0, fact, where, rules)

    def ask(self, fact: Fact, subject_id: int, where: Where, rules: Rules) -> Ask | None:  # noqa: ARG002  # the interface
        rank = RANKS[fact.media]
        if not fact.gone:
            return Ask(fact.item, fact.at, rate=int(fact.told.get("rating", 0)), rank=rank)
        return Ask(fact.item, fact.at, unrate=True) if rules.removed == Removed.TAKE_BACK else None


def _season(number: int, fact: Fact, where: Where, rules: Rules) -> Leads:
    if number < MERGED:
        return skipped(Reason.SPECIALS_AS_A_WHOLE)
    subjects = where.season(number, episodes=fact.told.get("_episodes", 0), by=fact.at)
    if not subjects:
        return asked(Reason.SEASON_UNKNOWN, where.candidates)
    if len(subjects) == 1 or rules.rating_split == Split.ALL:
        return Leads(subjects)
    if rules.rating_split == Split.FIRST:
        return Leads(subjects[:1])
    return asked(Reason.SEVERAL_SUBJECTS, subjects)


def _show(fact: Fact, where: Where, rules: Rules) -> Leads:
    if rules.rating_show == ShowRating.NEVER:
        return skipped(Reason.SHOW_RATING)
    if not where.whole:
        return asked(Reason.SEASON_UNKNOWN, where.candidates)
    if len(where.whole) == 1:
        return Leads(where.whole)
    if rules.rating_show == ShowRating.FIRST:
        return _season(min(where.seasons, default=0), fact, where, rules)
    if rules.rating_show == ShowRating.EVERY:
        begun = dict.fromkeys(s for number in where.seasons for s in where.season(number, by=fact.at))
        return Leads(tuple(begun) or where.whole[:1])
    return skipped(Reason.SHOW_RATING)


def _episode(fact: Fact, where: Where, rules: Rules) -> Leads:
    if rules.rating_episodes == EpisodeRatings.SKIP or not fact.season or fact.number is None:
        return skipped(Reason.EPISODE_RATING)
    subjects = where.episode(fact.season, fact.number)
    return Leads(subjects) if subjects else asked(Reason.SEASON_UNKNOWN, where.season(fact.season) or where.candidates)
