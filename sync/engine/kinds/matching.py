"""Say which subjects each new fact of a list is about. Nothing is asked of anybody: ids, plays and decisions tell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sync.engine import ledger
from sync.engine.facts import evidence_rows, fact_of, overrides_for, work_of
from sync.engine.kinds import KINDS
from sync.engine.kinds.base import Fact, Leads
from sync.engine.kinds.where import Where
from sync.engine.scope import out_of_scope
from sync.matching import overrides as decisions
from sync.matching.codes import EvidenceCode
from sync.matching.facts import Confidence
from sync.models import SyncItem
from sync.reasons import Reason
from trakt.models import Title
from trakt.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.engine.kinds.base import Media
    from sync.matching.index import Index
    from sync.matching.overrides import Override
    from sync.models import SyncRun
    from trakt.models import TraktConfig

State = SyncItem.State
TITLES_AT_ONCE = 200
PLACED = (State.MATCHED, State.PLANNED, State.DONE, State.ALREADY, *SyncItem.RETRIED)
"""States in which a play's subject is believed."""

Played = dict[int, dict[int | None, list[int]]]
"""The subjects that plays went to, by title and season."""


def match_lists(run: SyncRun, config: TraktConfig, index: Index) -> None:
    """Judge all new items that are no plays, and store what came of it."""
    news = lists_of(run.user_id).filter(state=State.NEW).exclude(title=None)
    titles = list(news.order_by("title_id").values_list("title_id", flat=True).distinct())
    for part in ledger.chunks(titles, TITLES_AT_ONCE):
        items = list(news.filter(title_id__in=part).order_by("title_id", "pk"))
        judge_in_memory(items, config, index, Rules.of(config))
        for item in items:
            item.run = run
        ledger.save_verdicts(items)


def judge_in_memory(items: Sequence[SyncItem], config: TraktConfig, index: Index, rules: Rules) -> None:
    """Give *items* their subjects, or the reason why they have none; nothing is stored."""
    titles = sorted({item.title_id for item in items if item.title_id})
    wheres = Wheres.of(config.user_id, titles, index, config.threshold)
    for item in items:
        before = item.targets
        leads = leads_of(item, wheres, config.scope, rules)
        _conclude(item, leads, wheres.where(item))
        if item.ticked_subject_id is not None and (item.by_person or leads.reason == Reason.IGNORED):
            item.stale = sorted({*item.stale, *before} - {*item.targets})


def lists_of(user_id: int) -> Any:
    return SyncItem.objects.filter(user_id=user_id).exclude(kind=SyncItem.Kind.HISTORY)


def fact_of_row(item: SyncItem) -> Fact:
    """Return a row of the ledger as the kinds see it: the key says what it is about."""
    media = item.source_key.rpartition("/")[2].partition(":")[0]
    return Fact(
        item=item.pk,
        media=cast("Media", media),
        season=item.season,
        number=item.number,
        at=item.watched_at,
        told=item.told,
        gone=item.gone_at is not None,
    )


@dataclass(slots=True)
class Wheres:
    """Some titles with what is known of where they are, each looked up once."""

    index: Index
    threshold: int
    titles: dict[int, Title]
    played: Played
    overrides: list[Override]
    _made: dict[int, Where]

    @classmethod
    def of(cls, user_id: int, title_ids: Sequence[int | None], index: Index, threshold: int) -> Wheres:
        titles = {title.pk: title for title in Title.objects.filter(pk__in=title_ids).defer("seasons")}
        overrides = overrides_for(user_id, titles.values())
        return cls(index, threshold, titles, _played(user_id, list(titles)), overrides, {})

    def where(self, item: SyncItem) -> Where:
        title_id = item.title_id or 0
        if title_id not in self._made:
            work = work_of(self.titles[title_id])
            decided: defaultdict[int | None, list[int]] = defaultdict(list)
            for override in self.overrides:
                if override.kind == work.kind and override.trakt == work.trakt and override.subject_id:
                    decided[override.season].append(override.subject_id)
            played = self.played.get(title_id)
            self._made[title_id] = Where(self.index, work, played, decided, self.threshold)
        return self._made[title_id]

    def is_ignored(self, item: SyncItem) -> bool:
        """Tell whether a person said that this is to be left out."""
        chosen = decisions.choose(self.overrides, fact_of(item, self.where(item).work))
        return chosen is not None and chosen.subject_id is None


def _played(user_id: int, title_ids: Sequence[int]) -> Played:
    rows = SyncItem.objects.filter(
        user_id=user_id, kind=SyncItem.Kind.HISTORY, title_id__in=title_ids, state__in=PLACED, subject_id__isnull=False
    )
    played: Played = {}
    for title_id, season, subject_id in rows.order_by().values_list("title_id", "season", "subject_id").distinct():
        played.setdefault(title_id, {}).setdefault(season, []).append(subject_id)
    return played


def leads_of(item: SyncItem, wheres: Wheres, scope: str, rules: Rules) -> Leads:
    where = wheres.where(item)
    if wheres.is_ignored(item):
        return Leads(reason=str(Reason.IGNORED))
    # What a person mapped is wanted, whatever its genre.
    outside = None if where.is_decided else out_of_scope(scope, where.work, wheres.index)
    if outside is not None:
        return Leads(reason=str(outside))
    return KINDS[item.kind].leads(fact_of_row(item), where, rules)


def _conclude(item: SyncItem, leads: Leads, where: Where) -> None:
    item.detail, item.next_try_at = "", None
    if leads.subjects:
        item.targets, item.subject_id = list(leads.subjects), leads.subjects[0]
        item.by_person = where.decides(item.season)
        item.state, item.reason = State.MATCHED, ""
        item.confidence = int(Confidence.MEDIUM)
        item.evidence = _evidence(item, where)
        return
    item.targets, item.subject_id, item.by_person = [], None, False
    if leads.reason and not leads.asked:
        item.state, item.reason = State.SKIPPED, leads.reason
        return
    item.state = State.REVIEW
    item.reason = leads.reason or _why_no_film(where)
    item.candidates = list(_candidates(leads.candidates or tuple(c.subject_id for c in where.movie.candidates)))


def _why_no_film(where: Where) -> str:
    return str(where.movie.reason or Reason.BELOW_THRESHOLD)


def _candidates(subjects: Iterable[int]) -> Iterable[dict[str, Any]]:
    for subject_id in subjects:
        yield {"subject_id": subject_id, "position": None, "episode_id": None, "confidence": 0, "evidence": []}


def _evidence(item: SyncItem, where: Where) -> list[dict[str, Any]]:
    if item.by_person:
        return [{"code": str(EvidenceCode.OVERRIDE), "supports": True, "detail": {"scope": "work"}}]
    best = where.movie.best if where.work.kind == "movie" else None
    if best is not None and best.subject_id == item.subject_id:
        return evidence_rows(best.evidence)
    if where.work.kind == "show" and where.work.tmdb:
        detail = {"tmdb": where.work.tmdb, "season": item.season or 1}
        return [{"code": str(EvidenceCode.TMDB_SEASON), "supports": True, "detail": detail}]
    return []
