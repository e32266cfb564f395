"""What disappeared from a list on Trakt: noted always, taken back only if the user chose so, and never in a hurry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from sync.engine import ledger
from sync.models import SyncItem
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection

    from sync.models import SyncRun

State = SyncItem.State

AGREEING = 2
"""Complete reads in a row that must lack a thing before it is believed to be removed."""

MOST_GONE = 0.1
"""A list that lost a larger share than this at once may be a fault of Trakt's, so the user is asked."""


@dataclass(slots=True)
class Gone:
    """What a read told of removals. ``unsettled``: another read must agree first. ``asked``: items put into review."""

    unsettled: bool = False
    asked: list[int] = field(default_factory=list)


def note_gone(run: SyncRun, kind: str, keys: Collection[str], *, take_back: bool) -> Gone:
    """Note which items of *kind* a complete read lacked; let them be taken back where two reads agree.

    Taking back is planned as everything else is: the item is new again, and wants the opposite.
    """
    mine = SyncItem.objects.filter(user_id=run.user_id, kind=kind)
    # A row that could not be read has no identity: one that is not at its place any more is of no use.
    mine.filter(source_key__startswith="?").exclude(source_key__in=[k for k in keys if k.startswith("?")]).delete()
    standing = dict(mine.exclude(gone_reads__gte=AGREEING).values_list("pk", "source_key"))
    missing = [pk for pk, key in standing.items() if key not in keys]
    if not missing:
        return Gone()
    if run.dry_run:
        return Gone(unsettled=True)
    return _note(run, kind, missing, known=len(standing), take_back=take_back)


def _note(run: SyncRun, kind: str, missing: list[int], *, known: int, take_back: bool) -> Gone:
    with transaction.atomic():
        for part in ledger.chunks(missing):
            rows = SyncItem.objects.filter(pk__in=part)
            rows.filter(gone_at=None).update(gone_at=timezone.now())
            rows.update(gone_reads=F("gone_reads") + 1, run=run)
        if not take_back:
            _settle(missing, gone_reads=AGREEING)
            run.log("No longer on Trakt: %(n)s rows of %(kind)s. What was written stays.", n=len(missing), kind=kind)
            return Gone()
        if len(missing) > MOST_GONE * known:
            written = _of(missing, state=State.DONE)
            _settle(missing, gone_reads=AGREEING)
            _settle(written, state=State.REVIEW, reason=Reason.LIST_SHRANK, next_try_at=None)
            counts = {"n": len(missing), "known": known, "kind": kind}
            run.log("%(n)s of %(known)s rows of %(kind)s are missing on Trakt: please confirm.", "warning", **counts)
            return Gone(asked=written)
        agreed = _of(missing, gone_reads__gte=AGREEING)
        _settle(_of(agreed, state=State.DONE), state=State.NEW, reason="", detail="", next_try_at=None)
        return Gone(unsettled=len(agreed) < len(missing))


def _of(keys: list[int], **conditions: object) -> list[int]:
    """Return those of the items that fulfil *conditions*; only what is done was written by us."""
    found: list[int] = []
    for part in ledger.chunks(keys):
        found += SyncItem.objects.filter(pk__in=part, **conditions).values_list("pk", flat=True)
    return found


def _settle(keys: list[int], **values: object) -> None:
    for part in ledger.chunks(keys):
        SyncItem.objects.filter(pk__in=part).update(**values)
