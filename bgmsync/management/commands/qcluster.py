"""The workers of this machine; stands before django-q2's own command of that name, see ``sync.cluster``."""

from __future__ import annotations

from typing import Any

from bgmsync.shared import keyproof
from bgmsync.shared.command import ProductCommand


class Command(ProductCommand):
    help = (
        "Starts the workers of this machine. On SIGTERM or Ctrl-C, to this process alone, runs hand themselves back "
        "between two subjects; it ends with an error where one of its processes was killed, to be started anew."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        from sync import cluster  # noqa: PLC0415  # django-q2 sets up signals and a logger when it is imported

        keyproof.leave()
        cluster.run()
