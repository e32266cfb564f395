"""Fetch newer mapping data, check it, and swap it in whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import CommandError

from bgmsync.shared.command import ProductCommand
from sync.mappings import DownloadError, download
from sync.matching import datasets
from sync.matching.compact import DataError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = (
        "Downloads the data sets that MAPPING_SOURCES names (file:// works), checks them, and swaps them in whole. "
        "If one is not what it should be, nothing changes and the last good set stays in use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--roll-back", action="store_true", help="go back to the set that was in use before")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            if options["roll_back"]:
                name = datasets.roll_back(settings.MAPPING_DIR)
                self.result({"set": name}, f"The set {name} is in use again.", as_json=options["json"])
                return
            update = datasets.update(settings.MAPPING_DIR, download())
        except (DownloadError, DataError) as error:
            raise CommandError(f"{error} Nothing was changed; the last good data stays in use.") from error
        data = {"set": update.name, "changed": list(update.changed), "rows": dict(update.rows)}
        lines = [
            f"{name}: {count} rows{' (new)' if name in update.changed else ''}" for name, count in update.rows.items()
        ]
        self.result(data, "\n".join(lines), as_json=options["json"])
