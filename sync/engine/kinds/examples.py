"""What each choice of a rule would make of one fact of the user's own: "your 8 for Frieren would become …"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sync.engine import ledger
from sync.engine.kinds import KINDS
from sync.engine.kinds.matching import Wheres, fact_of_row, leads_of, lists_of
from trakt.rules import Collected, EpisodeRatings, Hidden, Rules, ShowRating, Split, Watchlisted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.engine.kinds.entry import Ask
    from sync.matching.index import Index
    from sync.models import SyncItem
    from trakt.models import TraktConfig

LOOKED_AT = 500
"""Facts that are tried before a rule goes without an example."""

RULES: dict[str, tuple[str, Sequence[str]]] = {
    "rating_split": ("ratings", Split.values),
    "rating_show": ("ratings", ShowRating.values),
    "rating_episodes": ("ratings", EpisodeRatings.values),
    "collected": ("collection", Collected.values),
    "watchlisted": ("watchlist", Watchlisted.values),
    "hidden": ("hidden", Hidden.values),
}
"""The rules that decide where a fact goes and what it asks for: the kind of fact each is about, and its choices."""


@dataclass(frozen=True, slots=True)
class Would:
    """What one choice makes of the fact: the subjects it goes to and what it asks of them, or why nothing."""

    choice: str
    subjects: tuple[int, ...] = ()
    ask: Ask | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    item: SyncItem
    choices: tuple[Would, ...]


def examples(config: TraktConfig, index: Index) -> dict[str, Example]:
    """Return an example for each rule whose choices make a difference to something in the user's ledger."""
    found: dict[str, Example] = {}
    for rule in RULES:
        if example := next(_examples_of(config, index, rule), None):
            found[rule] = example
    return found


def _examples_of(config: TraktConfig, index: Index, rule: str) -> Iterator[Example]:
    kind, choices = RULES[rule]
    rows = lists_of(config.user_id).filter(kind=kind, gone_at=None).exclude(title=None).select_related("title")
    items = list(rows.defer("evidence", "candidates").order_by("-watched_at", "-pk")[:LOOKED_AT])
    for part in ledger.chunks(items, 50):
        titles = sorted({item.title_id for item in part if item.title_id})
        wheres = Wheres.of(config.user_id, titles, index, config.threshold)
        for item in part:
            would = tuple(_would(item, wheres, config, rule, choice) for choice in choices)
            if len({(w.subjects, w.ask, w.reason) for w in would}) > 1:
                yield Example(item, would)


def _would(item: SyncItem, wheres: Wheres, config: TraktConfig, rule: str, choice: str) -> Would:
    rules = replace(Rules.of(config), **{rule: choice})
    leads = leads_of(item, wheres, config.scope, rules)
    if not leads.subjects:
        return Would(choice, reason=leads.reason)
    ask = KINDS[item.kind].ask(fact_of_row(item), leads.subjects[0], wheres.where(item), rules)
    return Would(choice, leads.subjects, ask)
