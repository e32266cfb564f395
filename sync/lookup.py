"""What single Trakt items are on Bangumi, outside of any run: what ``manage.py match`` answers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from bgmsync.shared.command import user_named
from bgmsync.shared.http import (
    Anonymous,
    LocalBudget,
    NotFound,
    RemoteError,
    Transport,
    new_client,
    together,
    user_agent,
)
from sync.bangumi.client import Bangumi
from sync.engine.facts import episode_of, evidence_rows, override_of
from sync.engine.index import current_index
from sync.matching import overrides as decisions
from sync.matching.facts import Confidence, Item, Known, Subject, Verdict, Work
from sync.matching.judge import judge
from sync.matching.kinds import kind_of
from sync.models import MappingOverride
from sync.models import Subject as SubjectRow
from sync.models.subject import episode_rows
from sync.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching.overrides import Override

BAD_LINE = "bad_line"
ROUNDS = 3


class BadLine(ValueError):  # noqa: N818  # it names what it is about
    """A line that does not say what was watched; the text says what is wrong with it."""


def read_line(line: str) -> Item:
    """Read one Trakt item. What only describes may be missing or odd; the kind of work must be told."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLine("not JSON") from None
    if not isinstance(data, dict):
        raise BadLine("not a JSON object")
    movie, show = data.get("movie"), data.get("show")
    if isinstance(movie, dict):
        return Item(work=_work("movie", movie))
    if not isinstance(show, dict):
        raise BadLine("neither a movie nor a show")
    episode = _object(data.get("episode"))
    return Item(
        work=_work("show", show),
        season=_number(episode.get("season")),
        number=_number(episode.get("number")),
        number_abs=_number(episode.get("number_abs")),
        title=_text(episode.get("title")),
        first_aired=_instant(episode.get("first_aired")),
        runtime=_number(episode.get("runtime")),
    )


def _work(kind: str, data: dict[str, Any]) -> Work:
    ids = _object(data.get("ids"))
    genres = data.get("genres")
    first = _instant(data.get("released") if kind == "movie" else data.get("first_aired"))
    return Work(
        kind="movie" if kind == "movie" else "show",
        trakt=_number(ids.get("trakt")),
        tmdb=_number(ids.get("tmdb")),
        tvdb=_number(ids.get("tvdb")),
        imdb=_text(ids.get("imdb")) or None,
        title=_text(data.get("title")),
        original_title=_text(data.get("original_title")),
        year=_number(data.get("year")),
        genres=tuple(g for g in genres if isinstance(g, str)) if isinstance(genres, list) else None,
        language=_text(data.get("language")),
        country=_text(data.get("country")),
        released=first.date() if first else None,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _instant(value: Any) -> datetime | None:
    """Read an instant; a bare day is the day in Japan, where it was broadcast."""
    if not isinstance(value, str):
        return None
    try:
        if len(value) == len("2020-01-01"):
            return datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC).replace(hour=3)
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Lookup:
    """Judges items one by one, reading from Bangumi only what the data sets and the cache leave open."""

    def __init__(self, *, user: str | None = None, offline: bool = False) -> None:
        self.index = current_index()
        self.user_id: int | None = user_named(user).pk if user else None
        self.offline = offline
        self.overrides = self._overrides()
        self.subjects: dict[int, Subject] = {}
        self._read: dict[int, SubjectRow] = {}

    def _overrides(self) -> dict[tuple[str, int | None], list[Override]]:
        rows = MappingOverride.objects.filter(user=None)
        if self.user_id:
            rows |= MappingOverride.objects.filter(user_id=self.user_id)
        found: dict[tuple[str, int | None], list[Override]] = {}
        for override in map(override_of, rows):
            found.setdefault((override.kind, override.trakt), []).append(override)
        return found

    async def judge_all(self, items: Sequence[Item | None]) -> list[dict[str, Any]]:
        """Return an answer for each item, in order; None stands for a line that could not be read."""
        verdicts = [self._judge(item) if item else None for item in items]
        open_places = [place for place, v in enumerate(verdicts) if v and v[1] and not _is_sure(v[0])]
        await sync_to_async(self._load_cached)({s for place in open_places for s in self._wants(verdicts[place])})
        async with new_client(verify=settings.TLS) as http:
            bangumi = Bangumi(_transport(http), Anonymous())
            for _round in range(ROUNDS):
                for place in open_places:
                    verdicts[place] = self._judge(items[place])
                open_places = [place for place in open_places if self._wants(verdicts[place])]
                wanted = {s for place in open_places for s in self._wants(verdicts[place])}
                if not wanted or self.offline:
                    break
                await together(self._fetch(bangumi, subject) for subject in sorted(wanted))
        await sync_to_async(self._store)()
        return [_answer(verdict[0]) if verdict else _bad_line() for verdict in verdicts]

    def _wants(self, judged: tuple[Verdict, frozenset[int]] | None) -> frozenset[int]:
        return judged[1] - self.subjects.keys() if judged else frozenset()

    def _judge(self, item: Item | None) -> tuple[Verdict, frozenset[int]] | None:
        if item is None:
            return None
        work = item.work
        override = decisions.choose(self.overrides.get((work.kind, work.trakt), ()), item)
        if override is not None:
            return decisions.decide(override, item, Known(self.subjects)), frozenset()
        if kind_of(work, self.index).name == "live_action":
            return Verdict(None, reason=Reason.LIVE_ACTION), frozenset()
        judgement = judge(self.index, work, [item], Known(self.subjects))
        return judgement.verdicts[0], judgement.wants.subjects

    def _load_cached(self, subjects: Iterable[int]) -> None:
        for row in SubjectRow.objects.filter(pk__in=list(subjects)):
            if row.is_fresh and row.episodes is not None:
                self.subjects[row.pk] = row.facts()

    async def _fetch(self, bangumi: Bangumi, subject_id: int) -> None:
        """Read a subject and its episodes. What can't be had is noted as empty, and not asked for again."""
        self.subjects.setdefault(subject_id, Subject(subject_id, episodes=()))
        if self.offline:
            return
        try:
            rows = await bangumi.episodes(subject_id)
        except NotFound:
            return
        except RemoteError:
            self.offline = True  # what Bangumi would add is missing from all answers that follow, not only from this
            return
        entry = self.index.entries.get(subject_id)
        episodes = tuple(episode_of(row) for row in rows)
        self.subjects[subject_id] = Subject(subject_id, entry.title if entry else "", episodes=episodes)
        self._read[subject_id] = SubjectRow(
            id=subject_id,
            name=entry.title if entry else "",
            episodes=episode_rows(episodes),
            airing=not (entry and entry.end and entry.end < timezone.now().date().toordinal()),
            read_at=timezone.now(),
        )

    def _store(self) -> None:
        SubjectRow.objects.bulk_create(
            self._read.values(),
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["episodes", "airing", "read_at"],
        )


def _transport(http: Any) -> Transport:
    return Transport(
        http,
        service="bangumi",
        base_url=settings.BANGUMI_API_URL,
        headers={"User-Agent": user_agent("bangumi")},
        budget=LocalBudget("bangumi", settings.BANGUMI_RATE),
        retry_scale=settings.RETRY_SCALE,
        in_flight=settings.IN_FLIGHT,
    )


def _is_sure(verdict: Verdict) -> bool:
    return verdict.best is not None and verdict.best.confidence == Confidence.HIGH


def _answer(verdict: Verdict) -> dict[str, Any]:
    best = verdict.best
    return {
        "subject_id": best.subject_id if best else None,
        "episode_id": best.episode_id if best else None,
        "position": best.position if best else None,
        "confidence": _said(verdict).name.lower(),
        "reason": str(verdict.reason),
        "evidence": evidence_rows(best.evidence if best else ()),
        "candidates": [
            {"subject_id": c.subject_id, "position": c.position, "confidence": c.confidence.name.lower()}
            for c in verdict.candidates
        ],
    }


def _said(verdict: Verdict) -> Confidence:
    """Return the confidence as the default threshold reads it: what is called medium is what a run would write.

    Specials, and seasons with several candidate subjects, are written only when high; short of that they are low here.
    """
    if verdict.best is None:
        return Confidence.NONE
    if verdict.demanding and verdict.best.confidence < Confidence.HIGH:
        return Confidence.LOW
    return verdict.best.confidence


def _bad_line() -> dict[str, Any]:
    return _answer(Verdict(None, reason=BAD_LINE))
