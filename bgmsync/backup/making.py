"""Make a backup while web server, workers and runs go on."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from bgmsync import __version__
from bgmsync.backup import archive
from bgmsync.backup.engine import counted, engine
from bgmsync.backup.errors import BackupError
from bgmsync.backup.manifest import WITH_KEYS, WITHOUT_KEYS, Manifest
from bgmsync.shared import schema


def make(target: Path, *, with_keys: bool) -> tuple[Path, Manifest]:
    """Write a backup to *target*, or into it under a name of its own if it is a folder; return where, and what."""
    made_at = timezone.now()
    if target.is_dir():
        target /= f"bgmsync-{made_at:%Y%m%dT%H%M%SZ}.zip"
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}. Make it first, readable by you alone.")
    if target.exists():
        raise BackupError(f"{target} exists already, and was left as it is. Choose another name.")
    here = engine()
    keys = list(settings.TOKEN_KEYS) if with_keys else []
    # Beside the target: there the file must find room anyway, and the folder is closed to others.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        copy = Path(folder) / "database"
        with here.snapshot(copy):
            migrations, rows = schema.applied(), counted()
        if not rows:
            raise BackupError("There is no database yet, so there is nothing to back up.")
        size, sha256 = archive.measure(copy)
        manifest = Manifest(
            version=__version__,
            made_at=made_at,
            engine=here.name,
            migrations=migrations,
            rows=rows,
            bytes=size,
            sha256=sha256,
            keys=with_keys,
            note=WITH_KEYS if with_keys else WITHOUT_KEYS,
        )
        archive.write(target, manifest, copy, keys)
    return target, manifest
