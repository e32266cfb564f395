"""Stage one: bring what moved on Trakt into the ledger, page by page. Nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from bgmsync.shared.http import RemoteError, together
from sync.engine import ledger, reconcile
from sync.engine.adopt import adopt
from sync.models import SyncItem, SyncRun
from sync.reasons import Reason
from trakt.models import Title, TraktConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.engine.context import Context
    from trakt.schemas import HistoryRow, LastActivities, Movie, Page, RejectedRow, Show

WINDOW = timedelta(days=7)
"""How far before the latest known play is read again, for plays that were added late."""

UNKNOWN_DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""What Trakt says when nobody knows when it was watched: an ordinary play."""

WEEKLY = timedelta(days=7)
"""How often the history is compared with Trakt's complete maps, even when the windows show news."""

READS = 3
"""How often a history is read anew when its pages do not add up, before the run is called incomplete."""


Window = tuple[datetime | None, datetime | None]
"""From when to when; None is without bound."""


@dataclass(slots=True)
class Reading:
    """What a run read: the keys of all facts that Trakt sent, and how many it said there are."""

    keys: set[str] = field(default_factory=set)
    short: dict[Window, int] = field(default_factory=dict)
    """How many plays each window said it has and did not send."""
    new: int = 0
    error: RemoteError | None = None
    stamps: dict[str, str] = field(default_factory=dict)
    latest: datetime | None = None
    reconciled: bool = False

    @property
    def expected(self) -> int:
        """How many plays Trakt says there are in what was read. One that stands in two windows counts once."""
        return len(self.keys) + sum(self.short.values())

    @property
    def is_complete(self) -> bool:
        return self.error is None and not any(self.short.values())


async def read(ctx: Context, *, full: bool) -> Reading:
    """Ask Trakt what moved, read that, or all if *full*, and move the cursor only when all of it is stored."""
    reading = Reading()
    await ctx.stage(SyncRun.Stage.READ)
    try:
        stamps = stamps_of(await ctx.activities(), ctx.config)
        moved = stamps != ctx.config.activities.get("history")
        if not ctx.reads(SyncItem.Kind.HISTORY) or not (moved or full or _is_weekly_due(ctx.config)):
            return reading
        reading.stamps = stamps
        start = start_of(ctx.config, full=full, stamps=stamps)
        await _read_until_complete(ctx, reading, start)
        if start is not None and reading.is_complete and (not reading.new or _is_weekly_due(ctx.config)):
            await _reconcile(ctx, reading)
    except RemoteError as error:
        reading.error = error
        return reading
    if reading.is_complete and not ctx.run.dry_run:
        await _move_cursor(ctx.config, reading)
    return reading


def stamps_of(activities: LastActivities, config: TraktConfig) -> dict[str, str]:
    """Return what must be unchanged for the history to be unchanged: Trakt's stamps, and the user's start date."""

    def text(moment: datetime | None) -> str:
        return moment.isoformat() if moment else ""

    return {
        "movies": text(activities.movies.watched_at),
        "episodes": text(activities.episodes.watched_at),
        "since": config.since.isoformat() if config.since else "",
    }


def start_of(config: TraktConfig, *, full: bool, stamps: dict[str, str]) -> datetime | None:
    """Return where to begin reading: a window before the latest known play, or None for everything."""
    earlier = config.activities.get("history") or {}
    if not full and config.read_to and earlier.get("since") == stamps["since"]:
        return config.read_to - WINDOW
    return _since(config)


def _since(config: TraktConfig) -> datetime | None:
    """Return the user's start date as an instant, in the user's own zone."""
    if config.since is None:
        return None
    return datetime.combine(config.since, time.min, ZoneInfo(config.timezone)).astimezone(UTC)


async def _read_until_complete(
    ctx: Context, reading: Reading, start: datetime | None, end: datetime | None = None
) -> None:
    """Read a window until as many plays have arrived as Trakt says there are, a few times at most."""
    for _attempt in range(READS):
        await _read_window(ctx, reading, (start, end))
        short = reading.short[start, end]
        if not short:
            return
        await ctx.log("Plays that Trakt has but did not send: %(n)s. They are read again.", "warning", n=short)


async def _read_window(ctx: Context, reading: Reading, window: Window) -> None:
    """Read and store all pages. Rows are told by their id, since a play that is added meanwhile shifts the pages."""
    start, end = window
    keys: set[str] = set()
    said = 0

    async def take(page: Page[HistoryRow]) -> None:
        nonlocal said
        said = max(said, page.item_count or 0)
        reading.short[window] = max(said - len(keys), 0)
        keys.update(await _store_page(ctx, reading, page))
        reading.short[window] = max(said - len(keys), 0)
        ctx.run.step += 1

    async def read_one(number: int) -> None:
        ctx.check()
        await take(await ctx.trakt.history_page(number, start_at=start, end_at=end, limit=first.limit))

    first = await ctx.trakt.history_page(1, start_at=start, end_at=end)
    ctx.run.step, ctx.run.steps = 0, first.page_count
    await take(first)
    # Pages come faster than they are stored; without a bound, all of a long history would wait in memory.
    others = (read_one(number) for number in range(2, first.page_count + 1))
    await together(others, at_once=settings.IN_FLIGHT)


def _is_weekly_due(config: TraktConfig) -> bool:
    last = config.activities.get("reconciled_at")
    return last is not None and timezone.now() - datetime.fromisoformat(last) > WEEKLY


async def _reconcile(ctx: Context, reading: Reading) -> None:
    """Compare with Trakt's complete maps, and read what the window could not show."""
    episodes, movies = await together([ctx.trakt.watched_map("episodes"), ctx.trakt.watched_map("movies")])
    in_ledger = await sync_to_async(reconcile.counts_in_ledger)(ctx.run.user_id)
    missing = reconcile.times_missing(episodes, in_ledger[0]) + reconcile.times_missing(movies, in_ledger[1])
    gone = reconcile.plays_gone(episodes, in_ledger[0]) + reconcile.plays_gone(movies, in_ledger[1])
    if gone:
        await ctx.log("Plays that are no longer on Trakt: %(n)s. What was ticked for them stays.", n=gone)
    windows = _with_since(ctx.config, missing)
    if episodes.rejected or movies.rejected:
        await ctx.log("Trakt's list of all plays could not be read whole; the plays are read one by one.", "warning")
        windows = [(_since(ctx.config), None)]
    for start, end in windows:
        await _read_until_complete(ctx, reading, start, end)
    reading.reconciled = True


def _with_since(config: TraktConfig, missing: list[datetime]) -> Sequence[Window]:
    """Return the windows to read for *missing* plays, leaving out those before the user's start date."""
    since = _since(config)
    windows = reconcile.windows(time for time in missing if since is None or time >= since)
    return [(since, None)] if windows is None else windows


async def _store_page(ctx: Context, reading: Reading, page: Page[HistoryRow]) -> set[str]:
    """Store a page before anything else is done with it; return the keys of its facts."""
    new, keys = await sync_to_async(_store_rows)(ctx.run, page.rows, page.rejected)
    reading.new += new
    reading.keys |= keys
    watched = [row.watched_at for row in page.rows if row.watched_at and row.watched_at != UNKNOWN_DATE]
    reading.latest = max([*watched, *([reading.latest] if reading.latest else [])], default=None)
    return keys


def _store_rows(run: SyncRun, rows: Sequence[HistoryRow], rejected: Sequence[RejectedRow]) -> tuple[int, set[str]]:
    titles = ledger.store_titles(titles_of(rows))
    items = [item_of(run, row, titles) for row in rows]
    # A row without an id can't be told from the next run's; it is missing from Trakt's own count, and so read again.
    items += [unreadable(run, row) for row in rejected if row.raw_id is not None]
    items = list({item.source_key: item for item in items}.values())
    adopt(items)
    return ledger.store_items(items), {item.source_key for item in items}


def titles_of(rows: Iterable[HistoryRow]) -> list[Title]:
    """Return the shows and movies of *rows*, each once."""
    found: dict[tuple[str, int], Title] = {}
    for row in rows:
        work = row.movie or row.show
        if work is not None:
            title = title_of(work, Title.Kind.MOVIE if row.movie else Title.Kind.SHOW)
            found[title.kind, title.trakt_id] = title
    return list(found.values())


def title_of(work: Show | Movie, kind: Title.Kind) -> Title:
    released = getattr(work, "released", None)
    first_aired = getattr(work, "first_aired", None)
    return Title(
        kind=kind,
        trakt_id=work.ids.trakt,
        slug=work.ids.slug[:200],
        tmdb_id=work.ids.tmdb,
        tvdb_id=work.ids.tvdb,
        imdb_id=work.ids.imdb[:20],
        title=work.title[:500],
        original_title=work.original_title[:500],
        year=work.year,
        genres=None if work.genres is None else list(work.genres),
        language=work.language[:10],
        country=work.country[:10],
        released=released or (first_aired.date() if first_aired else None),
    )


def item_of(run: SyncRun, row: HistoryRow, titles: dict[tuple[str, int], int]) -> SyncItem:
    work = row.movie or row.show
    kind = Title.Kind.MOVIE if row.movie else Title.Kind.SHOW
    item = SyncItem(
        user_id=run.user_id,
        kind=SyncItem.Kind.HISTORY,
        source_key=str(row.id),
        title_id=titles[kind, work.ids.trakt] if work else None,
        watched_at=row.watched_at,
        run=run,
    )
    if row.episode is not None:
        item.season = row.episode.season
        item.number = row.episode.number
        item.number_abs = row.episode.number_abs
        item.episode_trakt_id = row.episode.ids.trakt
        item.episode_title = row.episode.title[:300]
        item.first_aired = row.episode.first_aired
        item.runtime = row.episode.runtime
    return item


def unreadable(run: SyncRun, row: RejectedRow) -> SyncItem:
    """Keep a row that could not be understood, so that it is counted, shown, and tried again."""
    return SyncItem(
        user_id=run.user_id,
        kind=SyncItem.Kind.HISTORY,
        source_key=str(row.raw_id)[:32],
        reason=Reason.UNREADABLE_ROW,
        detail=row.why[:300],
        run=run,
    )


async def _move_cursor(config: TraktConfig, reading: Reading) -> None:
    """Remember what was read, writing these columns alone: the user may be editing the others."""
    config.activities = {**config.activities, "history": reading.stamps}
    if reading.reconciled or "reconciled_at" not in config.activities:
        config.activities["reconciled_at"] = timezone.now().isoformat()
    config.read_to = max(filter(None, [config.read_to, reading.latest]), default=None)
    await TraktConfig.objects.filter(pk=config.pk).aupdate(activities=config.activities, read_to=config.read_to)
