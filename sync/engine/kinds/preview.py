"""What other rules would write, before they are saved: everything is decided as in a run, and nothing is stored.

It speaks of what is known: the ledger's facts, and the plays that a rule had left out. What Trakt has since the last
run only a run can tell, and a rule about plays to come writes nothing by being changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asgiref.sync import sync_to_async
from django.db.models import Q

from bgmsync.shared.http import NotFound, together
from sync.bangumi.schemas import CollectionType, SubjectType
from sync.engine import ledger
from sync.engine.clients import open_clients
from sync.engine.kinds import KINDS
from sync.engine.kinds.asking import entry_of, gather_from, standing_facts
from sync.engine.kinds.entry import EntryChange, Seen
from sync.engine.kinds.held import HeldPlays, held_plays
from sync.engine.kinds.matching import judge_in_memory, lists_of
from sync.engine.kinds.reopen import FINAL, PLAIN, REOPENED_BY, is_reopened_by
from sync.models import Subject, SyncItem
from trakt.models import Scope
from trakt.rules import Rules

if TYPE_CHECKING:
    from sync.bangumi.client import Bangumi
    from sync.bangumi.schemas import CollectionRow
    from sync.engine.kinds.asking import Asking
    from sync.engine.kinds.entry import Entry
    from sync.matching.index import Index
    from sync.models import BangumiAccount
    from trakt.models import TraktConfig

MOST_SINGLE = 20
"""Entries that the pages of the list do not hold, as of live action that a person chose, and that are asked for."""

Rows = dict[int, "CollectionRow"]


class Would(NamedTuple):
    """A subject that would be written: its entry now (None: not on the list), and what would be changed.

    ``ticks``: how many episodes would be ticked, at most; of plays that were left out before.
    """

    subject_id: int
    entry: Entry | None
    change: EntryChange
    ticks: int = 0

    @property
    def what(self) -> tuple[object, ...]:
        """What would be written, to be compared."""
        return (self.change.type, self.change.rate, self.change.tags, self.ticks)


class Difference(NamedTuple):
    """What changed rules would write. ``anyway``: subjects of which the saved ones would write the very same.

    ``no_more``: what the saved rules would write in the next run and the changed ones would not.
    """

    would: list[Would]
    anyway: set[int]
    no_more: list[Would]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings to be tried: *config* need not be saved. ``also``: reasons for which a settled fact is judged anew."""

    config: TraktConfig
    index: Index
    rules: Rules
    also: tuple[str, ...] = ()

    def gather(self) -> Asking:
        """Collect what the facts ask for that the next run would judge."""
        on = [kind.name for kind in KINDS.values() if kind.is_on(self.rules)]
        rows = lists_of(self.config.user_id).filter(gone_at=None, kind__in=on).exclude(title=None)
        rows = rows.exclude(reason__in=FINAL)
        if not is_reopened_by(self.rules, self.config):
            rows = rows.filter(~Q(state__in=PLAIN) | Q(reason__in=self.also))
        items: list[SyncItem] = list(rows.defer("evidence", "candidates").order_by("title_id", "pk"))
        for part in ledger.chunks(items, 1000):
            judge_in_memory(part, self.config, self.index, self.rules)
        fresh = {item.pk: item for item in items if item.state == SyncItem.State.MATCHED}
        titles = sorted({item.title_id for item in fresh.values() if item.title_id})
        judged = {item.pk for item in items}
        standing = [item for item in standing_facts(self.config.user_id, titles) if item.pk not in judged]
        return gather_from(list(fresh.values()), standing, self.config, self.index, self.rules)

    def held(self) -> HeldPlays:
        is_reopened = is_reopened_by(self.rules, self.config)
        return held_plays(self.config.user_id, self.rules) if is_reopened else HeldPlays()

    def about(self) -> set[int]:
        return self.gather().subjects | self.held().plays.keys()


async def preview(config: TraktConfig, account: BangumiAccount, index: Index, rules: Rules) -> list[Would]:
    """Return what *rules* would write of the facts that are known. Costs the pages of the user's Bangumi list.

    Raises :class:`bgmsync.shared.http.RemoteError`.
    """
    settings = Settings(config, index, rules)
    rows = await _read_list(config, account, index, await sync_to_async(settings.about)())
    return await sync_to_async(_would)(settings, rows)


async def difference(config: TraktConfig, saved: TraktConfig, account: BangumiAccount, index: Index) -> Difference:
    """Compare what *config*, which is not saved, would write with what the *saved* settings would. Costs the same."""
    changed = [name for name in REOPENED_BY if getattr(config, name) != getattr(saved, name)]
    also = tuple(str(reason) for name in changed for reason in REOPENED_BY[name])
    new, old = Settings(config, index, Rules.of(config), also), Settings(saved, index, Rules.of(saved))
    rows = await _read_list(config, account, index, await sync_to_async(new.about)())
    would = await sync_to_async(_would)(new, rows)
    before = {w.subject_id: w for w in await sync_to_async(_would)(old, rows)}
    anyway = {w.subject_id for w in would if w.subject_id in before and before[w.subject_id].what == w.what}
    now = {w.subject_id for w in would}
    return Difference(would, anyway, [w for subject, w in before.items() if subject not in now])


async def _read_list(config: TraktConfig, account: BangumiAccount, index: Index, about: set[int]) -> Rows:
    async with open_clients(config, account) as clients:
        me = await clients.bangumi.me()
        everything = config.scope == Scope.ALL
        found = await clients.bangumi.collections(me.username, None if everything else SubjectType.ANIME)
        rows = {row.subject_id: row for row in found}
        strange = [] if everything else sorted(about - index.entries.keys() - rows.keys())
        single = await together(_entry(clients.bangumi, me.username, s) for s in strange[:MOST_SINGLE])
    return rows | {row.subject_id: row for row in single if row}


async def _entry(bangumi: Bangumi, username: str, subject_id: int) -> CollectionRow | None:
    try:
        return await bangumi.collection(username, subject_id)
    except NotFound:
        return None


def _would(settings: Settings, rows: Rows) -> list[Would]:
    asking, held = settings.gather(), settings.held()
    subjects = asking.subjects | held.plays.keys()
    unwanted = set() if settings.rules.adult else _adult(subjects - rows.keys())
    would = (_of_subject(subject, rows.get(subject), asking, held, settings) for subject in sorted(subjects - unwanted))
    return [w for w in would if w.change or w.ticks]


def _of_subject(
    subject_id: int, row: CollectionRow | None, asking: Asking, held: HeldPlays, settings: Settings
) -> Would:
    entry = entry_of(row)
    plays = held.decide(subject_id, entry, settings.config, settings.rules, settings.index)
    seen = Seen.SOME if plays.mark else None
    change = asking.decide(subject_id, row, None, joins=plays.collect, seen=seen)
    change.type = change.type or (CollectionType.DONE if plays.complete else plays.collect)
    return Would(subject_id, entry, change, len(plays.mark))


def _adult(subjects: set[int]) -> set[int]:
    """Return which of *subjects* are known to be for adults only; the others nobody has asked about yet."""
    found: set[int] = set()
    for part in ledger.chunks(sorted(subjects)):
        found.update(Subject.objects.filter(pk__in=part, nsfw=True).values_list("pk", flat=True))
    return found
