"""Let an item that stands for "this was watched" become the play it was, so that one fact is in the ledger once.

Trakt's export may tell that something was watched without telling the plays. Such an item is known by its place, and
when a play at that place comes along, from the API or from another archive, the item becomes that play.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.http import int_to_base36

from sync.models import SyncItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

State = SyncItem.State

AGGREGATE = "w-"
"""How the key of an item begins that stands for all plays at its place: no history id does."""

UNSURE = (State.REVIEW, *SyncItem.RETRIED)
"""States in which knowing more may lead further."""

FACTS = [
    "source_key",
    "number_abs",
    "episode_trakt_id",
    "episode_title",
    "first_aired",
    "runtime",
    "watched_at",
]


def aggregate_key(title_id: int, season: int | None = None, number: int | None = None) -> str:
    """Return the key of "this movie, or this episode of this show, was watched", by the title's primary key.

    It is always the same, at most 29 characters long, and so exact that no index has to be searched by a part of it.
    """
    parts = (part for part in (title_id, season, number) if part is not None)
    return AGGREGATE + "-".join(int_to_base36(part) for part in parts)


def adopt(plays: Sequence[SyncItem]) -> None:
    """Let items of the ledger that stand for some of *plays* (unsaved, of one user) become one of those each."""
    at: dict[str, list[SyncItem]] = {}
    for play in plays:
        if play.title_id:
            at.setdefault(aggregate_key(play.title_id, play.season, play.number), []).append(play)
    rows = list(_with_keys(plays, at))
    if not rows:
        return
    known = set(_with_keys(plays, [play.source_key for play in plays]).values_list("source_key", flat=True))
    adopted = []
    for row in rows:
        if new := [play for play in at[row.source_key] if play.source_key not in known]:
            _become(row, next((play for play in new if play.watched_at == row.watched_at), new[0]))
            adopted.append(row)
    SyncItem.objects.bulk_update(adopted, [*FACTS, "state", "reason", "detail", "next_try_at"], batch_size=100)


def _with_keys(plays: Sequence[SyncItem], keys: Iterable[str]) -> QuerySet[SyncItem]:
    # In no order: the default one lures SQLite away from the index of keys.
    users = {play.user_id for play in plays}
    rows = SyncItem.objects.filter(user_id__in=users, kind=SyncItem.Kind.HISTORY, source_key__in=list(keys))
    return rows.order_by()


def _become(row: SyncItem, play: SyncItem) -> None:
    for name in FACTS:
        setattr(row, name, getattr(play, name))
    if row.state in UNSURE:
        row.state, row.reason, row.detail, row.next_try_at = State.NEW, "", "", None
