"""Only what failed or waits, now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.shared.command import ProductCommand, user_named
from sync import runs, summary
from sync.here import run_here
from sync.models import SyncItem, SyncRun

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = "Tries again what failed or waits for its next try, without reading Trakt, and prints what became of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user")
        parser.add_argument("--run", type=int, help="only what this run left")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        user = user_named(options["user"])
        items = SyncItem.objects.filter(user=user, state__in=SyncItem.RETRIED)
        if options["run"] is not None:
            if not SyncRun.objects.filter(pk=options["run"], user=user).exists():
                raise CommandError(f"{options['user']} has no run {options['run']}.")
            items = items.filter(run=options["run"])
        runs.retry_items(user, items)
        run = run_here(user, SyncRun.Trigger.RETRY, only_retry=True, say=self.say)
        self.result(summary.as_data(run), summary.as_text(run), as_json=options["json"])
        if run.status != SyncRun.Status.SUCCEEDED:
            sys.exit(1)
