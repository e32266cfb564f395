"""New keys for the secrets in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import CommandError

from bgmsync.keys import put_in_front
from bgmsync.shared.command import ProductCommand
from bgmsync.shared.rotation import BATCH, Rotated, rotate

if TYPE_CHECKING:
    from argparse import ArgumentParser

MADE = (
    "A new key stands first in {path}. Now: 1. restart the web server and all workers, so that all of them know it; "
    "2. run rotate_keys again, without --new."
)


class Command(ProductCommand):
    help = (
        "Encrypts every stored secret anew with the newest key (the first of TOKEN_KEYS), and says when the older keys "
        "can be dropped. The program may run meanwhile, if all of it knows the newest key; broken off, it goes on "
        "where it stopped when it is run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--new", action="store_true", help="first of all: make a new key and keep it (no secrets)")
        parser.add_argument("--batch", type=int, default=BATCH, help="rows read at a time (default: %(default)s)")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["new"]:
            self._new_key(as_json=options["json"])
            return
        self.prepare_database()
        done = rotate(max(options["batch"], 1))
        older = len(settings.TOKEN_KEYS) - 1
        can_drop = bool(older) and not done.left and not done.unreadable
        data = {
            "fresh": done.fresh,
            "rewritten": done.rewritten,
            "left": done.left,
            "unreadable": sum(done.unreadable.values()),
            "older_keys": older,
            "older_keys_can_be_dropped": can_drop,
        }
        self.result(data, _told(done, older), as_json=options["json"])
        if done.left or done.unreadable:
            raise CommandError("Not every secret is under the newest key: keep the older keys.")

    def _new_key(self, *, as_json: bool) -> None:
        if not settings.TOKEN_KEYS_ARE_KEPT:
            raise CommandError(
                "The environment sets TOKEN_KEYS, so the new key belongs there: put it before the others, separated by "
                "a comma. Make one with: python -c 'from cryptography.fernet import Fernet; "
                "print(Fernet.generate_key().decode())'"
            )
        path = settings.VAR_DIR / "token_key"
        put_in_front(path)
        self.result({"made": str(path)}, MADE.format(path=path), as_json=as_json)


def _told(done: Rotated, older: int) -> str:
    lines = [f"{done.fresh} secrets are under the newest key; {done.rewritten} of them were rewritten now."]
    if done.left:
        lines.append(
            f"{done.left} were written under an older key meanwhile: restart all processes, and run this again."
        )
    lines += [f"{n} can't be read with any key: {what}." for what, n in done.unreadable.items()]
    if older and not done.left and not done.unreadable:
        lines.append(
            f"Nothing needs the {older} older key(s) any more. Drop all but the first of TOKEN_KEYS, and restart. Keep "
            "them as long as you keep backups that were made before today."
        )
    return "\n".join(lines)
