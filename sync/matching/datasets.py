"""The data sets on disk: swapped in whole, the one before kept, the last good one used.

A directory holds ``sets/NAME/`` folders and two pointer files, ``current`` and ``previous``, each naming one of
them. A pointer is replaced in one step, so that a reader sees either the old set or the new one. A set can be taken out
as one file and put into another machine's directory.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sync.matching.compact import NAMES, Dataset, compact, pack, unpack
from sync.matching.index import Index, build
from sync.matching.published import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

SNAPSHOT = Path(__file__).parent / "data"
"""Ships with the package, so that the first start needs no download."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Download:
    """A published file as it came, and how it calls its version (an ETag, a date, a release)."""

    payload: bytes
    version: str = ""
    file: str = ""
    """Where it came from, for errors to name."""


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did: the set now in use, and the data sets whose rows are not as before."""

    name: str
    changed: tuple[str, ...]
    rows: Mapping[str, int]


def update(directory: Path, downloads: Mapping[str, Download]) -> Update:
    """Check downloads, join them with the rest of the set in use, and swap the whole in.

    Raises :class:`DataError` when a download is not what it should be; then nothing has changed.
    """
    old = load_datasets(directory)
    new = dict(old)
    for name, download in downloads.items():
        version = download.version or hashlib.sha256(download.payload).hexdigest()[:12]
        new[name] = compact(name, download.payload, version=version, previous=old.get(name), file=download.file)
    changed = tuple(name for name in new if name not in old or new[name].rows != old[name].rows)
    build(new)  # what can't be indexed must not be swapped in
    return Update(_store(directory, new), changed, {name: len(dataset.rows) for name, dataset in new.items()})


def load(directory: Path | None = None) -> Index:
    """Build the index from the set in use; see :func:`load_datasets`."""
    return build(load_datasets(directory))


def load_datasets(directory: Path | None = None) -> dict[str, Dataset]:
    """Read the current set, else the previous one, else the snapshot; say why one was passed over."""
    for folder in _folders(directory):
        try:
            return _read(folder)
        except (DataError, OSError) as error:
            logger.error("mapping data in %s can't be used, falling back: %s", folder, error)  # noqa: TRY400 - the text says all; a trace would bury it
    return _read(SNAPSHOT)


def stamp(directory: Path | None = None) -> str:
    """Name the set in use, cheaply, so that a process can tell whether its index is out of date."""
    return (_pointer(directory, "current") if directory else "") or "snapshot"


def roll_back(directory: Path) -> str:
    """Make the previous set the current one again and return its name. Raises :class:`DataError` without one."""
    previous = _pointer(directory, "previous")
    if not previous:
        raise DataError(f"{directory}: no previous set is kept")
    _read(directory / "sets" / previous)
    current = _pointer(directory, "current")
    _point(directory, "current", previous)
    _point(directory, "previous", current)
    return previous


def pointers(directory: Path) -> tuple[str, str]:
    """Return the names of the current and of the previous set; empty where there is none."""
    return _pointer(directory, "current"), _pointer(directory, "previous")


def turn(directory: Path, current: str, previous: str) -> None:
    """Use these sets from now on, which must be there; all others are removed."""
    directory.mkdir(parents=True, exist_ok=True)
    _point(directory, "previous", previous)
    _point(directory, "current", current)
    _forget_others(directory / "sets", keep={current, previous})


def has(directory: Path, name: str) -> bool:
    return (directory / "sets" / name).is_dir()


def take_out(directory: Path, name: str) -> bytes:
    """Return the set of that name as one file, for :func:`put_in`."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for path in sorted((directory / "sets" / name).iterdir()):
            archive.write(path, path.name)
    return whole.getvalue()


def put_in(directory: Path, name: str, whole: bytes) -> None:
    """Lay a set beside the others. Raises :class:`DataError` for one that can't be read; then nothing has changed."""
    try:
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            files = {f"{one}.json.gz": archive.read(f"{one}.json.gz") for one in NAMES}
    except (zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"set {name}: {error}") from error
    _lay(directory, name, files)


def write_snapshot(datasets: Mapping[str, Dataset], folder: Path = SNAPSHOT) -> None:
    """Write compacted data sets as the snapshot in the package."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, payload in _files(datasets).items():
        (folder / name).write_bytes(payload)


def _files(datasets: Mapping[str, Dataset]) -> dict[str, bytes]:
    return {f"{name}.json.gz": pack(dataset) for name, dataset in datasets.items()}


def _read(folder: Path) -> dict[str, Dataset]:
    datasets = {}
    for name in NAMES:
        path = folder / f"{name}.json.gz"
        try:
            datasets[name] = unpack(name, path.read_bytes())
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
    return datasets


def _folders(directory: Path | None) -> list[Path]:
    if directory is None:
        return []
    names = (_pointer(directory, "current"), _pointer(directory, "previous"))
    return [directory / "sets" / name for name in names if name]


def _store(directory: Path, datasets: Mapping[str, Dataset]) -> str:
    """Write the set beside the others, then turn the pointers. An identical set is kept as it is."""
    files = _files(datasets)
    name = hashlib.sha256(b"".join(files.values())).hexdigest()[:16]
    current = _pointer(directory, "current")
    if name == current:
        return name
    _lay(directory, name, files)
    turn(directory, name, current)
    return name


def _lay(directory: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Write a set beside the others, whole or not at all."""
    sets = directory / "sets"
    sets.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=sets, prefix=".building-"))
    try:
        for file, payload in files.items():
            (building / file).write_bytes(payload)
        _read(building)
        shutil.rmtree(sets / name, ignore_errors=True)
        building.rename(sets / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _forget_others(sets: Path, keep: set[str]) -> None:
    for folder in sets.iterdir() if sets.is_dir() else ():
        if folder.name not in keep and not folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)


def _pointer(directory: Path, which: str) -> str:
    try:
        name = (directory / which).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return name if name.isalnum() else ""


def _point(directory: Path, which: str, name: str) -> None:
    temporary = directory / f".{which}-{os.getpid()}"
    temporary.write_text(f"{name}\n")
    temporary.replace(directory / which)
