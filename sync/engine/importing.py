"""Bring what stands in Trakt's export archive into the ledger: the same facts that the API tells, by the same ids.

Nothing is asked of anybody here, and nothing is decided. An archive only adds and renews, it never removes: when it
was made stands nowhere in it, so what it lacks may have come since. For the same reason a row of a list counts only
where its own time is later than all that is known: than what the ledger holds of the same thing, than when Trakt's
list began to lack it, and than the last move on Trakt that the API told of. What the API told wins over an older
archive, and what was removed on Trakt does not come back with one.
"""

from __future__ import annotations

from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils.translation import gettext_noop

from sync import runs, uploads
from sync.engine import ledger
from sync.engine.adopt import AGGREGATE, adopt, aggregate_key
from sync.engine.context import Stopped
from sync.engine.kinds import KINDS, reading
from sync.engine.read import item_of, title_of, titles_of
from sync.models import SyncItem, SyncRun
from sync.reasons import Reason
from trakt.export import Archive, ExportError, HistoryRow, Report, WatchedMovie, WatchedShow, shown
from trakt.models import Title, TraktConfig
from trakt.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from sync.engine.context import Context
    from sync.engine.kinds import Kind
    from trakt.export import Batch, File, Rejected

TOLD_BY_TRAKT = gettext_noop("not needed: Trakt is connected and tells the plays one by one")
OF_NO_USE = gettext_noop("of no use here")
SWITCHED_OFF = gettext_noop("switched off in the settings: switch it on and import the archive again")

PREFIXES = {"": "", "shows": "shows/", "dropped": "dropped/", "progress_watched": "hidden/"}
"""How the keys of each list begin, by its section: as they do when the API tells them."""

MOST_NAMED = 100
"""Problems and unknown files that are kept by name; all are counted."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)

WatchedRow = WatchedMovie | WatchedShow
TitleKeys = dict[tuple[str, int], int]


async def take_over(ctx: Context) -> None:
    """Store what the run's archive tells, batch by batch, so that it can be watched and cancelled meanwhile.

    A run that goes on after a crash begins with it anew, which stores nothing twice.
    """
    run = ctx.run
    if not run.archive or run.archive.get("stored"):
        return
    await ctx.stage(SyncRun.Stage.READ)
    try:
        with closing(_opened_and_imported(run, ctx.config)) as steps:
            while step := await sync_to_async(_next)(steps):
                run.step, run.steps = step
                ctx.check()
    except ExportError as error:
        await ctx.log("The archive can not be read any more: %(why)s", "warning", why=str(error))
        raise Stopped(Reason.ARCHIVE_LOST) from None
    except Stopped as stop:
        if stop.reason in SyncRun.BROKEN_OFF:
            raise  # it begins with the archive anew, which stores nothing twice
        left = max(run.steps - run.step, 0)
        await ctx.log("Rows of the archive that were not taken over: %(n)s. Import it again.", "warning", n=left)
        raise
    await sync_to_async(uploads.remove)(run.pk)
    counts = totals(run.archive)
    await ctx.log("Rows in the archive: %(rows)s, of them new: %(new)s.", rows=counts["rows"], new=counts["new"])


def _opened_and_imported(run: SyncRun, config: TraktConfig) -> Generator[tuple[int, int]]:
    with uploads.opened(run.pk) as archive:
        yield from import_archive(run, config, archive)


def import_archive(run: SyncRun, config: TraktConfig, archive: Archive) -> Iterator[tuple[int, int]]:
    """Check the whole archive, then store it; yield after each batch how many rows are done, of how many.

    While it is checked it is not known how many there are. Raises :class:`trakt.export.ExportError`, and then nothing
    of the archive has been stored. What was found, and what is new in the ledger, is kept with the run.
    """
    report = Report()
    yield from ((rows, 0) for rows in archive.checking(report))
    skipped = {file.name: why for file in archive.files if (why := _why_not(config, file))}
    _keep(run, report, skipped)
    total = sum(found.rows for name, found in report.files.items() if name not in skipped)
    done = 0
    for file in archive.files:
        if file.name in skipped:
            continue
        told = run.archive["files"][shown(file.name)]
        for batch in archive.batches(file):
            with transaction.atomic():
                told["new"] += _store(run, config, file, batch)
                run.save(update_fields=["archive"])
            done += len(batch.rows) + len(batch.rejected)
            yield done, total
    run.archive["stored"] = True
    run.save(update_fields=["archive"])


def _keep(run: SyncRun, report: Report, skipped: dict[str, str]) -> None:
    """Keep with *run* what was found; what an attempt before a crash had stored stays counted."""
    before = run.archive.get("files", {})
    run.archive = {
        "name": run.archive.get("name", ""),
        "files": {
            shown(name): {
                "rows": found.rows,
                "new": before.get(shown(name), {}).get("new", 0),
                "rejected": found.rejected,
            }
            for name, found in report.files.items()
            if name not in skipped
        },
        "skipped": {shown(name): {"rows": report.files[name].rows, "why": why} for name, why in skipped.items()}
        | {shown(name): {"rows": None, "why": OF_NO_USE} for name in report.unused[:MOST_NAMED]},
        "unknown": [shown(name) for name in report.unknown[:MOST_NAMED]],
        "missing": [shown(name) for name in report.gaps[:MOST_NAMED]],
        "problems": report.problems[:MOST_NAMED],
    }


def _next(steps: Iterator[tuple[int, int]]) -> tuple[int, int] | None:
    return next(steps, None)


def totals(archive: dict[str, Any]) -> dict[str, int]:
    """Return how many files, rows and new facts were taken from an archive, by what a run keeps of it."""
    files = archive.get("files", {}).values()
    return {"files": len(files), **{name: sum(told[name] for told in files) for name in ("rows", "new", "rejected")}}


def as_text(archive: dict[str, Any]) -> str:
    """Say for people what a run found in its archive."""
    counts = totals(archive)
    lines = ["Archive: {rows} rows in {files} files, {new} of them new".format(**counts)]
    lines += [f"  rejected  {problem}" for problem in archive.get("problems", ())]
    lines += [f"  missing   {name}" for name in archive.get("missing", ())]
    lines += [f"  unknown   {name}" for name in archive.get("unknown", ())]
    for name, told in archive.get("skipped", {}).items():
        rows = f" ({told['rows']} rows)" if told["rows"] is not None else ""
        lines.append(f"  left out  {name}{rows}: {told['why']}")
    return "\n".join(lines)


def asks_trakt(user: Any) -> bool:
    """Tell whether Trakt itself can be asked for this user."""
    config = TraktConfig.objects.filter(user=user).first()
    return config is not None and config.is_usable


def make_due(user: Any) -> None:
    """Let the run that follows take up all that waits for a next try: a command waits for no pause."""
    runs.retry_items(user, SyncItem.objects.filter(state__in=SyncItem.RETRIED))


def _why_not(config: TraktConfig, file: File) -> str:
    kind = file.category.kind
    is_on = KINDS[kind].is_on(Rules.of(config)) if kind in KINDS else config.history
    if not is_on:
        return SWITCHED_OFF
    return TOLD_BY_TRAKT if kind == "watched" and config.is_usable else ""


def _store(run: SyncRun, config: TraktConfig, file: File, batch: Batch) -> int:
    """Store a batch and return how many of its facts are news to the ledger."""
    match file.category.kind:
        case "history":
            return _store_history(run, file, batch)
        case "watched":
            return _store_watched(run, [row for row in batch.rows if isinstance(row, WatchedRow)])
    return _store_list(run, config, file, batch)


def _store_history(run: SyncRun, file: File, batch: Batch) -> int:
    rows = [row for row in batch.rows if isinstance(row, HistoryRow)]
    titles = _title_keys(titles_of(rows))
    items = [_unreadable(run, SyncItem.Kind.HISTORY, file, row) for row in batch.rejected]
    items += [item_of(run, row, titles) for row in rows]
    items = list({item.source_key: item for item in items}.values())
    with transaction.atomic():
        adopt(items)
        return ledger.store_items(items)


def _store_list(run: SyncRun, config: TraktConfig, file: File, batch: Batch) -> int:
    kind, prefix = KINDS[file.category.kind], PREFIXES[file.category.section]
    titles = _title_keys(reading.titles_of(batch.rows))
    items = [reading.item_of(run, kind, prefix, row, titles) for row in batch.rows]
    items.sort(key=lambda item: item.watched_at or LONG_AGO)  # of two rows about one thing the later counts
    items += [_unreadable(run, kind.name, file, row) for row in batch.rejected]
    with transaction.atomic():
        news = _news(config, kind, {item.source_key: item for item in items})
        reading.store_items(kind, news)
    return len(news)


def _news(config: TraktConfig, kind: Kind, items: dict[str, SyncItem]) -> dict[str, SyncItem]:
    """Return those of *items* that are later than what is known already."""
    told_to = _told_to(config, kind)
    rows = SyncItem.objects.filter(user_id=config.user_id, kind=kind.name, source_key__in=list(items)).order_by()
    known = {row.source_key: row for row in rows.only("source_key", "watched_at", "gone_at")}
    return {key: item for key, item in items.items() if _is_news(item, known.get(key), told_to)}


def _is_news(item: SyncItem, known: SyncItem | None, told_to: datetime | None) -> bool:
    if known is None and told_to is None:
        return True
    if item.watched_at is None or item.title_id is None or (known and known.watched_at is None):
        return False  # which of the two is the later nobody can tell, and what is known stays
    before = [told_to, known.watched_at, known.gone_at] if known else [told_to]
    return all(item.watched_at > moment for moment in before if moment)


def _told_to(config: TraktConfig, kind: Kind) -> datetime | None:
    """Return up to when the API told all of a list: when it moved last, as of its last complete reading."""
    moved = []
    for stamp in config.activities.get(kind.name) or ():
        with suppress(ValueError):  # empty where that part of the list never moved
            moved.append(datetime.fromisoformat(stamp))
    return max(moved, default=None)


def _unreadable(run: SyncRun, kind: str, file: File, row: Rejected) -> SyncItem:
    """Keep a row that could not be understood. Where it has no id of its own, its text tells it from others."""
    is_play = kind == SyncItem.Kind.HISTORY and row.play_id
    return SyncItem(
        user_id=run.user_id,
        kind=kind,
        source_key=str(row.play_id) if is_play else f"?{row.digest[:30]}",
        reason=Reason.UNREADABLE_ROW,
        detail=f"{shown(file.name)}, row {row.row}: {row.why}"[:300],
        run=run,
    )


def _store_watched(run: SyncRun, rows: Sequence[WatchedRow]) -> int:
    """Store that something was watched, where the ledger knows no play of that show or movie.

    Where it knows one it has the history, and an aggregate could only add what was renumbered since.
    """
    titles = _title_keys([_title(row) for row in rows])
    plays = SyncItem.objects.filter(user_id=run.user_id, kind=SyncItem.Kind.HISTORY, title_id__in=titles.values())
    told = set(plays.exclude(source_key__startswith=AGGREGATE).values_list("title_id", flat=True))
    items = (item for row in rows for item in _items_of(run, row, titles) if item.title_id not in told)
    stored = 0
    while part := list(islice(items, ledger.CHUNK)):
        stored += ledger.store_items(list({item.source_key: item for item in part}.values()))
    return stored


def _items_of(run: SyncRun, row: WatchedRow, titles: TitleKeys) -> Iterator[SyncItem]:
    title = _title(row)
    title_id = titles[title.kind, title.trakt_id]
    item = {"user_id": run.user_id, "kind": SyncItem.Kind.HISTORY, "title_id": title_id, "run": run}
    if isinstance(row, WatchedMovie):
        yield SyncItem(**item, source_key=aggregate_key(title_id), watched_at=row.last_watched_at)
        return
    for season in row.seasons:
        for episode in season.episodes:
            if episode.plays != 0:
                yield SyncItem(
                    **item,
                    source_key=aggregate_key(title_id, season.number, episode.number),
                    season=season.number,
                    number=episode.number,
                    watched_at=episode.last_watched_at,
                )


def _title(row: WatchedRow) -> Title:
    if isinstance(row, WatchedMovie):
        return title_of(row.movie, Title.Kind.MOVIE)
    return title_of(row.show, Title.Kind.SHOW)


def _title_keys(titles: Iterable[Title]) -> TitleKeys:
    """Return the primary keys of *titles* by kind and Trakt id, adding those that are not known yet.

    Those that are known stay as they are: all users share them, and an archive may say anything.
    """
    titles = list({(title.kind, title.trakt_id): title for title in titles}.values())
    keys = _known_keys(titles)
    Title.objects.bulk_create(
        [title for title in titles if (title.kind, title.trakt_id) not in keys], ignore_conflicts=True
    )
    return _known_keys(titles)


def _known_keys(titles: Iterable[Title]) -> TitleKeys:
    wanted = {(title.kind, title.trakt_id) for title in titles}
    rows = Title.objects.filter(trakt_id__in={trakt_id for _kind, trakt_id in wanted})
    return {
        (kind, trakt_id): pk
        for kind, trakt_id, pk in rows.values_list("kind", "trakt_id", "pk")
        if (kind, trakt_id) in wanted
    }
