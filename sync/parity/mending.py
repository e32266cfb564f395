"""Mend what a person chose in a comparison: the items become due again, and a run writes them as it writes anything.

Nothing is written here. What Bangumi has where the person chose Trakt's is no longer taken for the person's own word;
should they change it again before the run comes, it is theirs again, and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from sync import runs
from sync.engine import ledger
from sync.engine.kinds.collection import OWNED
from sync.models import SyncItem, SyncRun, Written
from sync.parity.rules import What
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.models import ParityReport, ParityRow

State = SyncItem.State
SETTLED = (State.DONE, State.ALREADY, State.SKIPPED)
"""States of what was carried over, or kept back. What became of an item since the comparison goes first."""

Finding = dict[str, Any]


class Mended(NamedTuple):
    """``run`` is None where nothing that was chosen is left to be mended."""

    findings: int
    run: SyncRun | None = None
    is_new: bool = False


def mend(report: ParityReport, chosen: Mapping[int, set[int]]) -> Mended:
    """Make due what was *chosen*, as places of findings by the row's key, and ask for a run that takes it up."""
    with transaction.atomic():
        rows = report.rows.select_for_update().filter(pk__in=list(chosen), subject_id__isnull=False)
        count = sum(_mend_row(report.user, row, chosen[row.pk]) for row in rows)
        if not count:
            return Mended(0)
        run, new = runs.request(report.user, SyncRun.Trigger.RETRY, only_retry=True)
    return Mended(count, run, new)


def _mend_row(user: Any, row: ParityRow, places: set[int]) -> int:
    count = 0
    for finding in row.findings_at(places):
        finding["asked"] = True
        keys = _items_of(user, row, finding)
        _give_up(user, row, finding)
        count += bool(_make_due(user, keys))
    row.save(update_fields=["findings"])
    return count


def _items_of(user: Any, row: ParityRow, finding: Finding) -> list[int]:
    """Return the items behind a finding: the plays of its episodes, or the facts that it names."""
    plays = SyncItem.objects.filter(user=user, kind=SyncItem.Kind.HISTORY, subject_id=row.subject_id, gone_at=None)
    match finding["what"]:
        case What.UNTICKED | What.REMARKED:
            found = plays.filter(episode_id__in=finding["episodes"], state__in=(State.DONE, State.ALREADY))
        case What.ENTRY:
            found = plays.filter(state__in=(State.DONE, State.ALREADY))
        case _:
            found = plays.none()
    return [*found.values_list("pk", flat=True), *finding["items"]]


def _make_due(user: Any, keys: Iterable[int]) -> int:
    now = timezone.now()
    return sum(
        SyncItem.objects.filter(user=user, pk__in=part, state__in=SETTLED).update(
            state=State.WAITING, reason=Reason.TO_MEND, detail="", attempts=0, next_try_at=now, updated_at=now
        )
        for part in ledger.chunks(list(keys))
    )


def _give_up(user: Any, row: ParityRow, finding: Finding) -> None:
    """Let the rules see what stands on Bangumi, as the comparison showed it, as nothing that the user insists on."""
    mine = Written.objects.filter(user=user, subject_id=row.subject_id)
    match finding["what"]:
        case What.ENTRY:
            mine.delete()
        case What.DROPPED:
            mine.update(type=None)
        case What.RATING:
            Written.objects.update_or_create(
                user=user, subject_id=row.subject_id, defaults={"rate": finding["on_bangumi"]}
            )
        case What.TAG:
            for written in mine:
                written.tags = [tag for tag in written.tags if tag != OWNED]
                written.save(update_fields=["tags", "updated_at"])
