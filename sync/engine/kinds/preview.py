"""What other rules would write, before they are saved: everything is decided as in a run, and nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asgiref.sync import sync_to_async

from sync.bangumi.schemas import SubjectType
from sync.engine import ledger
from sync.engine.clients import open_clients
from sync.engine.kinds.asking import entry_of, gather_from
from sync.engine.kinds.matching import judge_in_memory, lists_of
from sync.models import SyncItem
from trakt.models import Scope

if TYPE_CHECKING:
    from sync.engine.kinds.asking import Asking
    from sync.engine.kinds.entry import Entry, EntryChange
    from sync.matching.index import Index
    from sync.models import BangumiAccount
    from trakt.models import TraktConfig
    from trakt.rules import Rules


class Would(NamedTuple):
    """A subject that would be written: its entry now (None: not on the list), and what would be changed."""

    subject_id: int
    entry: Entry | None
    change: EntryChange


async def preview(config: TraktConfig, account: BangumiAccount, index: Index, rules: Rules) -> list[Would]:
    """Return what *rules* would write of the facts that are known. Costs the pages of the user's Bangumi list.

    Raises :class:`bgmsync.shared.http.RemoteError`.
    """
    async with open_clients(config, account) as clients:
        me = await clients.bangumi.me()
        everything = config.scope == Scope.ALL
        found = await clients.bangumi.collections(me.username, None if everything else SubjectType.ANIME)
    rows = {row.subject_id: row for row in found}
    asking = await sync_to_async(_gather)(config, index, rules)
    would = []
    for subject_id in sorted(asking.subjects):
        row = rows.get(subject_id)
        change = asking.decide(subject_id, row, None, joins=None, seen=None)
        if change:
            would.append(Would(subject_id, entry_of(row), change))
    return would


def _gather(config: TraktConfig, index: Index, rules: Rules) -> Asking:
    rows = lists_of(config.user_id).filter(gone_at=None).exclude(title=None).defer("evidence", "candidates")
    items: list[SyncItem] = list(rows.order_by("title_id", "pk"))
    for part in ledger.chunks(items, 1000):
        judge_in_memory(part, config, index, rules)
    fresh = [item for item in items if item.state == SyncItem.State.MATCHED]
    return gather_from(fresh, [], config, index, rules)
