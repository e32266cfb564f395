"""Stage three: by subject, compare what was watched with what Bangumi shows, and say what is to be written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.utils import timezone

from bgmsync.shared.http import NotFound, RemoteError, together
from sync.bangumi.client import COLLECTION_LIMIT
from sync.bangumi.schemas import CollectionType, EpisodeStatus, SubjectType
from sync.engine import ledger
from sync.engine.adult import is_adult
from sync.engine.context import STOPS_ALL
from sync.engine.facts import evidence_of, fact_of, work_of
from sync.engine.kinds.asking import gather
from sync.engine.kinds.entry import Seen
from sync.engine.kinds.watched import learn_what_was_watched
from sync.engine.rules import HELD, Change, Found, decide, has_ended
from sync.engine.snapshot import keep_snapshot, snapshot_due
from sync.matching.facts import MAIN_EPISODE, Candidate, Confidence, Verdict
from sync.matching.gate import gate
from sync.models import SubjectPlan, SyncItem, SyncRun
from sync.reasons import Reason
from trakt.models import Scope
from trakt.rules import PrivateMarks, Resumed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.bangumi.schemas import CollectionRow
    from sync.engine.context import Context, Listing
    from sync.engine.kinds.asking import Asking
    from sync.engine.kinds.entry import EntryChange
    from sync.matching.facts import Episode, Subject, Work

State = SyncItem.State
SUBJECTS_AT_ONCE = 64
"""Subjects whose items are held in memory together."""


async def plan(ctx: Context) -> list[SubjectPlan]:
    """Make and store a plan for each subject that has something to be written; settle the items that have not."""
    asking = await sync_to_async(gather)(ctx.run, ctx.config, ctx.index)
    played = await sync_to_async(ledger.matched_subjects)(ctx.run.user_id)
    subjects = sorted(asking.subjects.union(played))
    plans: list[SubjectPlan] = []
    if subjects:
        await ctx.stage(SyncRun.Stage.PLAN, len(subjects))
        await read_lists(ctx, subjects)
        await learn_what_was_watched(ctx, asking)
        unfinished = await sync_to_async(ledger.unfinished_plans)(ctx.run.user_id)
        for part in ledger.chunks(subjects, SUBJECTS_AT_ONCE):
            plans += await _plan_part(ctx, part, unfinished, asking)
    ctx.shared = asking.conclude()
    await sync_to_async(ledger.save_states)(asking.items.values())
    return plans


async def _plan_part(
    ctx: Context, subjects: Sequence[int], unfinished: Mapping[int, SubjectPlan], asking: Asking
) -> list[SubjectPlan]:
    items, titles = await sync_to_async(ledger.matched_items)(ctx.run.user_id, subjects)
    works = {pk: work_of(title) for pk, title in titles.items()}
    known = {item.pk: item.episode_id for item in items}
    groups: dict[int, list[tuple[SyncItem, Work]]] = {subject: [] for subject in subjects}
    for item in items:
        groups[item.subject_id or 0].append((item, works[item.title_id or 0]))
    try:
        made = await together(
            _plan_subject(ctx, subject, pairs, unfinished.get(subject), asking) for subject, pairs in groups.items()
        )
    finally:
        await ctx.flush_cache()
    plans = [p for p in made if p is not None]
    moved = [item for item in items if item.episode_id != known[item.pk]]
    await sync_to_async(ledger.save_plans)(ctx.run, plans, items, moved)
    earlier = [p for p in unfinished.values() if p.subject_id in groups and p.run_id != ctx.run.pk]
    await sync_to_async(ledger.close_plans)(earlier, {p.subject_id for p in plans}, ctx.rows)
    return plans


async def read_lists(ctx: Context, subjects: Iterable[int]) -> None:
    """Learn where the subjects stand on the user's list: from its pages, or one by one where that asks for less."""
    wanted = list(subjects)
    account = ctx.account
    me = await ctx.bangumi.me()
    if (account.username, account.bangumi_id) != (me.username, me.id):
        if account.bangumi_id not in {None, me.id}:
            account.approved_at = None  # what was agreed to was another account
        account.username, account.bangumi_id = me.username, me.id
        await account.asave(update_fields=["username", "bangumi_id", "approved_at"])
    keep = await sync_to_async(snapshot_due)(ctx.run, account)
    everything = keep or ctx.config.scope == Scope.ALL  # a snapshot is of all that the list holds
    pages = max(-(-account.listed // COLLECTION_LIMIT), 1)
    if len(wanted) < pages and not keep:
        found = await _entries(ctx, me.username, wanted)
    else:
        found = await _whole_list(ctx, me.username, keep=keep)
        # A person may have mapped something to a subject of another type, which this list does not hold.
        known = ctx.index.entries.keys() | {row.subject_id for row in found}
        found += [] if everything else await _entries(ctx, me.username, [s for s in wanted if s not in known])
    ctx.rows = {row.subject_id: row for row in found}
    ctx.lists = dict.fromkeys(wanted) | {row.subject_id: row.type for row in found}
    ctx.counts = {row.subject_id: row.subject.eps or 0 for row in found if row.subject}
    to_keep = {*wanted, *await sync_to_async(ledger.without_cover)(row.subject_id for row in found)}
    told = [row.subject for row in found if row.subject and row.subject_id in to_keep]
    await sync_to_async(ledger.remember_names)(told)


async def _whole_list(ctx: Context, username: str, *, keep: bool) -> list[CollectionRow]:
    """Read the pages of the list, of anime alone where nothing else is carried over; *keep* them as a snapshot."""
    account, all_types = ctx.account, ctx.config.scope == Scope.ALL
    found: list[CollectionRow]
    if keep:
        kept = await ctx.bangumi.everything(username)
        await sync_to_async(keep_snapshot)(ctx.run, account, kept)
        found = [*kept]
    else:
        found = await ctx.bangumi.collections(username, None if all_types else SubjectType.ANIME)
    account.listed = sum(all_types or row.subject_type == SubjectType.ANIME for row in found)
    await account.asave(update_fields=["listed"])
    return found


async def _entries(ctx: Context, username: str, subjects: Iterable[int]) -> list[CollectionRow]:
    """Read entries one by one. Of a subject that is not found nothing is known: not even that it has none."""

    async def entry(subject_id: int) -> CollectionRow | None:
        try:
            return await ctx.bangumi.collection(username, subject_id)
        except NotFound:
            ctx.hidden.add(subject_id)
            return None

    return [row for row in await together(entry(subject) for subject in subjects) if row]


@dataclass(slots=True)
class Plays:
    """What this run's plays of a subject want to be written, and how much of it is watched then."""

    items: list[SyncItem] = field(default_factory=list)
    found: Found = field(default_factory=lambda: Found(None, {}, ()))
    change: Change = field(default_factory=Change)
    seen: Seen | None = None


async def _plan_subject(
    ctx: Context,
    subject_id: int,
    pairs: Sequence[tuple[SyncItem, Work]],
    unfinished: SubjectPlan | None,
    asking: Asking,
) -> SubjectPlan | None:
    try:
        if await _is_unwanted(ctx, subject_id):
            _settle([item for item, _work in pairs], State.SKIPPED, Reason.ADULT)
            asking.leave(subject_id, Reason.ADULT)
            return None
        plays = await _plan_plays(ctx, subject_id, pairs, unfinished) if pairs else Plays()
        if subject_id in ctx.hidden:
            await ctx.make_sure(subject_id)
    except RemoteError as error:
        asking.errors[subject_id] = error
        for item, _work in pairs:
            ledger.put_back(item, State.WAITING, error.reason, error.detail)
        if isinstance(error, STOPS_ALL):
            raise
        return None
    ctx.run.step += 1
    if subject_id in ctx.hidden:
        _review([item for item, _work in pairs], Reason.SUBJECT_MISSING)
        asking.hide(subject_id)
        return None
    row = ctx.rows.get(subject_id)
    entry = asking.decide(subject_id, row, unfinished, joins=plays.change.collect, seen=plays.seen)
    _note_fates(plays, unfinished)
    change = _merged(plays.change, entry, reveal=_reveals(ctx, row, unfinished))
    if not change:
        return None
    made = _plan_of(ctx, subject_id, row, plays.found, change)
    made.reason = str(Reason.INTERRUPTED) if unfinished else ""  # it goes on with what was begun
    return made


async def _is_unwanted(ctx: Context, subject_id: int) -> bool:
    """Tell whether the subject would be added to the list although the user wants no such."""
    return not ctx.rules.adult and ctx.lists.get(subject_id) is None and await is_adult(ctx, subject_id)


async def _plan_plays(
    ctx: Context, subject_id: int, pairs: Sequence[tuple[SyncItem, Work]], unfinished: SubjectPlan | None
) -> Plays:
    """Compare what was watched with the subject's episodes; plays that can't be placed go to review."""
    for item, _work in pairs:
        item.run = ctx.run
    listing = await ctx.listing(subject_id)
    if listing is None:
        return Plays()
    kept = _through_gate(ctx.facts(subject_id, listing), pairs)
    found = found_of(listing, ctx.lists.get(subject_id))

    def change_for(items: list[SyncItem]) -> Change:
        return decide(
            found,
            _resolve(listing, items),
            ended=_ended(ctx, subject_id, listing),
            film=_is_film(items, listing),
            resumed=unfinished is not None and bool(unfinished.mark or unfinished.complete),
            rules=ctx.rules,
        )

    change = change_for(kept)
    if change.mark and (held := held_back(ctx, subject_id, unfinished)):
        kept = _hold_back(kept, change, *held)
        change = change_for(kept)
    if not kept:
        return Plays(seen=Seen.SOME if pairs else None)
    after = {e for e, state in found.marks.items() if state == EpisodeStatus.WATCHED} | set(change.mark)
    seen = Seen.ALL if (found.main and after.issuperset(found.main)) or _is_film(kept, listing) else Seen.SOME
    return Plays(kept, found, change, seen)


def held_back(ctx: Context, subject_id: int, unfinished: SubjectPlan | None) -> tuple[State, Reason] | None:
    """Tell whether the user's rules leave the subject's episodes alone, and why."""
    rules, row = ctx.rules, ctx.rows.get(subject_id)
    if rules.resumed == Resumed.SKIP and ctx.lists.get(subject_id) in HELD:
        return State.SKIPPED, Reason.HELD_BACK
    ours = unfinished is not None and unfinished.reveal  # hidden by us, for the quiet of a first import
    private = (row.private and not ours) if row else ctx.config.private
    if not private or rules.mark_private == PrivateMarks.ALLOW:
        return None
    if rules.mark_private == PrivateMarks.SKIP:
        return State.SKIPPED, Reason.PRIVATE_SKIPPED
    return State.REVIEW, Reason.PRIVATE_ASKED


def _hold_back(items: Iterable[SyncItem], change: Change, state: State, reason: Reason) -> list[SyncItem]:
    """Settle the items that *change* would mark; return the others, which need no write."""
    left = []
    for item in items:
        if item.episode_id in change.mark:
            item.state, item.reason, item.next_try_at = state, str(reason), None
        else:
            left.append(item)
    return left


def _merged(plays: Change, entry: EntryChange, *, reveal: bool) -> Change:
    """Join what the plays and the lists want into one change, so that the entry is written once."""
    return replace(
        plays,
        collect=entry.type or plays.collect,
        complete=plays.complete and entry.type is None,
        rate=entry.rate,
        tags=entry.tags,
        reveal=reveal and bool(entry.type or plays.collect or plays or entry),
    )


def _reveals(ctx: Context, row: CollectionRow | None, unfinished: SubjectPlan | None) -> bool:
    """Tell whether an entry of ours is to be shown at the end: a new one of a quiet first import, or one left so."""
    if row is not None:
        return row.private and unfinished is not None and unfinished.reveal
    return ctx.config.quiet_first and not ctx.config.private and ctx.config.last_good_at is None


def _through_gate(subject: Subject, pairs: Sequence[tuple[SyncItem, Work]]) -> list[SyncItem]:
    """Send to review the items whose air date points at another episode than the list says; return the others.

    A person's decision is not questioned.
    """
    kept = [item for item, _work in pairs if item.by_person]
    judged = [(item, work) for item, work in pairs if not item.by_person]
    conflicts = gate(
        [(fact_of(item, work), Verdict(_as_candidate(item, subject.id))) for item, work in judged],
        {subject.id: subject},
    )
    for (item, _work), conflict in zip(judged, conflicts, strict=True):
        if conflict is None:
            kept.append(item)
        else:
            _review([item], str(conflict))
    return kept


def _as_candidate(item: SyncItem, subject_id: int) -> Candidate:
    """Return what the item was matched with, evidence and all: the gate asks whether its season airs late."""
    evidence = evidence_of(item.evidence)
    return Candidate(subject_id, item.position, item.episode_id, Confidence(item.confidence), evidence)


def _resolve(listing: Listing, items: list[SyncItem]) -> set[int]:
    """Give each item its episode in the list as it is now; those that have none go to review and out of *items*."""
    main = main_episodes(listing.episodes)
    known = {episode.id for episode in listing.episodes}
    for item in list(items):
        if item.episode_id not in known:
            item.episode_id = _at(main, item.position)
        if item.episode_id is None and not (item.season is None and not main):
            # A film without a single listed episode is done by its collection alone; anything else needs a row.
            _review([item], Reason.EPISODE_MISSING)
            items.remove(item)
    return {item.episode_id for item in items if item.episode_id is not None}


def _at(main: Sequence[Episode], position: int | None) -> int | None:
    if position is None or not 1 <= position <= len(main):
        return None
    return main[position - 1].id


def main_episodes(episodes: Iterable[Episode]) -> list[Episode]:
    return sorted((e for e in episodes if e.type == MAIN_EPISODE), key=lambda e: (e.sort, e.id))


def found_of(listing: Listing, listed: CollectionType | None) -> Found:
    return Found(listed=listed, marks=listing.marks, main=tuple(e.id for e in main_episodes(listing.episodes)))


def _is_film(items: Sequence[SyncItem], listing: Listing) -> bool:
    """Tell whether the subject is one film: watching it once is all there is to do."""
    return bool(items) and len(main_episodes(listing.episodes)) <= 1 and any(item.season is None for item in items)


def _ended(ctx: Context, subject_id: int, listing: Listing) -> bool:
    entry = ctx.index.entries.get(subject_id)
    return has_ended(
        listing.episodes,
        timezone.now().date().toordinal(),
        known_end=entry.end if entry else 0,
        known_count=ctx.counts.get(subject_id, 0),
    )


def _note_fates(plays: Plays, unfinished: SubjectPlan | None) -> None:
    """Say of each play whether it is to be written, or is so already."""
    ours = set(unfinished.mark) if unfinished else set()
    # What an earlier attempt has marked is owed until the subject is completed as well: nothing else brings it back.
    owed = unfinished is not None and plays.change.complete
    for item in plays.items:
        if owed or item.episode_id in plays.change.mark or (item.episode_id is None and plays.change.collect):
            item.state, item.reason = State.PLANNED, ""
        else:
            # What an interrupted attempt of ours has marked is done, not found.
            mine = item.episode_id in ours
            item.state, item.reason, item.next_try_at = State.DONE if mine else State.ALREADY, "", None


def _plan_of(ctx: Context, subject_id: int, row: CollectionRow | None, found: Found, change: Change) -> SubjectPlan:
    return SubjectPlan(
        run=ctx.run,
        user_id=ctx.run.user_id,
        account_id=ctx.account.bangumi_id,
        subject_id=subject_id,
        before={
            "list": row.type if row else None,
            "rate": row.rate if row else 0,
            "tags": list(row.tags) if row else [],
            "marks": {str(e): found.marks.get(e, EpisodeStatus.NONE) for e in change.mark},
        },
        collect=change.collect,
        rate=change.rate,
        tags=None if change.tags is None else list(change.tags),
        clear=list(change.clear),
        mark=list(change.mark),
        complete=change.complete,
        reveal=change.reveal,
    )


def _review(items: Iterable[SyncItem], reason: str) -> None:
    _settle(items, State.REVIEW, reason)


def _settle(items: Iterable[SyncItem], state: State, reason: str) -> None:
    for item in items:
        item.state, item.reason, item.next_try_at = state, str(reason), None
