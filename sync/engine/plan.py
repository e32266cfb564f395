"""Stage three: by subject, compare what was watched with what Bangumi shows, and say what is to be written."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.utils import timezone

from bgmsync.shared.http import NotFound, RemoteError, together
from sync.bangumi.client import COLLECTION_LIMIT
from sync.bangumi.schemas import CollectionType, EpisodeStatus, SubjectType
from sync.engine import ledger
from sync.engine.context import STOPS_ALL
from sync.engine.facts import fact_of, work_of
from sync.engine.rules import Change, Found, decide, has_ended
from sync.matching.facts import MAIN_EPISODE, Candidate, Confidence, Verdict
from sync.matching.gate import gate
from sync.models import SubjectPlan, SyncItem, SyncRun
from sync.reasons import Reason
from trakt.models import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.bangumi.schemas import CollectionRow
    from sync.engine.context import Context, Listing
    from sync.matching.facts import Episode, Subject, Work

State = SyncItem.State
SUBJECTS_AT_ONCE = 64
"""Subjects whose items are held in memory together."""


async def plan(ctx: Context) -> list[SubjectPlan]:
    """Make and store a plan for each subject that has something to be written; settle the items that have not."""
    subjects = await sync_to_async(ledger.matched_subjects)(ctx.run.user_id)
    if not subjects:
        return []
    await ctx.stage(SyncRun.Stage.PLAN, len(subjects))
    await read_lists(ctx, subjects)
    unfinished = await sync_to_async(ledger.unfinished_plans)(ctx.run.user_id)
    plans: list[SubjectPlan] = []
    for part in ledger.chunks(subjects, SUBJECTS_AT_ONCE):
        plans += await _plan_part(ctx, part, unfinished)
    return plans


async def _plan_part(ctx: Context, subjects: Sequence[int], unfinished: Mapping[int, SubjectPlan]) -> list[SubjectPlan]:
    items, titles = await sync_to_async(ledger.matched_items)(ctx.run.user_id, subjects)
    works = {pk: work_of(title) for pk, title in titles.items()}
    known = {item.pk: item.episode_id for item in items}
    groups = {subject: list(group) for subject, group in groupby(items, key=lambda item: item.subject_id or 0)}
    try:
        made = await together(
            _plan_subject(ctx, subject, [(item, works[item.title_id or 0]) for item in group], unfinished.get(subject))
            for subject, group in groups.items()
        )
    finally:
        await ctx.flush_cache()
    plans = [p for p in made if p is not None]
    moved = [item for item in items if item.episode_id != known[item.pk]]
    await sync_to_async(ledger.save_plans)(ctx.run, plans, items, moved)
    earlier = [p for p in unfinished.values() if p.subject_id in groups and p.run_id != ctx.run.pk]
    await sync_to_async(ledger.close_plans)(earlier, {p.subject_id for p in plans})
    return plans


async def read_lists(ctx: Context, subjects: Iterable[int]) -> None:
    """Learn where the subjects stand on the user's list: from its pages, or one by one where that asks for less."""
    wanted = list(subjects)
    account = ctx.account
    me = await ctx.bangumi.me()
    if (account.username, account.bangumi_id) != (me.username, me.id):
        account.username, account.bangumi_id = me.username, me.id
        await account.asave(update_fields=["username", "bangumi_id"])
    everything = ctx.config.scope == Scope.ALL
    pages = max(-(-account.listed // COLLECTION_LIMIT), 1)
    if len(wanted) < pages:
        found = await _entries(ctx, me.username, wanted)
    else:
        found = await ctx.bangumi.collections(me.username, None if everything else SubjectType.ANIME)
        account.listed = len(found)
        await account.asave(update_fields=["listed"])
        # A person may have mapped something to a subject of another type, which this list does not hold.
        known = ctx.index.entries.keys() | {row.subject_id for row in found}
        found += [] if everything else await _entries(ctx, me.username, [s for s in wanted if s not in known])
    ctx.lists = dict.fromkeys(wanted) | {row.subject_id: row.type for row in found}
    ctx.counts = {row.subject_id: row.subject.eps or 0 for row in found if row.subject}


async def _entries(ctx: Context, username: str, subjects: Iterable[int]) -> list[CollectionRow]:
    """Read entries one by one. Of a subject that is not found nothing is known: not even that it has none."""

    async def entry(subject_id: int) -> CollectionRow | None:
        try:
            return await ctx.bangumi.collection(username, subject_id)
        except NotFound:
            ctx.hidden.add(subject_id)
            return None

    return [row for row in await together(entry(subject) for subject in subjects) if row]


async def _plan_subject(
    ctx: Context, subject_id: int, pairs: Sequence[tuple[SyncItem, Work]], unfinished: SubjectPlan | None
) -> SubjectPlan | None:
    items = [item for item, _work in pairs]
    for item in items:
        item.run = ctx.run
    try:
        listing = await ctx.listing(subject_id)
        if subject_id in ctx.hidden:
            await ctx.make_sure(subject_id)
    except RemoteError as error:
        for item in items:
            ledger.put_back(item, State.WAITING, error.reason, error.detail)
        if isinstance(error, STOPS_ALL):
            raise
        return None
    ctx.run.step += 1
    if listing is None or subject_id in ctx.hidden:
        _review(items, Reason.SUBJECT_MISSING)
        return None
    kept = _through_gate(ctx.facts(subject_id, listing), pairs)
    watched = _resolve(listing, kept)
    found = found_of(listing, ctx.lists.get(subject_id))
    change = decide(
        found,
        watched,
        ended=_ended(ctx, subject_id, listing),
        film=_is_film(kept, listing),
        resumed=unfinished is not None,
    )
    return _store(ctx, kept, found, change, unfinished)


def _through_gate(subject: Subject, pairs: Sequence[tuple[SyncItem, Work]]) -> list[SyncItem]:
    """Send to review the items whose air date points at another episode than the list says; return the others.

    A person's decision is not questioned.
    """
    kept = [item for item, _work in pairs if item.by_person]
    judged = [(item, work) for item, work in pairs if not item.by_person]
    conflicts = gate(
        [
            (
                fact_of(item, work),
                Verdict(Candidate(subject.id, item.position, item.episode_id, Confidence(item.confidence))),
            )
            for item, work in judged
        ],
        {subject.id: subject},
    )
    for (item, _work), conflict in zip(judged, conflicts, strict=True):
        if conflict is None:
            kept.append(item)
        else:
            _review([item], str(conflict))
    return kept


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


def _store(
    ctx: Context, items: Sequence[SyncItem], found: Found, change: Change, unfinished: SubjectPlan | None
) -> SubjectPlan | None:
    ours = set(unfinished.mark) if unfinished else set()
    for item in items:
        if item.episode_id in change.mark or (item.episode_id is None and change.collect):
            item.state, item.reason = State.PLANNED, ""
        else:
            # What an interrupted attempt of ours has marked is done, not found.
            mine = item.episode_id in ours
            item.state, item.reason, item.next_try_at = State.DONE if mine else State.ALREADY, "", None
    if not (items and change):
        return None
    return SubjectPlan(
        run=ctx.run,
        user_id=ctx.run.user_id,
        subject_id=items[0].subject_id,
        before={
            "list": found.listed,
            "marks": {str(e): found.marks.get(e, EpisodeStatus.NONE) for e in change.mark},
        },
        collect=change.collect,
        clear=list(change.clear),
        mark=list(change.mark),
        complete=change.complete,
    )


def _review(items: Iterable[SyncItem], reason: str) -> None:
    for item in items:
        item.state, item.reason, item.next_try_at = State.REVIEW, str(reason), None
