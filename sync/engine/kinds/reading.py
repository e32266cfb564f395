"""Read the lists whose stamps moved, whole, and compare them with the ledger: what is new, changed, or gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from bgmsync.shared.http import RemoteError, together
from sync.engine import ledger
from sync.engine.kinds import KINDS
from sync.engine.kinds.removal import note_gone
from sync.engine.read import title_of
from sync.models import SyncItem
from sync.reasons import Reason
from trakt.models import Title, TraktConfig
from trakt.rules import Removed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from sync.engine.context import Context
    from sync.engine.kinds import Kind
    from sync.models import SyncRun
    from trakt.schemas import Page, RejectedRow

READS = 3
"""How often a list is read anew when its pages do not add up."""

State = SyncItem.State
READ_FIELDS = [
    "told",
    "watched_at",
    "state",
    "reason",
    "detail",
    "gone_at",
    "gone_reads",
    "run",
    "next_try_at",
    "updated_at",
]


@dataclass(slots=True)
class ListReading:
    """What was read of one kind."""

    kind: str
    stamps: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    said: dict[str, int] = field(default_factory=dict)
    """How many rows Trakt says each list has."""
    sent: dict[str, set[str]] = field(default_factory=dict)
    rejected: int = 0
    unsettled: bool = False
    """Something is missing that a second read must confirm, so the stamps are not believed yet."""
    asked: list[int] = field(default_factory=list)
    """Items that this read put into review, because too many of the list are missing."""
    error: RemoteError | None = None

    @property
    def expected(self) -> int:
        return sum(max(said, len(self.sent.get(name, ()))) for name, said in self.said.items())

    @property
    def is_complete(self) -> bool:
        return self.error is None and self.expected == len(self.keys)


async def read_kinds(ctx: Context, *, again: Collection[str] = ()) -> list[ListReading]:
    """Read every kind that this run is about and that moved, all at once; an error ends that kind alone.

    *again* names kinds that are read although they did not move.
    """
    try:
        activities = await ctx.activities()
    except RemoteError:
        return []  # the history, which asks the same, tells of it
    moved = []
    for kind in KINDS.values():
        stamps = [moment.isoformat() if moment else "" for moment in kind.stamps(activities)]
        is_due = ctx.run.full or kind.name in again or stamps != ctx.config.activities.get(kind.name)
        if is_due and ctx.reads(kind.name):
            moved.append((kind, ListReading(kind.name, stamps)))
    await together(_read_kind(ctx, kind, reading) for kind, reading in moved)
    return [reading for _kind, reading in moved]


async def move_cursors(config: TraktConfig, readings: Sequence[ListReading]) -> None:
    """Remember what was read whole. What must be confirmed by a second read is read again."""
    read = {r.kind: r.stamps for r in readings if r.is_complete and not r.unsettled}
    if read:
        config.activities = {**config.activities, **read}
        await TraktConfig.objects.filter(pk=config.pk).aupdate(activities=config.activities)


async def _read_kind(ctx: Context, kind: Kind, reading: ListReading) -> None:
    try:
        for _attempt in range(READS):
            await together(_read_list(ctx, kind, reading, *one) for one in kind.lists(ctx.trakt).items())
            if reading.is_complete:
                break
            counts = {"read": len(reading.keys), "expected": reading.expected, "kind": kind.name}
            await ctx.log("Trakt sent %(read)s of %(expected)s rows of %(kind)s.", "warning", **counts)
    except RemoteError as error:
        reading.error = error
        return
    if reading.is_complete and not reading.rejected:
        take_back = ctx.config.removed == Removed.TAKE_BACK
        gone = await sync_to_async(note_gone)(ctx.run, kind.name, reading.keys, take_back=take_back)
        reading.unsettled, reading.asked = gone.unsettled, gone.asked


async def _read_list(
    ctx: Context, kind: Kind, reading: ListReading, prefix: str, read_page: Callable[..., Awaitable[Page[Any]]]
) -> None:
    """Read and store all pages of one list. Its rows are told by what they are about, so that none counts twice."""
    sent = reading.sent[prefix] = set()
    reading.said[prefix] = 0

    async def take(page: Page[Any]) -> None:
        # A list that is not paged says nothing of its length, and is what it is.
        reading.said[prefix] = max(reading.said[prefix], page.item_count or 0)
        keys = await sync_to_async(_store_page)(ctx.run, kind, prefix, page)
        reading.rejected += len(page.rejected)
        sent.update(keys)
        reading.keys |= keys
        ctx.run.step += 1

    async def read_one(number: int) -> None:
        ctx.check()
        await take(await read_page(number, limit=first.limit))

    first = await read_page(1)
    await take(first)
    await together((read_one(number) for number in range(2, first.page_count + 1)), at_once=settings.IN_FLIGHT)


def _store_page(run: SyncRun, kind: Kind, prefix: str, page: Page[Any]) -> set[str]:
    titles = ledger.store_titles(titles_of(page.rows))
    items = [item_of(run, kind, prefix, row, titles) for row in page.rows]
    items += [_unreadable(run, kind, f"?{prefix}{page.page}-{row.row_index}", row) for row in page.rejected]
    unique = {item.source_key: item for item in items}
    store_items(kind, unique)
    return set(unique)


def titles_of(rows: Sequence[Any]) -> list[Title]:
    found = {}
    for row in rows:
        title = title_of(row.movie, Title.Kind.MOVIE) if row.type == "movie" else title_of(row.show, Title.Kind.SHOW)
        found[title.kind, title.trakt_id] = title
    return list(found.values())


def key_of(row: Any) -> str:
    """Name what a row is about, in Trakt's ids."""
    match row.type:
        case "movie":
            return f"movie:{row.movie.ids.trakt}"
        case "show":
            return f"show:{row.show.ids.trakt}"
        case "season":
            return f"season:{row.show.ids.trakt}:{row.season.number}"
    return f"episode:{row.episode.ids.trakt}"


def item_of(run: SyncRun, kind: Kind, prefix: str, row: Any, titles: dict[tuple[str, int], int]) -> SyncItem:
    at, told = kind.tells(row)
    work = row.movie if row.type == "movie" else row.show
    item = SyncItem(
        user_id=run.user_id,
        kind=kind.name,
        source_key=prefix + key_of(row),
        title_id=titles[Title.Kind.MOVIE if row.type == "movie" else Title.Kind.SHOW, work.ids.trakt],
        watched_at=at,
        told=told,
        run=run,
    )
    if row.type == "season":
        item.season = row.season.number
    elif row.type == "episode":
        item.season, item.number = row.episode.season, row.episode.number
        item.episode_trakt_id = row.episode.ids.trakt
        item.episode_title = row.episode.title[:300]
        item.first_aired = row.episode.first_aired
    return item


def _unreadable(run: SyncRun, kind: Kind, key: str, row: RejectedRow) -> SyncItem:
    """Keep a row that could not be understood, so that it is counted and shown."""
    return SyncItem(
        user_id=run.user_id,
        kind=kind.name,
        source_key=key,
        reason=Reason.UNREADABLE_ROW,
        detail=row.why[:300],
        run=run,
    )


def store_items(kind: Kind, items: dict[str, SyncItem]) -> None:
    """Insert what is new, and let what changed, or came back, be judged anew."""
    if not items:
        return
    user_id = next(iter(items.values())).user_id
    mine = SyncItem.objects.filter(user_id=user_id, kind=kind.name)
    known = {
        row.source_key: row
        for part in ledger.chunks(list(items))
        for row in mine.filter(source_key__in=part).defer("evidence", "candidates")
    }
    changed = []
    for key, row in known.items():
        seen = items[key]
        redated = seen.watched_at != row.watched_at and kind.reopens_by_date
        if _said(seen) != _said(row) or redated or row.gone_at is not None:
            row.state, row.reason, row.detail, row.next_try_at = State.NEW, seen.reason, seen.detail, None
        elif seen.watched_at == row.watched_at and not row.gone_reads:
            continue
        row.told, row.watched_at, row.run = seen.told, seen.watched_at, seen.run
        row.gone_at, row.gone_reads, row.updated_at = None, 0, timezone.now()
        changed.append(row)
    with transaction.atomic():
        new = [item for key, item in items.items() if key not in known]
        SyncItem.objects.bulk_create(new, ignore_conflicts=True)
        SyncItem.objects.bulk_update(changed, READ_FIELDS, batch_size=50)


def _said(item: SyncItem) -> dict[str, Any]:
    return {name: value for name, value in item.told.items() if not name.startswith("_")}
