"""The whole database in one file, while everything runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.backup.errors import BackupError
from bgmsync.backup.making import make
from bgmsync.shared.command import SCHEMA, TAG, ProductCommand

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    requires_system_checks = (TAG, SCHEMA)  # not that of the keys: a backup is what helps when they are lost
    help = (
        "Writes the whole database to one file, as it was at one instant; web server and workers go on meanwhile. "
        "`restore` puts it back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, help="a name that is still free, or a folder: then it is named by time")
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="put the keys in as well: whoever has the file can then act for all users at Trakt and Bangumi",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            file, manifest = make(options["file"], with_keys=options["with_keys"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        size = file.stat().st_size
        data = {"file": str(file), "size": size, **manifest.model_dump(mode="json")}
        text = f"{file}: {sum(manifest.rows.values()):,} rows, {size:,} bytes.\n{manifest.note}"
        self.result(data, text, as_json=options["json"])
