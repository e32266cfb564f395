"""Where archives lie that runs take over: one file a run, named by its key, so that the queue need know nothing more.

An archive is all that somebody ever watched: the folder and its files are for this program's user alone, and a file
is removed once it was taken over, or its run is over however that came about.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from sync.models import SyncRun

if TYPE_CHECKING:
    from tempfile import _TemporaryFileWrapper

KEPT = re.compile(r"run-(\d{1,18})\.zip")
COMING = "coming-"
LEFT_AFTER = 3600.0
"""Seconds without a byte after which an upload is taken for broken off."""

LONGEST_NAME = 120


def folder() -> Path:
    path = Path(settings.VAR_DIR) / "uploads"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def place_of(run_id: int) -> Path:
    return folder() / f"run-{run_id}.zip"


def coming() -> _TemporaryFileWrapper[bytes]:
    """Open a file for what is being uploaded, mode 0600; it is gone when it is closed, unless it was given to a run."""
    return tempfile.NamedTemporaryFile(dir=folder(), prefix=COMING, suffix=".zip")


def give(run: SyncRun, source: Path, name: str) -> None:
    """Let *run*, which no worker knows of yet, take over the archive at *source*, which stays where it is.

    A link costs nothing, and the temporary file behind it may go; where none can be made, the archive is copied.
    """
    place = place_of(run.pk)
    draft = place.with_name(f"{COMING}{place.name}")
    draft.unlink(missing_ok=True)
    try:
        _linked(source, draft)
    except OSError:
        _copied(source, draft)
    draft.replace(place)
    run.archive = {"name": "".join(c for c in name if c.isprintable())[-LONGEST_NAME:] or "?"}
    run.save(update_fields=["archive"])


def _linked(source: Path, draft: Path) -> None:
    if source.parent != draft.parent:  # a link would share the mode, and later changes, with a file that is not ours
        raise OSError
    os.link(source, draft)


def _copied(source: Path, draft: Path) -> None:
    with source.open("rb") as read, os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        shutil.copyfileobj(read, out)


def remove(run_id: int) -> None:
    place_of(run_id).unlink(missing_ok=True)


def remove_if_over(run: SyncRun) -> None:
    """Remove the archive of a run that is over: what it had not taken over is to be imported again."""
    if run.archive and run.is_final:
        remove(run.pk)


def tidy() -> None:
    """Remove the archives of runs that are over, or gone, and what broken-off uploads left. For the dispatcher."""
    found = {int(kept[1]): path for path in folder().iterdir() if (kept := KEPT.fullmatch(path.name))}
    needed = SyncRun.objects.filter(pk__in=found).exclude(status__in=SyncRun.FINAL).values_list("pk", flat=True)
    for run_id in found.keys() - set(needed):
        remove(run_id)
    for path in folder().glob(f"{COMING}*"):
        with suppress(FileNotFoundError):  # it ended meanwhile
            if time.time() - path.stat().st_mtime > LEFT_AFTER:
                path.unlink()
