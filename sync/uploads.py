"""Archives on their way to the run that takes them over, which may happen on another machine than the upload.

They wait in the database, piece by piece, so that the queue need know nothing but the run and all machines can reach
them. An archive is all that somebody ever watched: it is gone once it was taken over, or its run is over however that
came about, and on disk it only ever lies in files that have no name.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING

from django.conf import settings

from sync.models import ArchivePart, SyncRun
from trakt import export

if TYPE_CHECKING:
    from collections.abc import Generator

PIECE = 1 << 20
"""Bytes. What is held in memory at once, and how long a write keeps others of the database waiting."""

LONGEST_NAME = 120


def coming() -> IO[bytes]:
    """Open a file for what is being uploaded; nobody else can open it, and it is gone when it is closed."""
    folder = Path(settings.VAR_DIR) / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


def give(run: SyncRun, source: IO[bytes], name: str) -> None:
    """Let *run*, which no worker knows of yet, take over the archive in *source*, from its beginning."""
    remove(run.pk)
    source.seek(0)
    for number, piece in enumerate(iter(lambda: source.read(PIECE), b"")):
        ArchivePart.objects.create(run=run, number=number, piece=piece)
    run.archive = {"name": "".join(c for c in name if c.isprintable())[-LONGEST_NAME:] or "?"}
    run.save(update_fields=["archive"])


@contextmanager
def opened(run_id: int) -> Generator[export.Archive]:
    """Open the archive of a run; raises :class:`trakt.export.ExportError` when it is not there, or damaged."""
    with coming() as file:
        parts = ArchivePart.objects.filter(run=run_id)
        for number in count():
            piece = parts.filter(number=number).values_list("piece", flat=True).first()
            if piece is None:
                break
            file.write(piece)
        with export.opened(file) as archive:
            yield archive


def remove(run_id: int) -> None:
    ArchivePart.objects.filter(run=run_id).delete()


def remove_if_over(run: SyncRun) -> None:
    """Remove the archive of a run that is over: what it had not taken over is to be imported again."""
    if run.archive and run.is_final:
        remove(run.pk)


def tidy() -> None:
    """Remove the archives of runs that ended where nobody saw to it. For the dispatcher."""
    ArchivePart.objects.filter(run__status__in=SyncRun.FINAL).delete()
