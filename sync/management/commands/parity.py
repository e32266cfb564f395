"""Trakt and Bangumi side by side, for one user."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from bgmsync.shared.command import ProductCommand, user_named
from sync.models import ParityReport
from sync.parity import comparing
from sync.parity.summary import as_data, as_text

if TYPE_CHECKING:
    from argparse import ArgumentParser

LOOK_EVERY = 0.3
"""Seconds between looks at a comparison that another process is making."""


class Command(ProductCommand):
    help = "Compares what was carried over from Trakt with what Bangumi shows now. Nothing is written there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        report = self._compare(user_named(options["user"]))
        self.result(as_data(report), as_text(report), as_json=options["json"])
        if report.status != ParityReport.Status.DONE:
            sys.exit(1)

    def _compare(self, user: Any) -> ParityReport:
        """Make a comparison in this process, after one that another process is making."""
        said = False
        while True:
            report, _new = comparing.request(user, enqueue=False)
            if done := comparing.work(report.pk):
                return done
            if not said:
                self.say(f"A comparison of {user} is under way; waiting for it to end.")
                said = True
            time.sleep(LOOK_EVERY)
