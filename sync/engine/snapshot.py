"""Keep a user's whole Bangumi list, as the API shows it, from before the first write to the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from sync.models import Snapshot, SubjectPlan
from sync.models.snapshot import pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.bangumi.schemas import KeptRow
    from sync.models import BangumiAccount, SyncRun

NOT_BEGUN = (SubjectPlan.Status.PLANNED, SubjectPlan.Status.DECLINED)


def snapshot_due(run: SyncRun, account: BangumiAccount) -> bool:
    """Tell whether *run* is to keep the list: nothing has been written to this account yet, as far as is known."""
    if run.dry_run:
        return False
    known = Snapshot.objects.filter(user_id=run.user_id, bangumi_id=account.bangumi_id).first()
    if known is None:
        return True
    plans = SubjectPlan.objects.filter(user_id=run.user_id, account_id=account.bangumi_id, run__dry_run=False)
    return not plans.exclude(status__in=NOT_BEGUN).filter(updated_at__gte=known.taken_at).exists()


def keep_snapshot(run: SyncRun, account: BangumiAccount, rows: Sequence[KeptRow]) -> None:
    """Store the list, and let go of the rows as they came: the run needs only what was read from them."""
    Snapshot.objects.update_or_create(
        user_id=run.user_id,
        bangumi_id=account.bangumi_id,
        defaults={
            "username": account.username,
            "taken_at": timezone.now(),
            "entries": len(rows),
            "packed": pack([row.raw for row in rows]),
        },
    )
    for row in rows:
        row.raw.clear()
