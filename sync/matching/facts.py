"""The values that matching works on: what Trakt said, what Bangumi lists, and what was concluded.

Everything here is immutable and knows neither Django nor HTTP, so that the rules can be tried on real data in
tests and benchmarks without a database or a network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

MAIN_EPISODE = 0
"""Bangumi's episode type for main episodes; 1 is a special, the others are openings, endings and trailers."""


@dataclass(frozen=True, slots=True)
class Work:
    """A show or a movie as Trakt names it. ``genres`` is None when Trakt did not say, which is not "none"."""

    kind: Literal["show", "movie"]
    trakt: int | None = None
    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str | None = None
    title: str = ""
    original_title: str = ""
    year: int | None = None
    genres: tuple[str, ...] | None = None
    language: str = ""
    country: str = ""
    released: date | None = None
    """A movie's release, or a show's first airing, where Trakt tells."""


@dataclass(frozen=True, slots=True)
class Item:
    """What was watched: an episode of a show, or a movie (then season and number are None)."""

    work: Work
    season: int | None = None
    number: int | None = None
    number_abs: int | None = None
    title: str = ""
    first_aired: datetime | None = None
    """UTC instant of the first broadcast, as Trakt gives it."""
    runtime: int | None = None
    """Minutes."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An episode in Trakt's own list of a show's seasons."""

    season: int
    number: int
    number_abs: int | None = None
    title: str = ""
    first_aired: datetime | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """One row of a subject's episode list on Bangumi. ``airdate`` is free text there."""

    id: int
    type: int
    sort: float
    ep: float = 0
    airdate: str = ""
    name: str = ""
    name_cn: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A Bangumi subject with its episode list; ``episodes`` is None while nobody has read it."""

    id: int
    name: str = ""
    name_cn: str = ""
    date: str = ""
    platform: str = ""
    type: int = 2
    eps: int = 0
    episodes: tuple[Episode, ...] | None = None


class Confidence(IntEnum):
    """How far a verdict may be trusted; what is below the user's threshold is asked, not written."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for or against a candidate, kept with the item and shown to people.

    ``code`` names the rule (the texts for people, in each language, are elsewhere); ``detail`` holds the small
    JSON values that the text quotes, such as the two dates that were compared.
    """

    code: str
    supports: bool
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject, and the place in it, that an item might be."""

    subject_id: int
    position: int | None = None
    """Which main episode, counted from 1; None for a special inside the subject, or when nothing tells."""
    episode_id: int | None = None
    confidence: Confidence = Confidence.NONE
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an item is on Bangumi, or why that can't be said.

    ``best`` is None when no candidate is better than the others; ``reason`` is then a code that says why.
    ``demanding`` marks items that need HIGH whatever the user's threshold: specials, and seasons with several
    candidate subjects.
    """

    best: Candidate | None
    candidates: tuple[Candidate, ...] = ()
    reason: str = ""
    demanding: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What has been read so far for one work; rules ask for more through :class:`Wants`."""

    subjects: Mapping[int, Subject] = field(default_factory=dict)
    seasons: tuple[Listed, ...] | None = None
    found: tuple[Subject, ...] | None = None
    """What a search of Bangumi by title returned; None while nobody searched."""


@dataclass(frozen=True, slots=True)
class Wants:
    """What would have to be read to say more: subjects' episode lists, Trakt's season list, a search by title.

    A want that can't be fulfilled is passed back as it is (the subject with ``episodes=()``, an empty tuple), so
    that rules conclude with what there is instead of asking for ever.
    """

    subjects: frozenset[int] = frozenset()
    seasons: bool = False
    search: str = ""

    def __bool__(self) -> bool:
        return bool(self.subjects or self.seasons or self.search)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts for the items of one work, in the order of the items, and what would tell more."""

    verdicts: tuple[Verdict, ...]
    wants: Wants = Wants()
