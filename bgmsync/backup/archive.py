"""The file: a ZIP of the manifest, the database, and, only if asked for, the keys.

A ZIP has its table of contents at the end, so a file that was cut short is known for that at once. Only members of the
three names are ever read, and never more of one than the manifest says, so that a hostile file can fill no disk.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from pydantic import TypeAdapter

from bgmsync.backup import manifest as manifests
from bgmsync.backup.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Generator

    from bgmsync.backup.manifest import Manifest

MANIFEST, DATABASE, KEYS = "manifest.json", "database", "token_keys.json"
LARGEST_MANIFEST = 1_000_000
PIECE = 1 << 20

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, ValueError)
"""What ``zipfile`` raises for files that are cut short, changed, encrypted, or packed in ways that it can't read."""


def measure(path: Path) -> tuple[int, str]:
    """Return the size of a file and its SHA-256."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def write(target: Path, manifest: Manifest, database: Path, keys: list[str]) -> None:
    """Write the archive whole or not at all: under another name, mode 0600, on the disk before it is given its own."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
                packed.writestr(MANIFEST, manifest.model_dump_json(indent=2))
                packed.write(database, DATABASE)
                if keys:
                    packed.writestr(KEYS, json.dumps(keys))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        sync_folder(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring to the disk under which names the folder's files are."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Archive:
    """A backup that was opened: its manifest has been read, nothing else."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        with _whole():
            self.manifest = manifests.read(self._read(MANIFEST, LARGEST_MANIFEST))

    def _read(self, member: str, most: int) -> bytes:
        with self._packed.open(member) as packed:
            text = packed.read(most + 1)
        if len(text) > most:
            raise BackupError(f"{member} in the backup is larger than any that this program writes.")
        return text

    def keys(self) -> list[str]:
        """Return the keys that the backup brings along; none if it was made without."""
        if not self.manifest.keys:
            return []
        with _whole():
            keys = TypeAdapter(list[str]).validate_json(self._read(KEYS, LARGEST_MANIFEST))
            for key in keys:
                Fernet(key)
            return keys

    def unpack(self, target: Path) -> None:
        """Write the database to *target*, which exists, and see that it is byte for byte what was backed up."""
        if shutil.disk_usage(target.parent).free < self.manifest.bytes:
            raise BackupError(f"{target.parent} has no room for a database of {self.manifest.bytes:,} bytes.")
        left, digest = self.manifest.bytes, hashlib.sha256()
        with _whole(), self._packed.open(DATABASE) as packed, target.open("wb") as file:
            while left >= 0 and (piece := packed.read(min(PIECE, left + 1))):
                left -= len(piece)
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if left != 0 or digest.hexdigest() != self.manifest.sha256:
            raise BackupError("The backup is damaged: its database is not what its manifest says. Nothing was changed.")


@contextmanager
def opened(path: Path) -> Generator[Archive]:
    try:
        with _whole():
            packed = zipfile.ZipFile(path)
    except OSError as error:
        raise BackupError(f"{path} can't be read: {error.strerror or error}.") from None
    with packed:
        yield Archive(packed)


@contextmanager
def _whole() -> Generator[None]:
    """Turn what is raised for a file that is no backup, or half of one, into words."""
    try:
        yield
    except (*BROKEN, OSError) as error:
        # A place that can't be sought is one that the file names wrongly; any other trouble is the machine's.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise BackupError(
            f"The file is no backup of this program, or only a part of one ({error}). Nothing was changed. If it was "
            "copied here, copy it again and compare the sizes."
        ) from None
