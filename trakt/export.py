"""Read the archive that Trakt's settings offer for download: a ZIP of JSON arrays. Knows no Django, writes nothing.

An archive may come from anybody, so nothing in it is believed: names are only matched, nothing is unpacked to disk,
one file is read at a time and row by row, and what it unpacks to is counted while it is read. One that is damaged or
made to do harm is refused as a whole with the file and the place named; what is merely unknown is reported.
"""

from __future__ import annotations

import re
import stat
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import field_validator

from bgmsync.shared.http.fields import Answered, Instant, Number, SoftNumber
from trakt.json_rows import NotRowsError, rows_of
from trakt.schemas import CollectionRow, HiddenRow, HistoryRow, Movie, RatingRow, Show, WatchlistRow, parse_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

LARGEST_ARCHIVE = 1 << 28
LARGEST_FILE = 1 << 29
LARGEST_TOTAL = 1 << 30
"""Bytes: of the archive as it is, of one file unpacked, and of all of them."""

LARGEST_DIRECTORY = 1 << 22
"""Bytes of the list of files, which is read whole: some thousands of files."""

MOST_ROWS = 2_000_000
MOST_REJECTED = 1_000
"""So many rows without sense are no accident: it is another format."""

HIGHEST_RATIO = 400
RATIO_MATTERS = 1 << 20
"""JSON packs to a fifth or a fiftieth, or less where one row is repeated. What unpacks to more than so many bytes, and
to so many times its size, is a bomb."""

ODD_NAME = re.compile(r"[\\\0]|^[A-Za-z]:")
"""What leads out of a folder on Windows, or ends a name early."""

ENCRYPTED = 0x1

BATCH_ROWS = 500
BATCH_CHARACTERS = 1 << 22

DAMAGE = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError, OverflowError)
"""What zipfile raises for archives that are damaged or crafted."""


class ExportError(Exception):
    """The archive is refused: ``file`` inside it (empty: the archive itself), ``place`` in that file, and why."""

    def __init__(self, file: str, place: str, problem: str) -> None:
        super().__init__(": ".join(part for part in (", ".join(filter(None, (shown(file), place))), problem) if part))
        self.file = file
        self.place = place
        self.problem = problem


class WatchedMovie(Answered):
    """A movie and when it was last watched: an aggregate, without the id of any play."""

    movie: Movie
    plays: SoftNumber = None
    last_watched_at: Instant | None = None


class WatchedEpisode(Answered):
    number: Number
    plays: SoftNumber = None
    last_watched_at: Instant | None = None


class WatchedSeason(Answered):
    number: Number
    episodes: tuple[WatchedEpisode, ...] = ()


class WatchedShow(Answered):
    """A show's watched episodes: an aggregate. Without ``seasons`` it does not say which ones."""

    show: Show
    seasons: tuple[WatchedSeason, ...] = ()

    @field_validator("seasons", mode="before")
    @classmethod
    def _none_is_empty(cls, seasons: Any) -> Any:
        return () if seasons is None else seasons


Row = HistoryRow | WatchedMovie | WatchedShow | RatingRow | CollectionRow | WatchlistRow | HiddenRow


@dataclass(frozen=True, slots=True)
class Category:
    """Files of one kind: ``kind`` names what their rows tell, ``pattern`` the files, less page number and ending."""

    kind: str
    pattern: str
    model: type[Row] | None = None
    """None: of no use here, and not read."""
    about: str = ""
    """The type of rows that do not say."""

    def page_of(self, name: str) -> int | None:
        """Return which page of this category a file is, 0 without a number; None when it is of another category."""
        found = re.fullmatch(rf"(?:{self.pattern})(?:-(?P<page>[0-9]{{1,6}}))?\.json", name)
        return int(found["page"] or 0) if found else None


CATEGORIES = (
    Category("history", "watched-history", HistoryRow),
    Category("watched", "watched-movies", WatchedMovie),
    Category("watched", "watched-shows", WatchedShow),
    *(Category("ratings", f"ratings-{one}s", RatingRow, one) for one in ("movie", "show", "season", "episode")),
    *(Category("collection", f"collection-{one}s", CollectionRow, one) for one in ("movie", "show", "episode")),
    Category("watchlist", "lists-watchlist", WatchlistRow),
    Category("hidden", "hidden-.+?", HiddenRow),
    Category("", "(?:lists|likes|notes|comments|user|network)-.+?|watched-playback"),
)
"""In the order in which they are read; the first pattern that fits counts."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the archive that was recognised."""

    name: str
    category: Category
    page: int
    info: ZipInfo = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be understood: its number from 1, the id of its play if that is one, and why.

    ``digest`` tells it from all others, wherever it stands.
    """

    row: int
    play_id: int | None
    why: str
    digest: str


@dataclass(slots=True)
class Batch:
    """Rows that stand together in a file, as many as are handled at once."""

    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """What is in a file."""

    category: Category
    rows: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Report:
    """What is in an archive, by the names of its files."""

    files: dict[str, Found] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    """Recognised, and of no use here."""
    unknown: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    """Files that must be missing, since those before and after them are there."""
    total: int = 0
    """Rows in all files."""
    problems: list[str] = field(default_factory=list)
    """The rejected rows, each with its place."""
    first: datetime | None = None
    last: datetime | None = None
    """The times of the first and the last play whose date is known."""

    def rows(self, kind: str) -> int:
        return sum(found.rows for found in self.files.values() if found.category.kind == kind)


def preview(source: Path | IO[bytes]) -> Report:
    """Read the whole archive and say what is in it; raises :class:`ExportError`."""
    with opened(source) as archive:
        return archive.check()


@contextmanager
def opened(source: Path | IO[bytes]) -> Generator[Archive]:
    """Open an archive, look at its list of files, and close it at the end of the block."""
    try:
        stream = source.open("rb") if isinstance(source, Path) else source
    except OSError as error:
        raise ExportError("", "", f"can't be read: {error.strerror}") from None
    try:
        yield Archive(_open_zip(stream))
    finally:
        if stream is not source:
            stream.close()


class Archive:
    """An opened archive; ``files`` are in the order in which they are to be read."""

    def __init__(self, archive: ZipFile) -> None:
        self._zip = archive
        members = [info for info in archive.infolist() if not info.is_dir()]
        _refuse_harm(archive.infolist())
        self.files: list[File] = []
        self.unused: list[str] = []
        self.unknown: list[str] = []
        for info in members:
            self._sort_in(info)
        if not (self.files or self.unused):
            raise ExportError("", "", "a ZIP, but none of the files of a Trakt export is in it")
        # By number, not by name: page 10 comes after page 9.
        self.files.sort(key=lambda file: (CATEGORIES.index(file.category), file.page, file.name))

    def check(self, say: Callable[[str], None] = lambda _text: None) -> Report:
        """Read everything once; raises :class:`ExportError` for an archive that is to be refused."""
        report = Report(unused=self.unused, unknown=self.unknown, gaps=_gaps(self.files))
        for file in self.files:
            say(f"Checking {shown(file.name)}")
            found = report.files[file.name] = Found(file.category)
            for batch in self.batches(file):
                _note(report, file, found, batch)
        return report

    def batches(self, file: File) -> Iterator[Batch]:
        """Yield the rows of *file*, each validated by itself; raises :class:`ExportError`."""
        batch, characters = Batch(), 0
        for number, (raw, text) in enumerate(self._raw_rows(file), start=1):
            _sort_row(batch, file.category, number, raw, text)
            characters += len(text)
            if characters >= BATCH_CHARACTERS or len(batch.rows) + len(batch.rejected) >= BATCH_ROWS:
                yield batch
                batch, characters = Batch(), 0
        yield batch

    def _sort_in(self, info: ZipInfo) -> None:
        name = info.filename.rpartition("/")[2]
        for category in CATEGORIES:
            page = category.page_of(name)
            if page is None:
                continue
            if category.model is None:
                self.unused.append(info.filename)
            else:
                self.files.append(File(info.filename, category, page, info))
            return
        self.unknown.append(info.filename)

    def _raw_rows(self, file: File) -> Iterator[tuple[dict[str, Any], str]]:
        done = 0
        try:
            with self._zip.open(file.info) as stream:

                def read(size: int) -> bytes:
                    nonlocal done
                    chunk = stream.read(size)
                    done += len(chunk)
                    # The size in the list of files was looked at before, but anybody can write one there.
                    if done > min(file.info.file_size, LARGEST_FILE):
                        raise ExportError(file.name, f"byte {done}", "unpacks to more than is believable")
                    return chunk

                yield from rows_of(read)
        except NotRowsError as error:
            raise ExportError(file.name, error.place, error.problem) from None
        except DAMAGE as error:
            raise ExportError(file.name, f"after byte {done}", f"damaged: {shown(str(error))}") from None


def shown(text: str) -> str:
    """Make a name from the archive safe to print."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:200])


class _Bounded:
    """A file whose single reads are bounded: zipfile reads the list of files in one, as long as it claims to be."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST_DIRECTORY:
            raise BadZipFile("its list of files is longer than is believable")
        return self._stream.read(LARGEST_DIRECTORY if size < 0 else size)


def _open_zip(stream: IO[bytes]) -> ZipFile:
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > LARGEST_ARCHIVE:
        raise ExportError("", "", f"larger than {LARGEST_ARCHIVE >> 20} MB")
    begins_as_zip = stream.read(2) == b"PK"
    try:
        return ZipFile(_Bounded(stream))
    except DAMAGE as error:
        cut = f"a ZIP that is cut off or damaged: {shown(str(error))}"
        raise ExportError("", f"byte {size}" if begins_as_zip else "", cut if begins_as_zip else "not a ZIP") from None


def _refuse_harm(members: list[ZipInfo]) -> None:
    """Refuse what no honest archive has, by its list of files alone."""
    for name, count in Counter(info.filename for info in members).items():
        if count > 1:
            raise ExportError(name, "", "is in the archive twice")
    for info in members:
        if problem := _harm_of(info):
            raise ExportError(info.filename, "", problem)
    if sum(info.file_size for info in members) > LARGEST_TOTAL:
        raise ExportError("", "", f"unpacks to more than {LARGEST_TOTAL >> 20} MB")


def _harm_of(info: ZipInfo) -> str:
    name, size, packed = info.orig_filename, info.file_size, max(info.compress_size, 1)
    harm = {
        "its name leads out of the archive": name.startswith("/") or ".." in name.split("/") or ODD_NAME.search(name),
        "is a link": stat.S_ISLNK(info.external_attr >> 16),
        "is encrypted": info.flag_bits & ENCRYPTED,
        "is packed by a method that is not read here": info.compress_type not in {ZIP_STORED, ZIP_DEFLATED},
        f"unpacks to more than {LARGEST_FILE >> 20} MB": size > LARGEST_FILE,
        f"unpacks to {size // packed:,} times its size": size > RATIO_MATTERS and size > HIGHEST_RATIO * packed,
    }
    return next((problem for problem, has_it in harm.items() if has_it), "")


def _gaps(files: list[File]) -> list[str]:
    pages: dict[tuple[str, str], set[int]] = {}
    for file in files:
        stem = file.name.removesuffix(".json")
        if file.page:
            pages.setdefault((stem.rpartition("-")[0], file.category.kind), set()).add(file.page)
    return [f"{stem}-{page}.json" for (stem, _kind), there in pages.items() for page in _missing(there)]


def _missing(there: set[int]) -> list[int]:
    """Return the first of the numbers that are missing from 1 on (they could be a million)."""
    return [page for page in range(1, min(max(there), 10 * len(there) + 10)) if page not in there]


def _sort_row(batch: Batch, category: Category, number: int, raw: dict[str, Any], text: str) -> None:
    if category.model is None:  # such files are never read
        return
    good, rejected = parse_rows(category.model, [raw], category.about)
    why = rejected[0].why if rejected else _unstorable(good[0])
    if why:
        batch.rejected.append(Rejected(number, _play_id(raw), why, sha256(text.encode()).hexdigest()))
    else:
        batch.rows += good


def _unstorable(row: Row) -> str:
    """Say what is wrong with times that are dates but no instants of this calendar once they are put into UTC."""
    if not isinstance(row, HistoryRow):
        return ""
    moments = [row.watched_at, row.episode.first_aired if row.episode else None]
    try:
        for moment in filter(None, moments):
            moment.astimezone(UTC)
    except OverflowError:
        return "a time outside of the calendar"
    return ""


def _play_id(raw: dict[str, Any]) -> int | None:
    value = raw.get("id")
    return value if type(value) is int and 0 < value < 1 << 63 else None


def _note(report: Report, file: File, found: Found, batch: Batch) -> None:
    found.rows += len(batch.rows) + len(batch.rejected)
    found.rejected += len(batch.rejected)
    report.problems += [f"{shown(file.name)}, row {row.row}: {row.why}" for row in batch.rejected]
    if len(report.problems) > MOST_REJECTED:
        raise ExportError(
            file.name, f"row {batch.rejected[-1].row}", f"more than {MOST_REJECTED:,} rows are not what they should be"
        )
    report.total += len(batch.rows) + len(batch.rejected)
    if report.total > MOST_ROWS:
        raise ExportError(file.name, "", f"more than {MOST_ROWS:,} rows")
    times = [row.watched_at for row in batch.rows if isinstance(row, HistoryRow) and row.watched_at]
    known = [time for time in times if time.timestamp() > 0]
    report.first = min([*known, *([report.first] if report.first else [])], default=None)
    report.last = max([*known, *([report.last] if report.last else [])], default=None)
