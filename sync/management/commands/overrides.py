"""Carry mapping overrides over to another installation."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.shared.command import ProductCommand, user_named
from sync import rulefile
from sync.decisions import UnderWay

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = (
        "export prints mapping overrides as JSON; import reads them from standard input. Without --user they are those "
        "for everybody. What an imported one is about is judged anew by the next run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["export", "import"])
        parser.add_argument("--user", help="this user's own instead of those for everybody")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        user = user_named(options["user"]) if options["user"] else None
        if options["what"] == "export":
            text = rulefile.exported(user)
            self.result(json.loads(text), text.rstrip("\n"), as_json=options["json"])
            return
        try:
            count = rulefile.imported(sys.stdin.read(), user)
        except rulefile.RuleFileError as error:
            raise CommandError("\n".join([*error.problems, "Nothing was changed."])) from error
        except UnderWay:
            raise CommandError(
                "A run is at items of these overrides. Nothing was changed; try when it is over."
            ) from None
        self.result({"imported": count}, f"{count} overrides were imported.", as_json=options["json"])
