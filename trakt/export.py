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
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import field_validator

from bgmsync.shared.http.fields import Answered, Instant, Number, SoftNumber
from trakt.json_rows import ROW, NotRowsError, gettext_noop, rows_of
from trakt.schemas import CollectionRow, HiddenRow, HistoryRow, Movie, RatingRow, Show, WatchlistRow, parse_rows

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime

LARGEST_ARCHIVE = 1 << 28
LARGEST_FILE = 1 << 29
LARGEST_TOTAL = 1 << 30
"""Bytes: of the archive as it is, of one file unpacked, and of all of them."""

LARGEST_DIRECTORY = 1 << 20
"""Bytes of the list of files, which is read whole: some thousands of files."""

MOST_ROWS = 2_000_000
MOST_REJECTED = 1_000
"""So many rows without sense are no accident: it is another format."""

HIGHEST_RATIO = 400
RATIO_MATTERS = 1 << 20
"""JSON packs to a fifth or a fiftieth, or less where one row is repeated. What unpacks to more than so many bytes, and
to so many times its size, is a bomb."""

MOST_FILES = 2_000
"""In the longest history that was ever heard of there would be some hundreds."""

BYTE = gettext_noop("byte %(n)s")
UNPACKS_TO = gettext_noop("unpacks to more than %(mb)s MB")

ODD_NAME = re.compile(r"[\\\0]|^[A-Za-z]:")
"""What leads out of a folder on Windows, or ends a name early."""

ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Bits of an entry's flags: by a password, strongly, or with its very name."""

BATCH_ROWS = 500
BATCH_CHARACTERS = 1 << 20

DAMAGE = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError, OverflowError)
"""What zipfile raises for archives that are damaged or crafted."""


class ExportError(Exception):
    """The archive is refused: ``file`` inside it (empty: the archive itself), ``place`` in that file, and why.

    ``told`` are the place and the problem as they are translated, before what they quote is put in.
    """

    def __init__(self, file: str, place: str, problem: str, **quoted: Any) -> None:
        self.file = shown(file)
        self.told = (place, problem)
        self.quoted = quoted
        self.place, self.problem = (text % quoted if quoted else text for text in self.told)
        where = ", ".join(filter(None, (self.file, self.place)))
        super().__init__(f"{where}: {self.problem}" if where else self.problem)


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
    section: str = ""
    """Which of Trakt's lists of that kind the files are, where it has several."""

    def page_of(self, name: str) -> int | None:
        """Return which page of this category a file is, 0 without a number; None when it is of another category."""
        found = re.fullmatch(rf"(?:{self.pattern})(?:-(?P<page>[0-9]{{1,6}}))?\.json", name)
        return int(found["page"] or 0) if found else None


CATEGORIES = (
    Category("history", "watched-history", HistoryRow),
    Category("watched", "watched-movies", WatchedMovie),
    Category("watched", "watched-shows", WatchedShow),
    *(Category("ratings", f"ratings-{one}s", RatingRow, one) for one in ("movie", "show", "season", "episode")),
    Category("collection", "collection-movies", CollectionRow, "movie"),
    Category("collection", "collection-shows", CollectionRow, "show", "shows"),
    Category("watchlist", "lists-watchlist", WatchlistRow),
    Category("hidden", "hidden-dropped", HiddenRow, "show", "dropped"),
    Category("hidden", "hidden-progress[-_]watched", HiddenRow, section="progress_watched"),
    Category("", "(?:hidden|lists|likes|notes|comments|user|network)-.+?|watched-playback"),
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
        raise ExportError("", "", gettext_noop("can't be read: %(why)s"), why=error.strerror) from None
    try:
        yield Archive(*_open_zip(stream))
    finally:
        if stream is not source:
            stream.close()


class Archive:
    """An opened archive; ``files`` are in the order in which they are to be read."""

    def __init__(self, archive: ZipFile, size: int) -> None:
        """*size*: of the archive as it is, in bytes."""
        self._zip = archive
        members = [info for info in archive.infolist() if not info.is_dir()]
        _refuse_harm(archive.infolist(), size)
        self.files: list[File] = []
        self.unused: list[str] = []
        self.unknown: list[str] = []
        for info in members:
            self._sort_in(info)
        if not (self.files or self.unused):
            raise ExportError("", "", gettext_noop("a ZIP, but none of the files of a Trakt export is in it"))
        _refuse_two_of_one(self.files)
        # By number, not by name: page 10 comes after page 9.
        self.files.sort(key=lambda file: (CATEGORIES.index(file.category), file.page, file.name))

    def check(self) -> Report:
        """Read everything once; raises :class:`ExportError` for an archive that is to be refused."""
        report = Report()
        for _rows in self.checking(report):
            pass
        return report

    def checking(self, report: Report) -> Iterator[int]:
        """Do what :meth:`check` does into *report*, and yield after each batch how many rows have been read."""
        report.unused, report.unknown, report.gaps = self.unused, self.unknown, _gaps(self.files)
        for file in self.files:
            found = report.files[file.name] = Found(file.category)
            for batch in self.batches(file):
                _note(report, file, found, batch)
                yield report.total

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
                        too_much = gettext_noop("unpacks to more than is believable")
                        raise ExportError(file.name, BYTE, too_much, n=done)
                    return chunk

                yield from rows_of(read)
        except NotRowsError as error:
            raise ExportError(file.name, error.place, error.problem, **error.quoted) from None
        except DAMAGE as error:
            after, damaged = gettext_noop("after byte %(n)s"), gettext_noop("damaged: %(why)s")
            raise ExportError(file.name, after, damaged, n=done, why=shown(str(error))) from None


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


def _open_zip(stream: IO[bytes]) -> tuple[ZipFile, int]:
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > LARGEST_ARCHIVE:
        raise ExportError("", "", gettext_noop("larger than %(mb)s MB"), mb=LARGEST_ARCHIVE >> 20)
    begins_as_zip = stream.read(2) == b"PK"
    try:
        return ZipFile(_Bounded(stream)), size
    except DAMAGE as error:
        if not begins_as_zip:
            raise ExportError("", "", gettext_noop("not a ZIP")) from None
        cut = gettext_noop("a ZIP that is cut off or damaged: %(why)s")
        raise ExportError("", BYTE, cut, n=size, why=shown(str(error))) from None


def _refuse_harm(members: list[ZipInfo], size: int) -> None:
    """Refuse what no honest archive has, by its list of files alone."""
    if len(members) > MOST_FILES:
        raise ExportError("", "", gettext_noop("more than %(most)s files"), most=f"{MOST_FILES:,}")
    for name, count in Counter(info.filename for info in members).items():
        if count > 1:
            raise ExportError(name, "", gettext_noop("is in the archive twice"))
    for info in members:
        _refuse_one(info)
    if sum(info.file_size for info in members) > LARGEST_TOTAL:
        raise ExportError("", "", UNPACKS_TO, mb=LARGEST_TOTAL >> 20)
    if sum(info.compress_size for info in members) > size:
        raise ExportError("", "", gettext_noop("its files lie one over the other"))


def _refuse_two_of_one(files: list[File]) -> None:
    """Refuse two files that are the same page, in different folders: one export has each page once."""
    seen: dict[str, File] = {}
    for file in files:
        other = seen.setdefault(file.name.rpartition("/")[2], file)
        if other is not file:
            raise ExportError(file.name, "", gettext_noop("is in the archive twice, in two folders"))


def _refuse_one(info: ZipInfo) -> None:
    name, size, packed = info.orig_filename, info.file_size, max(info.compress_size, 1)
    outside = name.startswith("/") or ".." in name.split("/") or ODD_NAME.search(name)
    unknown_method = info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}
    harm = {
        gettext_noop("its name leads out of the archive"): outside,
        gettext_noop("is a link"): stat.S_ISLNK(info.external_attr >> 16),
        gettext_noop("is encrypted"): info.flag_bits & ENCRYPTED,
        gettext_noop("is packed by a method that is not read here"): unknown_method,
        UNPACKS_TO: size > LARGEST_FILE,
        gettext_noop("unpacks to %(times)s times its size"): size > RATIO_MATTERS and size > HIGHEST_RATIO * packed,
    }
    for problem, has_it in harm.items():
        if has_it:
            raise ExportError(info.filename, "", problem, mb=LARGEST_FILE >> 20, times=f"{size // packed:,}")


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
    batch.rows += good
    for row in rejected:
        batch.rejected.append(Rejected(number, _play_id(raw), row.why, sha256(text.encode()).hexdigest()))


def _play_id(raw: dict[str, Any]) -> int | None:
    value = raw.get("id")
    return value if type(value) is int and 0 < value < 1 << 63 else None


def _note(report: Report, file: File, found: Found, batch: Batch) -> None:
    found.rows += len(batch.rows) + len(batch.rejected)
    found.rejected += len(batch.rejected)
    report.problems += [f"{shown(file.name)}, row {row.row}: {row.why}" for row in batch.rejected]
    if len(report.problems) > MOST_REJECTED:
        wrong = gettext_noop("more than %(most)s rows are not what they should be")
        raise ExportError(file.name, ROW, wrong, n=batch.rejected[-1].row, most=f"{MOST_REJECTED:,}")
    report.total += len(batch.rows) + len(batch.rejected)
    if report.total > MOST_ROWS:
        raise ExportError(file.name, "", gettext_noop("more than %(most)s rows"), most=f"{MOST_ROWS:,}")
    times = [row.watched_at for row in batch.rows if isinstance(row, HistoryRow) and row.watched_at]
    known = [time for time in times if time.timestamp() > 0]
    report.first = min([*known, *([report.first] if report.first else [])], default=None)
    report.last = max([*known, *([report.last] if report.last else [])], default=None)
