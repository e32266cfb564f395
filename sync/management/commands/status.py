"""How the sync of one user, or of all, stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model

from bgmsync.shared.command import ProductCommand, user_named
from sync.reasons import text_of
from sync.status import status_of

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = "Shows connections, the last good run, what waits for the user, the next run, items by state, and reasons."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", nargs="?", help="all users if left out")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        if options["user"]:
            status = status_of(user_named(options["user"]))
            self.result(status, _text(status), as_json=options["json"])
            return
        statuses = [status_of(user) for user in get_user_model().objects.filter(is_active=True).order_by("pk")]
        text = "\n\n".join(map(_text, statuses)) or "There are no users yet. `manage.py up` makes the first one."
        self.result({"users": statuses}, text, as_json=options["json"])


def _text(status: dict[str, Any]) -> str:
    lines = [
        status["user"],
        f"  Trakt      {status['trakt']['text']}",
        f"  Bangumi    {status['bangumi']['text']}",
        f"  last good  {status['last_good_at'] or 'never'}",
        f"  next run   {status['next_run_at'] or 'by hand'}",
    ]
    if status["active_run"]:
        lines.append(f"  now        run {status['active_run']['run']}: {status['active_run']['stage']}")
    if held := status["held_run"]:
        lines.append(f"  waits      run {held['run']}, since {held['since']}: {held['text']}")
    lines += [f"  {state:<10} {count}" for state, count in sorted(status["items"].items())]
    lines += [f"    {count} × {text_of(reason).short}" for reason, count in sorted(status["reasons"].items())]
    return "\n".join(lines)
