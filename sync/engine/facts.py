"""From rows of the database to the values that matching works on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from sync.matching.facts import Episode, Evidence, Item, Listed, Subject, Work
from sync.matching.overrides import Override
from sync.models import MappingOverride

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.bangumi.schemas import EpisodeRow
    from sync.bangumi.schemas import Subject as SubjectRow
    from sync.models import SyncItem
    from trakt.models import Title


def work_of(title: Title) -> Work:
    return Work(
        kind="movie" if title.kind == title.Kind.MOVIE else "show",
        trakt=title.trakt_id,
        tmdb=title.tmdb_id,
        tvdb=title.tvdb_id,
        imdb=title.imdb_id or None,
        title=title.title,
        original_title=title.original_title,
        year=title.year,
        genres=None if title.genres is None else tuple(title.genres),
        language=title.language,
        country=title.country,
        released=title.released,
    )


def fact_of(item: SyncItem, work: Work) -> Item:
    return Item(
        work=work,
        season=item.season,
        number=item.number,
        number_abs=item.number_abs,
        title=item.episode_title,
        first_aired=item.first_aired,
        runtime=item.runtime,
    )


def listed_of(title: Title) -> tuple[Listed, ...] | None:
    """Return Trakt's list of the show's episodes, if it has been read."""
    if title.seasons is None:
        return None
    return tuple(
        Listed(season, number, number_abs, name, datetime.fromisoformat(aired) if aired else None)
        for season, number, number_abs, name, aired in title.seasons
    )


def overrides_for(user_id: int | None, titles: Iterable[Title]) -> list[Override]:
    """Return what was decided about *titles*: by this user, and by an operator for everybody."""
    rows = MappingOverride.objects.filter(Q(user=None) | Q(user_id=user_id))
    return [override_of(row) for row in rows.filter(trakt_id__in={title.trakt_id for title in titles})]


def override_of(row: MappingOverride) -> Override:
    return Override(
        kind="movie" if row.kind == row.Kind.MOVIE else "show",
        trakt=row.trakt_id,
        season=row.season,
        first=row.first_episode,
        last=row.last_episode,
        subject_id=row.subject_id,
        offset=row.first_position - (1 if row.first_episode is None else row.first_episode),
        episode_id=row.episode_id,
        personal=row.user_id is not None,
    )


def episode_of(row: EpisodeRow) -> Episode:
    return Episode(row.id, row.type, row.sort, row.ep, row.airdate, row.name, row.name_cn)


def subject_of(row: SubjectRow) -> Subject:
    return Subject(row.id, row.name, row.name_cn, row.date, row.platform, row.type, row.eps or 0)


def evidence_rows(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Return *evidence* in the form that items keep and answers show."""
    return [{"code": str(e.code), "supports": e.supports, "detail": dict(e.detail)} for e in evidence]


def evidence_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """Return what :func:`evidence_rows` kept."""
    return tuple(Evidence(row["code"], row["supports"], row["detail"]) for row in rows)
