"""Titles: kinship of works, likeness of episode titles, and works that no id leads to.

A title never picks a season or an episode; it proposes, or confirms what a date says.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from sync.matching.codes import EvidenceCode, MatchReason
from sync.matching.dates import air_day, iso
from sync.matching.facts import Candidate, Confidence, Evidence, Verdict
from sync.matching.index import Entry
from sync.matching.lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching.facts import Item, Subject
    from sync.matching.shows import Show

E = EvidenceCode
LEAST_LETTERS = 3
"""What is shorter is part of too many titles."""
MOST_FOUND = 8
_NOT_LETTERS = re.compile(r"[\W_]+")


@lru_cache(maxsize=1 << 14)
def plain(title: str) -> str:
    """Reduce a title to its letters and digits, without case and width."""
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFKC", title)).casefold()


def kin(title: str, of: Iterable[str]) -> bool:
    """Whether a title contains the shortest of a show's own titles."""
    names = [plain(name) for name in of if name]
    shortest = min(names, key=len, default="")
    return len(shortest) >= LEAST_LETTERS and shortest in plain(title)


def alike(title: str, name: str) -> bool:
    """Whether two episode titles are the same but for punctuation."""
    return len(plain(title)) >= LEAST_LETTERS and plain(title) == plain(name)


def judge_by_title(show: Show, items: Sequence[Item]) -> tuple[list[Verdict], str]:
    """Propose what a search found, best first. Returns the verdicts and what to search for."""
    query = show.work.original_title or show.work.title
    if show.known.found is None and query:
        return [Verdict(None, reason=MatchReason.UNKNOWN_WORK) for _ in items], query
    found = show.known.found or ()
    return [_propose(show, item, found, query) for item in items], ""


def _propose(show: Show, item: Item, found: Sequence[Subject], query: str) -> Verdict:
    ranked = sorted(found, key=lambda subject: _likeness(show, item, subject), reverse=True)
    candidates = tuple(_candidate(show, item, subject, query) for subject in ranked[:MOST_FOUND])
    reason = MatchReason.TITLE_ONLY
    if not candidates:
        known_by = show.work.tmdb or show.work.tvdb or show.work.imdb
        reason = MatchReason.UNKNOWN_WORK if known_by else MatchReason.NO_IDS
    return Verdict(candidates[0] if candidates else None, candidates, reason, demanding=True)


def _candidate(show: Show, item: Item, subject: Subject, query: str) -> Candidate:
    line = line_of(Entry(subject.id), show.known.subjects.get(subject.id) or subject)
    position = 1 if item.number is None else item.number
    evidence = [Evidence(E.SEARCH, supports=True, detail={"query": query})]
    day = _day(show, item)
    if day and line.begin:
        detail = {"aired": iso(day), "begin": iso(line.begin), "end": iso(line.end)}
        during = line.during(day)
        evidence.append(Evidence(E.WITHIN if during else E.OUTSIDE, supports=during, detail=detail))
    if not line.holds(position):
        evidence.append(Evidence(E.TOO_MANY, supports=False, detail={"number": position, "of": line.length}))
        return Candidate(subject.id, None, None, Confidence.LOW, tuple(evidence))
    episode = line.episode(position)
    return Candidate(subject.id, position, episode.id if episode else None, Confidence.LOW, tuple(evidence))


def _likeness(show: Show, item: Item, subject: Subject) -> tuple[bool, bool, bool]:
    titles = {plain(show.work.original_title), plain(show.work.title)} - {""}
    line = line_of(Entry(subject.id), subject)
    day = _day(show, item)
    return (
        bool({plain(subject.name), plain(subject.name_cn)} & titles),
        bool(day and line.begin and line.during(day)),
        line.holds(item.number or 1),
    )


def _day(show: Show, item: Item) -> int | None:
    day = air_day(item.first_aired)
    if day is None and show.work.kind == "movie" and show.work.released:
        return show.work.released.toordinal()
    return day
