"""What is stored about an item, gathered for its explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync import mappings
from sync.admin.explain import Told, Written
from sync.admin.extent import sentence_of
from sync.admin.subjects import cards_of
from sync.engine.facts import fact_of, override_of, work_of
from sync.engine.index import current_index
from sync.matching.facts import Known
from sync.matching.kinds import kind_of
from sync.matching.overrides import choose
from sync.matching.shows import Show
from sync.models import MappingOverride, SubjectPlan, SyncItem
from trakt.models import Title, TraktConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.admin.subjects import Card
    from sync.matching.facts import Work
    from sync.matching.index import Index

MOST_PLANS = 100
"""Plans of one subject that are looked through for the write of an episode, the latest first."""


def told_of(item: SyncItem, cards: Mapping[int, Card]) -> Told:
    """Gather it with four queries; *cards* are those of the item's subject and candidates."""
    of_list = item.kind != SyncItem.Kind.HISTORY
    if item.title is None:
        return Told(item.state, item.reason, of_list=of_list)
    index = current_index()
    work = work_of(item.title)
    kind = kind_of(work, index)
    keyed, pool = _led_to(index, work, item.season)
    rules, rule = _rules(item, work)
    config = TraktConfig.objects.filter(user_id=item.user_id).only("threshold").first() or TraktConfig()
    names = {**cards, **cards_of({*keyed, *pool} - cards.keys())}
    swapped = mappings.status().swapped_at
    return Told(
        state=item.state,
        reason=item.reason,
        of_list=of_list,
        season=item.season,
        by_person=item.by_person,
        rule=sentence_of(rule) if rule else "",
        rules=rules,
        kind=kind.name,
        kind_reason=kind.reason,
        genres=work.genres or (),
        ids=_ids(item.title),
        keyed=keyed,
        pool=pool,
        versions=index.versions,
        data_changed=swapped is not None and swapped > item.updated_at,
        evidence=item.evidence,
        candidates=item.candidates,
        subject_id=item.subject_id,
        position=item.position,
        confidence=item.confidence,
        threshold=config.threshold,
        written=_written(item),
        names={subject: str(card) for subject, card in names.items()},
    )


def _ids(title: Title) -> dict[str, object]:
    return {"Trakt": title.trakt_id, "TMDB": title.tmdb_id, "TVDB": title.tvdb_id, "IMDb": title.imdb_id}


def _led_to(index: Index, work: Work, season: int | None) -> tuple[list[int], list[int]]:
    """Return the subjects that the data sets give the very season or film, and all that any id leads to."""
    if work.kind == "movie":
        named = [*index.movies.get(work.tmdb or 0, ()), *index.imdb.get(work.imdb or "", ())]
        return list(dict.fromkeys(named)), []
    show = Show(index, work, Known())
    keyed = [] if season is None else [line.subject_id for line in show.keyed(season)]
    return keyed, [line.subject_id for line in show.pool]


def _rules(item: SyncItem, work: Work) -> tuple[int, MappingOverride | None]:
    """Return how many rules there are about the title, and the one that applies to the item."""
    rows = MappingOverride.objects.filter(kind=work.kind, trakt_id=work.trakt)
    by_value = {override_of(row): row for row in rows if row.user_id in {None, item.user_id}}
    chosen = choose(by_value, fact_of(item, work))
    return len(by_value), by_value[chosen] if chosen else None


def _written(item: SyncItem) -> Written | None:
    """Find the write that ticked the item, among the plans of the subject that it was ticked at."""
    if item.ticked_subject_id is None:
        return None
    plans = SubjectPlan.objects.filter(user_id=item.user_id, subject_id=item.ticked_subject_id, restore__isnull=True)
    for plan in plans.only("run_id", "mark", "updated_at").order_by("-pk")[:MOST_PLANS]:
        if item.ticked_episode_id is None or item.ticked_episode_id in plan.mark:
            return Written(plan.run_id, plan.updated_at)
    return None
