"""Complete items that were stored before all was known of them, so that one fact never stands in the ledger twice.

Trakt's export may tell that something was watched without telling the plays. Such an item is known by its place, and
when a play at that place comes along, from the API or another archive, the item becomes that play. So does an item
whose row could not be read, when the same row comes in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.http import int_to_base36

from sync.models import SyncItem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import QuerySet

State = SyncItem.State

AGGREGATE = "w-"
"""How the key of an item begins that stands for all plays at its place: no history id does."""

UNSURE = (State.REVIEW, *SyncItem.RETRIED)
"""States in which knowing more may lead further."""

FACTS = [
    "source_key",
    "title",
    "season",
    "number",
    "number_abs",
    "episode_trakt_id",
    "episode_title",
    "first_aired",
    "runtime",
    "watched_at",
]

Place = tuple[int | None, int | None, int | None]


def aggregate_key(trakt_id: int, season: int | None = None, number: int | None = None) -> str:
    """Return the key of "this movie, or this episode of this show, was watched": always the same, at most 28 long."""
    parts = (part for part in (trakt_id, season, number) if part is not None)
    return AGGREGATE + "-".join(int_to_base36(part) for part in parts)


def adopt(plays: Sequence[SyncItem]) -> None:
    """Let items of the ledger that stand for some of *plays* (unsaved, of one user) become those plays."""
    pairs = [*_unread(plays), *_aggregates(plays)]
    for row, play in pairs:
        _become(row, play)
    completed = [row for row, _play in pairs]
    SyncItem.objects.bulk_update(completed, [*FACTS, "state", "reason", "detail", "next_try_at"], batch_size=100)


def _unread(plays: Sequence[SyncItem]) -> Iterator[tuple[SyncItem, SyncItem]]:
    """Yield the items whose rows could not be read, each with its play."""
    readable = {play.source_key: play for play in plays if play.title_id}
    for row in _ledger(plays).filter(source_key__in=readable, title=None):
        yield row, readable[row.source_key]


def _aggregates(plays: Sequence[SyncItem]) -> Iterator[tuple[SyncItem, SyncItem]]:
    """Yield the items that stand for all plays at a place, each with one of them that is new: the same time's, if any."""
    titles = {play.title_id for play in plays if play.title_id}
    rows = list(_ledger(plays).filter(source_key__startswith=AGGREGATE, title_id__in=titles))
    if not rows:
        return
    keys = [play.source_key for play in plays]
    known = set(_ledger(plays).filter(source_key__in=keys).values_list("source_key", flat=True))
    at: dict[Place, list[SyncItem]] = {}
    for play in plays:
        if play.source_key not in known:
            at.setdefault(_place(play), []).append(play)
    for row in rows:
        if there := at.get(_place(row)):
            yield row, next((play for play in there if play.watched_at == row.watched_at), there[0])


def _ledger(plays: Sequence[SyncItem]) -> QuerySet[SyncItem]:
    users = {play.user_id for play in plays}
    return SyncItem.objects.filter(user_id__in=users, kind=SyncItem.Kind.HISTORY)


def _place(item: SyncItem) -> Place:
    return item.title_id, item.season, item.number


def _become(row: SyncItem, play: SyncItem) -> None:
    for name in FACTS:
        setattr(row, name, getattr(play, name))
    if row.state in UNSURE:
        row.state, row.reason, row.detail, row.next_try_at = State.NEW, "", "", None
