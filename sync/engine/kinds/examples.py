"""What each choice of a rule would make of one fact of the user's own: "your 8 for Frieren would become …".

Nothing is fetched: the ledger, what was planned before, and the cache tell, each looked at so far and no further.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sync.engine.kinds import KINDS
from sync.engine.kinds.entry import mean
from sync.engine.kinds.matching import Wheres, fact_of_row, leads_of, lists_of
from sync.engine.kinds.remembered import remembered
from trakt.rules import Collected, EpisodeRatings, Hidden, Rules, ShowRating, Split, Watchlisted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sync.engine.kinds.entry import Ask
    from sync.matching.index import Index
    from sync.models import SyncItem
    from trakt.models import TraktConfig

LOOKED_AT = 200
"""Facts that are tried before a rule goes without an example."""

RULES: dict[str, tuple[str, str, Sequence[Any]]] = {
    "ratings": ("ratings", "", (True, False)),
    "rating_split": ("ratings", "season:", Split.values),
    "rating_show": ("ratings", "show:", ShowRating.values),
    "rating_episodes": ("ratings", "episode:", EpisodeRatings.values),
    "collected": ("collection", "", Collected.values),
    "watchlisted": ("watchlist", "", Watchlisted.values),
    "hidden": ("hidden", "", Hidden.values),
}
"""The rules that decide where a fact goes and what it asks for: the kind of fact each is about, how the keys of such
facts begin, and the rule's choices."""


@dataclass(frozen=True, slots=True)
class Would:
    """What one choice makes of the fact: the subjects it goes to and what it asks of them, or why nothing.

    ``asked``: it is not left, but waits for the user to say which subject it is.
    """

    choice: Any
    subjects: tuple[int, ...] = ()
    ask: Ask | None = None
    reason: str = ""
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """``facts`` is what else is known and makes a difference, by name: Bangumi's rating, how many are rated."""

    item: SyncItem
    choices: tuple[Would, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


def examples(config: TraktConfig, index: Index) -> dict[str, Example]:
    """Return an example for each rule that something in the user's ledger is about."""
    found: dict[str, Example] = {}
    for rule in RULES:
        if example := next(_examples_of(config, index, rule), None):
            found[rule] = example
    if "rating_episodes" in found:
        found["rating_episodes"] = _with_mean(found["rating_episodes"], config, index)
        found["rating_episodes_least"] = replace(found["rating_episodes"], choices=())
    for memory in remembered(config, index):
        would = tuple(Would(choice, (memory.item.subject_id or 0,)) for choice in memory.choices)
        found[memory.rule] = Example(memory.item, would, memory.facts)
    return found


def _examples_of(config: TraktConfig, index: Index, rule: str) -> Iterator[Example]:
    kind, begins, choices = RULES[rule]
    rows = lists_of(config.user_id).filter(kind=kind, source_key__startswith=begins, gone_at=None, title__isnull=False)
    rows = rows.select_related("title").defer("evidence", "candidates")
    items = list(rows.order_by("-watched_at", "-pk")[:LOOKED_AT])
    wheres = Wheres.of(config.user_id, sorted({item.title_id for item in items}), index, config.threshold)
    for item in items:
        would = tuple(_would(item, wheres, config, rule, choice) for choice in choices)
        if len({(w.subjects, w.ask, w.reason) for w in would}) > 1:
            yield Example(item, would)


def _would(item: SyncItem, wheres: Wheres, config: TraktConfig, rule: str, choice: Any) -> Would:
    rules = replace(Rules.of(config), **{rule: choice})
    if not KINDS[item.kind].is_on(rules):
        return Would(choice)
    leads = leads_of(item, wheres, config.scope, rules)
    if not leads.subjects:
        return Would(choice, reason=leads.reason, asked=leads.asked)
    ask = KINDS[item.kind].ask(fact_of_row(item), leads.subjects[0], wheres.where(item), rules)
    return Would(choice, leads.subjects, ask)


def _with_mean(example: Example, config: TraktConfig, index: Index) -> Example:
    """Add how many episodes of the same subject are rated, and the mean of their ratings."""
    item = example.item
    subjects = next((w.subjects for w in example.choices if w.subjects), ())
    rows = lists_of(config.user_id).filter(kind=item.kind, title_id=item.title_id, season=item.season, gone_at=None)
    rated = list(rows.filter(source_key__startswith="episode:").defer("evidence", "candidates")[:LOOKED_AT])
    wheres = Wheres.of(config.user_id, [item.title_id], index, config.threshold)
    rules = replace(Rules.of(config), rating_episodes=EpisodeRatings.MEAN)
    same = [row for row in rated if leads_of(row, wheres, config.scope, rules).subjects == subjects]
    ratings = [row.told["rating"] for row in same if row.told.get("rating")]
    if not ratings:
        return example
    return replace(example, facts={"rated": len(ratings), "mean": mean(ratings), "least": config.rating_episodes_least})
