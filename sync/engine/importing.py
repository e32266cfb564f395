"""Bring what stands in Trakt's export archive into the ledger: the same facts that the API tells, by the same ids.

Nothing is asked of anybody here, and nothing is decided.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

from sync import runs
from sync.engine import ledger
from sync.engine.adopt import AGGREGATE, adopt, aggregate_key
from sync.engine.read import item_of, title_of, titles_of
from sync.models import SyncItem, SyncRun
from sync.reasons import Reason
from trakt.export import HistoryRow, WatchedMovie, WatchedShow, shown
from trakt.models import Title, TraktConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from trakt.export import Archive, Batch, File, Rejected, Report

SAID_EVERY = 5_000
"""Rows between two words about the progress."""

NOT_YET = "not imported yet"
TOLD_BY_TRAKT = "not needed: Trakt is connected and tells the plays one by one"
OF_NO_USE = "of no use here"

WatchedRow = WatchedMovie | WatchedShow
TitleKeys = dict[tuple[str, int], int]


@dataclass(slots=True)
class Imported:
    """What became of an archive: how many facts of each file are new in the ledger, and what was left out, and why."""

    report: Report
    new: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        files = self.report.files
        return {
            "files": {
                name: {"rows": files[name].rows, "new": new, "rejected": files[name].rejected}
                for name, new in self.new.items()
            },
            "unknown": self.report.unknown,
            "skipped": {
                name: {"rows": files[name].rows if name in files else None, "why": why}
                for name, why in self.skipped.items()
            },
            "missing": self.report.gaps,
            "problems": self.report.problems,
        }

    def as_text(self) -> str:
        rows = sum(self.report.files[name].rows for name in self.new)
        lines = [f"Archive: {rows} rows in {len(self.new)} files, {sum(self.new.values())} of them new"]
        lines += [f"  rejected  {problem}" for problem in self.report.problems]
        lines += [f"  missing   {name}" for name in self.report.gaps]
        lines += [f"  unknown   {shown(name)}" for name in self.report.unknown]
        lines += [f"  left out  {shown(name)}{self._rows_of(name)}: {why}" for name, why in self.skipped.items()]
        return "\n".join(lines)

    def _rows_of(self, name: str) -> str:
        found = self.report.files.get(name)
        return f" ({found.rows} rows)" if found else ""


def import_archive(user: Any, archive: Archive, say: Callable[[str], None]) -> Imported:
    """Check the whole archive, then store it batch by batch.

    Raises :class:`trakt.export.ExportError`, and then nothing of the archive has been stored. What is stored is taken
    up by the next run, whichever that is; storing it again changes nothing.
    """
    imported = Imported(archive.check(say))
    for name in archive.unused:
        imported.skipped[name] = OF_NO_USE
    done = 0
    for file in archive.files:
        why = _why_not(user, file)
        if why:
            imported.skipped[file.name] = why
            continue
        imported.new[file.name] = 0
        for batch in archive.batches(file):
            imported.new[file.name] += _store(user, file, batch)
            before, done = done, done + len(batch.rows) + len(batch.rejected)
            if done // SAID_EVERY > before // SAID_EVERY:
                say(f"Stored {done:,} rows, up to {shown(file.name)}")
    return imported


def asks_trakt(user: Any) -> bool:
    """Tell whether Trakt itself can be asked for this user."""
    config = TraktConfig.objects.filter(user=user).first()
    return config is not None and config.is_usable


def make_due(user: Any) -> None:
    """Let the run that follows take up all that waits for a next try: a command waits for no pause."""
    runs.retry_items(user, SyncItem.objects.filter(state__in=SyncItem.RETRIED))


def _why_not(user: Any, file: File) -> str:
    match file.category.kind:
        case "history":
            return ""
        case "watched":
            return TOLD_BY_TRAKT if asks_trakt(user) else ""
    return NOT_YET


def _store(user: Any, file: File, batch: Batch) -> int:
    if file.category.kind == "history":
        return _store_history(user, file, batch)
    return _store_watched(user, [row for row in batch.rows if isinstance(row, WatchedRow)])


def _store_history(user: Any, file: File, batch: Batch) -> int:
    rows = [row for row in batch.rows if isinstance(row, HistoryRow)]
    titles = _title_keys(titles_of(rows))
    items = [_unreadable(user, file, row) for row in batch.rejected]
    no_run = SyncRun(user=user)
    items += [_without_run(item_of(no_run, row, titles)) for row in rows]
    return _store_items(list({item.source_key: item for item in items}.values()))


def _store_items(items: Sequence[SyncItem]) -> int:
    with transaction.atomic():
        adopt(items)
        return ledger.store_items(items)


def _without_run(item: SyncItem) -> SyncItem:
    """Leave open which run takes *item* up: the one that matches it notes itself."""
    item.run = None
    return item


def _unreadable(user: Any, file: File, row: Rejected) -> SyncItem:
    """Keep a row that could not be understood. Where it has no id of its own, its text tells it from others."""
    return SyncItem(
        user=user,
        kind=SyncItem.Kind.HISTORY,
        source_key=str(row.play_id) if row.play_id else f"?{row.digest[:30]}",
        reason=Reason.UNREADABLE_ROW,
        detail=f"{shown(file.name)}, row {row.row}: {row.why}"[:300],
    )


def _store_watched(user: Any, rows: Sequence[WatchedRow]) -> int:
    """Store that something was watched, where the ledger knows no play of that show or movie.

    Where it knows one it has the history, and an aggregate could only add what was renumbered since.
    """
    titles = _title_keys([_title(row) for row in rows])
    plays = SyncItem.objects.filter(user=user, kind=SyncItem.Kind.HISTORY, title_id__in=titles.values())
    told = set(plays.exclude(source_key__startswith=AGGREGATE).values_list("title_id", flat=True))
    items = [item for row in rows for item in _items_of(user, row, titles) if item.title_id not in told]
    items = list({item.source_key: item for item in items}.values())
    return sum(ledger.store_items(part) for part in ledger.chunks(items))


def _items_of(user: Any, row: WatchedRow, titles: TitleKeys) -> Iterator[SyncItem]:
    title = _title(row)
    title_id = titles[title.kind, title.trakt_id]
    item = {"user": user, "kind": SyncItem.Kind.HISTORY, "title_id": title_id}
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
