"""The same pipeline, fed from the archive that Trakt offers for download."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.shared.command import ProductCommand, user_named
from sync import summary
from sync.engine import importing
from sync.here import run_here
from sync.models import SyncRun
from trakt import export

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = (
        "Takes over plays, ratings and lists from Trakt's data export (Trakt: Settings, Data), and brings the user up "
        "to date. Trakt need not be connected. Importing an archive again, or what the API told, changes nothing; an "
        "archive removes nothing, and of a list only what is later than all that is known counts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user")
        parser.add_argument("file", type=Path, help="the ZIP as it was downloaded")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="take the plays over and stop before anything is written to Bangumi; the next run writes it",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        user = user_named(options["user"])
        self.say(f"Checking {options['file']}")
        try:
            rows = export.preview(options["file"]).total
        except export.ExportError as error:
            raise CommandError(f"{options['file']} was not imported. {error}") from None
        self.say(f"Taking over {rows:,} rows")
        importing.make_due(user)
        run = run_here(
            user,
            SyncRun.Trigger.IMPORT,
            only_retry=not importing.asks_trakt(user),
            dry_run=options["dry_run"],
            archive=options["file"],
            say=self.say,
        )
        data = summary.as_data(run) | {"import": run.archive}
        self.result(data, f"{importing.as_text(run.archive)}\n{summary.as_text(run)}", as_json=options["json"])
        if run.status != SyncRun.Status.SUCCEEDED:
            sys.exit(1)
