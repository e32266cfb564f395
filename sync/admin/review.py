"""What waits for a person, by show and season: how much, why, and which subjects it might be. Never one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, F, Min, Window
from django.db.models.functions import RowNumber

from sync.admin import looks
from sync.admin.evidence import Sentence, sentences
from sync.admin.remedies import remedy_of
from sync.admin.subjects import Card, cards_of
from sync.decisions import Answer, Scope, extent_of
from sync.models import SyncItem
from sync.reasons import Remedy, Text, text_of
from trakt.models import Title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bgmsync.shared.html import Look
    from sync.admin.remedies import Button

GROUPS = 10
"""Groups on a page."""
PICKED = (1, 2, 3, 5, 8, 12, 13, 14, 20, 24, 25, 26, 38, 50, 75, 100, 200, 500, 1000, 2000)
"""Which items of a group are looked at for candidates: dense where cours begin, and few of a long season."""
MOST_NUMBERS = 5_000
"""Different episodes of one page that are counted out."""
MOST_CANDIDATES = 6

Key = tuple[int, int | None]
"""A title and a season of it."""


class Why(NamedTuple):
    """A reason that items of a group wait for, and what helps where an answer does not."""

    items: int
    text: Text
    remedy: Button | None


class Place(NamedTuple):
    """Where one item would be in a candidate."""

    item: SyncItem
    position: int | None
    episode_id: int | None


@dataclass(slots=True)
class Option:
    """A subject that items of a group might be."""

    card: Card
    confidence: int
    named: int
    """By how many of the items that were looked at."""
    firsts: int
    """For how many of them it was the likeliest."""
    best: Place
    """The item that it fits best; an answer counts from there."""
    sentences: list[Sentence]
    positions: str = ""

    @property
    def covers(self) -> str:
        """The episodes of Trakt's season that the subject covers, empty where nothing tells."""
        if self.best.position is None or self.best.item.season is None:
            return ""
        answer = Answer(self.card.id, self.best.position, scope=Scope.RANGE)
        extent = extent_of(self.best.item, answer, self.card.episodes)
        last = extent["last_episode"]
        return span(extent["first_episode"] or 0, last)

    @property
    def shift(self) -> bool:
        """Whether the season's numbers are not the subject's."""
        return self.best.position is not None and self.best.position != self.best.item.number

    def is_where(self, item: SyncItem) -> bool:
        """Tell whether *item* is there already."""
        return (self.card.id, self.best.position) == (item.subject_id, item.position)

    @property
    def label(self) -> object:
        return looks.CONFIDENCES[self.confidence]

    @property
    def look(self) -> Look:
        return looks.CONFIDENCE_LOOKS[self.confidence]


@dataclass(slots=True)
class Group:
    title: Title
    season: int | None
    items: int
    item: int
    """Key of one of its items: answers are about it and what belongs to it."""
    first: int | None = None
    """Number of that item."""
    episodes: str = ""
    reasons: list[Why] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)

    @property
    def is_special(self) -> bool:
        return self.season == 0

    @property
    def is_single(self) -> bool:
        """Whether it is about one thing, so that season and episode are the same."""
        return self.season is None


def waiting_groups(user: Any) -> Any:
    """Return the groups of *user* as rows of title, season and count, the largest first."""
    rows = SyncItem.objects.filter(user=user, state=SyncItem.State.REVIEW, title__isnull=False)
    return rows.order_by().values("title_id", "season").annotate(n=Count("pk")).order_by("-n", "title_id", "season")


def filled(user: Any, rows: Sequence[Mapping[str, Any]]) -> list[Group]:
    """Return the groups of a page with all that is shown of them. Six queries, however many items wait."""
    keys: list[Key] = [(row["title_id"], row["season"]) for row in rows]
    mine = SyncItem.objects.filter(user=user, state=SyncItem.State.REVIEW, title_id__in={title for title, _s in keys})
    titles = Title.objects.defer("seasons").in_bulk({title for title, _season in keys})
    numbers = _numbers(mine)
    reasons = _reasons(mine)
    picked = _picked(mine, titles)
    cards = cards_of(c["subject_id"] for items in picked.values() for item in items for c in item.candidates)
    groups = []
    for key, row in zip(keys, rows, strict=True):
        items = picked.get(key) or []
        if not items:
            continue  # decided on another page in this very moment
        groups.append(
            Group(
                title=titles[key[0]],
                season=key[1],
                items=row["n"],
                item=items[0].pk,
                first=items[0].number,
                episodes=spans(numbers.get(key, ())),
                reasons=reasons.get(key, []),
                options=options_of(items, cards),
            )
        )
    return groups


def _numbers(mine: Any) -> dict[Key, list[int]]:
    found: defaultdict[Key, list[int]] = defaultdict(list)
    rows = mine.filter(number__isnull=False).values_list("title_id", "season", "number").order_by().distinct()
    for title, season, number in rows[:MOST_NUMBERS]:
        found[title, season].append(number)
    return found


def _reasons(mine: Any) -> dict[Key, list[Why]]:
    found: defaultdict[Key, list[Why]] = defaultdict(list)
    rows = mine.order_by().values_list("title_id", "season", "reason").annotate(n=Count("pk"))
    for title, season, reason, count in sorted(rows, key=lambda row: -row[3]):
        text = text_of(reason)
        remedy = None if text.remedy == Remedy.MAP else remedy_of(reason)
        found[title, season].append(Why(count, text, remedy))
    return found


def _picked(mine: Any, titles: Mapping[int, Title]) -> dict[Key, list[SyncItem]]:
    """Return a few items of each group, one an episode, spread over it, in the order of their numbers."""
    firsts = mine.order_by().values("title_id", "season", "number").annotate(key=Min("pk"))
    place = Window(RowNumber(), partition_by=[F("title_id"), F("season")], order_by=F("number").asc())
    keys = [row["key"] for row in firsts.annotate(place=place).filter(place__in=PICKED)]
    found: defaultdict[Key, list[SyncItem]] = defaultdict(list)
    rows = SyncItem.objects.filter(pk__in=keys).only(
        "title_id", "season", "number", "kind", "candidates", "subject_id", "user_id"
    )
    for item in rows.order_by("number", "pk"):
        item.title = titles.get(item.title_id or 0)
        found[item.title_id or 0, item.season].append(item)
    return found


def options_of(items: Iterable[SyncItem], cards: Mapping[int, Card]) -> list[Option]:
    """Rank the candidates of *items* over all of them: the surest first, then those that most of them name first."""
    named: defaultdict[int, list[tuple[SyncItem, int, dict[str, Any]]]] = defaultdict(list)
    for item in items:
        for rank, candidate in enumerate(item.candidates):
            named[candidate["subject_id"]].append((item, rank, candidate))
    options = [_option(cards[subject], found) for subject, found in named.items()]
    options.sort(key=lambda option: (-option.confidence, -option.firsts, -option.named, option.card.id))
    return options[:MOST_CANDIDATES]


def _option(card: Card, found: Sequence[tuple[SyncItem, int, dict[str, Any]]]) -> Option:
    item, _rank, best = min(found, key=lambda one: (-one[2].get("confidence", 0), one[1]))
    offsets = Counter(c["position"] - (i.number or 0) for i, _r, c in found if c.get("position"))
    positions = ""
    if offsets and len(offsets) == 1:
        numbers = sorted({i.number or 0 for i, _r, c in found if c.get("position")})
        shift = next(iter(offsets))
        positions = spans([number + shift for number in numbers]) if len(numbers) > 1 else ""
    return Option(
        card=card,
        confidence=best.get("confidence", 0),
        named=len({i.pk for i, _r, _c in found}),
        firsts=sum(rank == 0 for _i, rank, _c in found),
        best=Place(item, best.get("position"), best.get("episode_id")),
        sentences=sentences(best.get("evidence", ())),
        positions=positions,
    )


def span(first: int, last: int | None) -> str:
    """Write a range; a *last* of None is "to the end"."""
    return str(first) if first == last else f"{first}–{'…' if last is None else last}"


def spans(numbers: Iterable[int]) -> str:
    """Write numbers as a person does: 1–12, 14."""
    ordered = sorted(set(numbers))
    starts = ordered[:1] + [b for a, b in pairwise(ordered) if b != a + 1]
    ends = [a for a, b in pairwise(ordered) if b != a + 1] + ordered[-1:]
    return ", ".join(span(first, last) for first, last in zip(starts, ends, strict=True))
