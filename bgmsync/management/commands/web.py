"""The web server alone, where workers run in containers or on machines of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from bgmsync.processes import web
from bgmsync.shared import keyproof
from bgmsync.shared.command import ProductCommand

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = "Starts the web server alone; it neither migrates nor makes users. The workers are started by qcluster."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")

    def handle(self, *_args: Any, **options: Any) -> None:
        keyproof.leave()
        command = web(options["host"], options["port"])
        os.execv(command[0], command)  # noqa: S606  # it takes our place, so that signals reach it
