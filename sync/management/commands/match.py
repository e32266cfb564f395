"""Say what Trakt items are on Bangumi: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
import sys
from typing import Any

from asgiref.sync import async_to_sync

from bgmsync.shared.command import ProductCommand
from sync.lookup import BadLine, Lookup, read_line


class Command(ProductCommand):
    help = (
        "Reads JSON lines of Trakt items from standard input and prints, for each and in order, a JSON line with "
        "subject_id, episode_id, position, confidence (high, medium, low, none), reason and evidence. What the data "
        "sets and the cache do not decide is looked up at Bangumi."
    )

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument("--offline", action="store_true", help="never ask Bangumi")
        parser.add_argument("--user", help="apply this user's mapping overrides as well as those for everybody")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        bad = 0
        lookup = Lookup(user=options["user"], offline=options["offline"])
        items = []
        for number, line in enumerate(sys.stdin, start=1):
            if not line.strip():
                continue
            try:
                items.append(read_line(line))
            except BadLine as error:
                bad += 1
                self.say(f"line {number}: {error}")
                items.append(None)
        for verdict in async_to_sync(lookup.judge_all)(items):
            self.stdout.write(json.dumps(verdict, ensure_ascii=False))
        if bad:
            self.say(f"{bad} lines could not be read; their answers say bad_line.")
            sys.exit(1)
