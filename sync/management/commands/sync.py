"""One run, now, in this process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.shared.command import ProductCommand, user_named
from sync import runs, summary
from sync.here import run_here
from sync.models import SyncRun

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = "Brings one user up to date, in this process and without asking, and prints what became of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user")
        parser.add_argument("--dry-run", action="store_true", help="stop before anything is written to Bangumi")
        parser.add_argument("--full", action="store_true", help="read all of Trakt's history again")
        parser.add_argument("--kinds", default="", help=f"comma-separated, of: {', '.join(runs.ALL_KINDS)}")

    def handle(self, *_args: Any, **options: Any) -> None:
        kinds = [kind.strip() for kind in options["kinds"].split(",") if kind.strip()]
        if unknown := [kind for kind in kinds if kind not in runs.ALL_KINDS]:
            raise CommandError(f"Unknown kinds: {', '.join(unknown)}. There are: {', '.join(runs.ALL_KINDS)}.")
        self.prepare_database()
        run = run_here(
            user_named(options["user"]),
            SyncRun.Trigger.COMMAND,
            kinds=kinds,
            dry_run=options["dry_run"],
            full=options["full"],
            say=self.say,
        )
        self.result(summary.as_data(run), summary.as_text(run), as_json=options["json"])
        if run.status != SyncRun.Status.SUCCEEDED:
            sys.exit(1)
