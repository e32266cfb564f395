"""Fetch newer mapping data, check it, and swap it in whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.shared.command import ProductCommand
from sync import mappings
from sync.downloads import DownloadError
from sync.matching.published import DataError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = (
        "Downloads the data sets that MAPPING_SOURCES names (file:// works), checks them, and swaps them in whole. "
        "If one is not what it should be, nothing changes and the last good set stays in use. What was written to "
        "Bangumi is not moved; what the new data says otherwise is reported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--roll-back", action="store_true", help="go back to the set that was in use before")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        try:
            if options["roll_back"]:
                name = mappings.roll_back()
                self.result({"set": name}, f"The set {name} is in use again.", as_json=options["json"])
                return
            update = mappings.refresh()
        except (DownloadError, DataError) as error:
            raise CommandError(f"{error} Nothing was changed; the last good data stays in use.") from error
        known = mappings.status()
        if update is None:
            data = {"set": known.set, "changed": [], "rows": {}, "would_change": 0}
            self.result(data, "Nothing newer is published.", as_json=options["json"])
            return
        would = known.changed_items if update.changed else 0
        data = {"set": update.name, "changed": list(update.changed), "rows": dict(update.rows), "would_change": would}
        lines = [
            f"{name}: {count} rows{' (new)' if name in update.changed else ''}" for name, count in update.rows.items()
        ]
        if would:
            lines.append(f"{would} items that were written would now go elsewhere. They stay; see the admin.")
        self.result(data, "\n".join(lines), as_json=options["json"])
