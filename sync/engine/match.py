"""Stage two: say for each new item which subject and episode it is, or why that can't be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.utils import timezone

from bgmsync.shared.http import NotFound, RemoteError, together
from sync.engine import ledger
from sync.engine.adult import remember
from sync.engine.context import STOPS_ALL
from sync.engine.facts import evidence_rows, fact_of, listed_of, overrides_for, subject_of, work_of
from sync.engine.kinds.matching import match_lists
from sync.engine.scope import out_of_scope
from sync.matching import overrides as decisions
from sync.matching.facts import Candidate, Confidence, Known, Subject, Verdict, Wants
from sync.matching.judge import judge
from sync.models import Subject as SubjectRow
from sync.models import SyncItem, SyncRun
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sync.engine.context import Context
    from sync.matching.facts import Judgement, Listed, Work
    from sync.matching.overrides import Override
    from trakt.models import Title

State = SyncItem.State
TITLES_AT_ONCE = 64
ROUNDS = 4
"""How often the rules may ask for more about one title before they must conclude."""


async def match(ctx: Context) -> None:
    """Judge all new items of the user, title by title, and store the verdicts."""
    await sync_to_async(_settle_untitled)(ctx.run)
    title_ids = await sync_to_async(ledger.titles_with_new_items)(ctx.run.user_id)
    await ctx.stage(SyncRun.Stage.MATCH, len(title_ids))
    for part in ledger.chunks(title_ids, TITLES_AT_ONCE):
        groups = await sync_to_async(ledger.new_items)(ctx.run.user_id, part)
        overrides = await sync_to_async(overrides_for)(ctx.run.user_id, [title for title, _items in groups])
        cached = await sync_to_async(_cached_subjects)(ctx, groups)
        try:
            await together(_match_title(ctx, title, items, overrides, cached) for title, items in groups)
        finally:
            await sync_to_async(ledger.save_verdicts)([item for _title, items in groups for item in items])
            await ctx.flush_cache()
    await sync_to_async(match_lists)(ctx.run, ctx.config, ctx.index)


def _settle_untitled(run: SyncRun) -> None:
    items = ledger.items_without_title(run.user_id)
    for item in items:
        item.run = run
        ledger.put_back(item, State.FAILED, item.reason or Reason.UNREADABLE_ROW, item.detail)
    ledger.save_verdicts(items)


def _cached_subjects(ctx: Context, groups: Sequence[tuple[Title, list[SyncItem]]]) -> dict[int, Subject]:
    """Return what the shared cache still knows of the subjects that these titles' ids lead to."""
    wanted = set()
    for title, items in groups:
        work = work_of(title)
        wanted |= judge(ctx.index, work, [fact_of(item, work) for item in items], Known()).wants.subjects
    rows = [row for part in ledger.chunks(list(wanted)) for row in SubjectRow.objects.filter(pk__in=part)]
    return {row.pk: row.facts() for row in rows if row.is_fresh and row.episodes is not None}


async def _match_title(
    ctx: Context, title: Title, items: list[SyncItem], overrides: Sequence[Override], cached: dict[int, Subject]
) -> None:
    work = work_of(title)
    for item in items:
        item.run = ctx.run
    open_items = _apply_overrides(items, overrides, work)
    open_items = _leave_out(ctx, open_items, work)
    if not open_items:
        ctx.run.step += 1
        return
    try:
        judgement = await _judge(ctx, title, work, open_items, cached)
        await together(ctx.make_sure(subject) for subject in _decided_by_hiding(judgement, ctx.hidden))
    except RemoteError as error:
        for item in open_items:
            ledger.put_back(item, State.WAITING, error.reason, error.detail)
        if isinstance(error, STOPS_ALL):
            raise
        return
    for item, verdict in zip(open_items, judgement.verdicts, strict=True):
        conclude(item, verdict, threshold=ctx.config.threshold, hidden=ctx.hidden)
    ctx.run.step += 1


def _apply_overrides(items: list[SyncItem], overrides: Sequence[Override], work: Work) -> list[SyncItem]:
    """Settle what a person decided; return what is left."""
    left = []
    for item in items:
        fact = fact_of(item, work)
        override = decisions.choose(overrides, fact)
        if override is None:
            left.append(item)
        elif (verdict := decisions.decide(override, fact, Known())).best is None:
            _settle(item, State.SKIPPED, Reason.IGNORED)
        else:
            _accept(item, verdict.best, by_person=True)
    return left


def _leave_out(ctx: Context, items: list[SyncItem], work: Work) -> list[SyncItem]:
    """Skip, with the reason, what the user's settings leave out; return what is left."""
    config = ctx.config
    outside = out_of_scope(config.scope, work, ctx.index)
    left = []
    for item in items:
        if config.since and (item.watched_at is None or item.watched_at.date() < config.since):
            _settle(item, State.SKIPPED, Reason.BEFORE_SINCE)
        elif outside is not None:
            _settle(item, State.SKIPPED, outside)
        else:
            left.append(item)
    return left


async def _judge(
    ctx: Context, title: Title, work: Work, items: Sequence[SyncItem], cached: dict[int, Subject]
) -> Judgement:
    """Ask the rules, fetch what they want, and ask again, until nothing new can be had."""
    facts = [fact_of(item, work) for item in items]
    subjects = dict(cached)
    seasons = listed_of(title)
    found: tuple[Subject, ...] | None = None
    judgement = judge(ctx.index, work, facts, Known(subjects, seasons, found))
    for _round in range(ROUNDS):
        wants = judgement.wants
        new = wants.subjects - subjects.keys()
        if not (new or (wants.seasons and seasons is None) or (wants.search and found is None)):
            break
        subjects |= dict(zip(new, await together(_read_subject(ctx, subject) for subject in new), strict=True))
        if wants.seasons and seasons is None:
            seasons = await _read_seasons(ctx, title)
        if wants.search and found is None:
            found = await _search(ctx, wants)
        judgement = judge(ctx.index, work, facts, Known(subjects, seasons, found))
    return judgement


async def _read_subject(ctx: Context, subject_id: int) -> Subject:
    listing = await ctx.listing(subject_id)
    if listing is None:
        return Subject(subject_id, episodes=())
    return ctx.facts(subject_id, listing)


async def _read_seasons(ctx: Context, title: Title) -> tuple[Listed, ...]:
    if not ctx.config.is_usable:
        return ()  # an imported archive needs no connection: the rules conclude from what is there
    try:
        seasons = await ctx.trakt.seasons(title.trakt_id)
    except NotFound:
        seasons = []
    title.seasons = [
        [s.number, e.number, e.number_abs, e.title, e.first_aired.isoformat() if e.first_aired else None]
        for s in seasons
        for e in s.episodes or ()
    ]
    title.seasons_read_at = timezone.now()
    await title.asave(update_fields=["seasons", "seasons_read_at"])
    return listed_of(title) or ()


async def _search(ctx: Context, wants: Wants) -> tuple[Subject, ...]:
    found = await ctx.bangumi.search(wants.search)
    await remember(found)
    return tuple(subject_of(row) for row in found)


def conclude(item: SyncItem, verdict: Verdict, *, threshold: int, hidden: Collection[int] = ()) -> None:
    """Turn a verdict into the item's next state, by the user's threshold (pure but for the item, which is unsaved)."""
    item.candidates = [_as_json(candidate) for candidate in verdict.candidates]
    needed = Confidence.HIGH if verdict.demanding else Confidence(threshold)
    if verdict.best is None:
        reason = Reason.SUBJECT_MISSING if _all_hidden(verdict, hidden) else verdict.reason
        _settle(item, State.REVIEW, reason)
    elif verdict.best.subject_id in hidden:
        _propose(item, verdict.best)
        _settle(item, State.REVIEW, Reason.SUBJECT_MISSING)
    elif verdict.best.confidence < needed:
        _propose(item, verdict.best)
        _settle(item, State.REVIEW, verdict.reason or Reason.BELOW_THRESHOLD)
    else:
        _accept(item, verdict.best)


def _decided_by_hiding(judgement: Judgement, hidden: Collection[int]) -> set[int]:
    """Return the hidden subjects because of which something would go to review."""
    subjects = set()
    for verdict in judgement.verdicts:
        if verdict.best is not None:
            subjects.add(verdict.best.subject_id)
        elif _all_hidden(verdict, hidden):
            subjects |= {candidate.subject_id for candidate in verdict.candidates}
    return subjects.intersection(hidden)


def _all_hidden(verdict: Verdict, hidden: Collection[int]) -> bool:
    return bool(verdict.candidates) and all(c.subject_id in hidden for c in verdict.candidates)


def _accept(item: SyncItem, best: Candidate, *, by_person: bool = False) -> None:
    _propose(item, best)
    item.by_person = by_person
    item.state, item.reason, item.detail, item.next_try_at = State.MATCHED, "", "", None


def _propose(item: SyncItem, best: Candidate) -> None:
    item.subject_id, item.episode_id, item.position = best.subject_id, best.episode_id, best.position
    item.confidence = int(best.confidence)
    item.evidence = _as_json(best)["evidence"]


def _settle(item: SyncItem, state: State, reason: str) -> None:
    item.state, item.reason, item.next_try_at = state, str(reason), None


def _as_json(candidate: Candidate) -> dict:
    return {
        "subject_id": candidate.subject_id,
        "position": candidate.position,
        "episode_id": candidate.episode_id,
        "confidence": int(candidate.confidence),
        "evidence": evidence_rows(candidate.evidence),
    }
