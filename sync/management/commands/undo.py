"""Put Bangumi back to how a run, an item or everything since a date found it, save what the user changed since."""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from bgmsync.shared.command import ProductCommand, user_named
from sync import summary, undolist
from sync.here import run_here
from sync.models import SyncItem, SyncRun
from sync.undos import Undo

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = (
        "Takes back what a run wrote to Bangumi, or, of a user, what some items brought or what all runs wrote since a "
        "date; save what the user changed since. It is itself a run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", metavar="RUN|USER", help="the number of a run; with --since or --item, a user")
        only = parser.add_mutually_exclusive_group()
        only.add_argument(
            "--since", metavar="DATE", help="all runs of the user begun since: 2026-11-01, or with a time"
        )
        only.add_argument(
            "--item", metavar="ID", type=int, action="append", help="an item of the user; may be repeated"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be put back, and write nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        user, undo = _asked_for(options)
        run = run_here(user, SyncRun.Trigger.UNDO, undo=undo, dry_run=options["dry_run"], say=self.say)
        told = f"{summary.as_text(run)}\n{undolist.as_text(run)}".rstrip()
        self.result(summary.as_data(run), told, as_json=options["json"])
        if run.status != SyncRun.Status.SUCCEEDED:
            sys.exit(1)


def _asked_for(options: dict[str, Any]) -> tuple[Any, Undo]:
    what = str(options["what"])
    if options["since"]:
        return user_named(what), Undo(since=_moment(options["since"]))
    if options["item"]:
        user = user_named(what)
        items = options["item"]
        known = set(SyncItem.objects.filter(user=user, pk__in=items).values_list("pk", flat=True))
        if missing := [str(pk) for pk in items if pk not in known]:
            raise CommandError(f"{user} has no item {', '.join(missing)}.")
        return user, Undo(items=tuple(items))
    if not what.isdecimal():
        raise CommandError(f"{what!r} is not the number of a run. Of a user, say --since DATE or --item ID.")
    target = SyncRun.objects.select_related("user").filter(pk=int(what)).first()
    if target is None:
        raise CommandError(f"There is no run {what}.")
    return target.user, Undo(run=target)


def _moment(text: str) -> datetime:
    """Read a date, or a date with a time, in the zone of the server where it names none."""
    try:
        found = (
            parse_datetime(text)
            if len(text) > len("2026-11-01")
            else datetime.combine(date.fromisoformat(text), time.min)
        )
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{text!r} is not a date such as 2026-11-01 or 2026-11-01T18:30.")
    return timezone.make_aware(found) if timezone.is_naive(found) else found
