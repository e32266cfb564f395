"""A run through the queue, waited for: what “Run sync now” does, for the demo and for tests without a browser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.shared.command import ProductCommand, user_named
from sync import runs, summary
from sync.models import SyncRun

if TYPE_CHECKING:
    from argparse import ArgumentParser

PATIENCE = 180.0
"""Seconds to wait for a worker to finish the run."""


class Command(ProductCommand):
    help = "Asks for a run as the button does, without an approval, waits for a worker to do it, and prints its sums."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user")

    def handle(self, *_args: Any, **options: Any) -> None:
        run, _new = runs.request(user_named(options["user"]), SyncRun.Trigger.BUTTON, may_ask=False)
        deadline = time.monotonic() + PATIENCE
        while not run.is_final:
            if time.monotonic() > deadline:
                raise CommandError(f"Run {run.pk} is {run.status} after {PATIENCE:.0f} s: do the workers run?")
            time.sleep(0.3)
            run.refresh_from_db()
        data = summary.as_data(run) | {"text": summary.as_text(run)}
        self.result(data, data["text"], as_json=options["json"])
