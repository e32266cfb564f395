"""Put Bangumi back to how a run found it, save what the user changed since."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.shared.command import ProductCommand
from sync import summary
from sync.here import run_here
from sync.models import SyncRun

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = "Takes back what a run wrote to Bangumi, save what the user changed since. It is itself a run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("run", type=int)
        parser.add_argument("--dry-run", action="store_true", help="say what would be put back, and write nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        target = SyncRun.objects.select_related("user").filter(pk=options["run"]).first()
        if target is None:
            raise CommandError(f"There is no run {options['run']}.")
        run = run_here(target.user, SyncRun.Trigger.UNDO, undoes=target, dry_run=options["dry_run"], say=self.say)
        self.result(summary.as_data(run), summary.as_text(run), as_json=options["json"])
        if run.status != SyncRun.Status.SUCCEEDED:
            sys.exit(1)
