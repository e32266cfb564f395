"""What the data sets know, by every id that Trakt may give: TMDB shows and movies, TVDB, IMDb.

Built once a process from the compacted data sets; read-only afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.matching.compact import Dataset

TMDB, TVDB = "tmdb", "tvdb"


class Entry(NamedTuple):
    """A subject as the data sets know it. Days are ordinals, 0 when unknown."""

    subject_id: int
    form: str = ""
    """``tv``, ``web``, ``ova``, ``movie``, or empty when the data sets do not say."""
    begin: int = 0
    end: int = 0
    month: str = ""
    """``YYYY-MM`` of the begin, where no day is known."""
    title: str = ""


class Place(NamedTuple):
    """Where TMDB keeps a subject: a season of a show, or one of its specials."""

    subject_id: int
    season: int | None
    """None when the data set only names the show, which means season 1 or TMDB's one merged season."""
    episode: int | None = None


class Range(NamedTuple):
    """Consecutive episodes of a season that are consecutive positions of a subject."""

    first: int
    last: int | None
    subject_id: int
    position: int | None
    """Position of the range's first episode; None when episodes don't map one to one."""

    def covers(self, number: int) -> bool:
        return self.first <= number and (self.last is None or number <= self.last)

    def place(self, number: int) -> int | None:
        return None if self.position is None else self.position + number - self.first


@dataclass(frozen=True, slots=True)
class Index:
    """All look-ups. Every value is a tuple, in the order of the data sets, most trusted first."""

    entries: Mapping[int, Entry] = field(default_factory=dict)
    shows: Mapping[int, tuple[Place, ...]] = field(default_factory=dict)
    movies: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    tvdb: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    imdb: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ranges: Mapping[tuple[str, int, int], tuple[Range, ...]] = field(default_factory=dict)
    range_shows: Mapping[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    """Seasons that ranges are known for, by scheme and show."""
    begins: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Subjects by the day on which they began, for specials that no id leads to."""
    homes: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """TMDB shows by subject, for shows of which Trakt gives other ids only."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Which version of each data set this is, for the explanation of a match."""


def build(datasets: Mapping[str, Dataset]) -> Index:
    """Join the data sets into one index. A missing one leaves its share out, nothing more."""
    builder = _Builder()
    if dataset := datasets.get("bangumi-data"):
        builder.add_bangumi_data(dataset.rows)
    if dataset := datasets.get("bangumi-ext-linker"):
        builder.add_ext_linker(dataset.rows)
    if dataset := datasets.get("anibridge"):
        builder.add_anibridge(dataset.rows)
    return builder.finish({name: dataset.version for name, dataset in datasets.items()})


class _Builder:
    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.shows: defaultdict[int, list[Place]] = defaultdict(list)
        self.movies: defaultdict[int, list[int]] = defaultdict(list)
        self.tvdb: defaultdict[int, list[int]] = defaultdict(list)
        self.imdb: defaultdict[str, list[int]] = defaultdict(list)
        self.ranges: defaultdict[tuple[str, int, int], list[Range]] = defaultdict(list)
        self.by_list: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        self.placed: set[int] = set()

    def add_bangumi_data(self, rows: Iterable[Sequence]) -> None:
        for subject_id, form, begin, end, tmdb, anilist, mal, title in rows:
            self.entries[subject_id] = Entry(subject_id, form, begin, end, "", title)
            if tmdb:
                self._add_tmdb(subject_id, tmdb)
            if anilist:
                self.by_list["anilist", anilist].append(subject_id)
            if mal:
                self.by_list["mal", mal].append(subject_id)

    def add_ext_linker(self, rows: Iterable[Sequence]) -> None:
        """Add what bangumi-data lacks; where both place a subject on TMDB, bangumi-data is right more often."""
        for subject_id, month, tmdb, tvdb, imdb, mal in rows:
            self.entries.setdefault(subject_id, Entry(subject_id, month=month))
            if tmdb and subject_id not in self.placed:
                self._add_tmdb(subject_id, tmdb)
            if tvdb:
                self.tvdb[tvdb].append(subject_id)
            if imdb:
                self.imdb[imdb].append(subject_id)
            if mal and not self.by_list.get(("mal", mal)):
                self.by_list["mal", mal].append(subject_id)

    def add_anibridge(self, rows: Iterable[Sequence]) -> None:
        """Carry AniList's and MAL's episode ranges over to the subjects of the same work."""
        for provider, list_id, scheme, show, season, first, last, position in rows:
            subjects = self.by_list.get((provider, list_id), ())
            if len(subjects) != 1:
                continue  # two subjects for one entry: its numbers can't be carried over
            subject_id = subjects[0]
            if scheme == "tmdb_movie":
                self._append(self.movies[show], subject_id)
            elif scheme == "imdb_movie":
                self._append(self.imdb[f"tt{show:07d}"], subject_id)
            else:
                self.ranges[scheme, show, season].append(Range(first, last or None, subject_id, position or None))

    def finish(self, versions: Mapping[str, str]) -> Index:
        seasons: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for scheme, show, season in self.ranges:
            seasons[scheme, show].append(season)
        begins: defaultdict[int, list[int]] = defaultdict(list)
        for entry in self.entries.values():
            if entry.begin:
                begins[entry.begin].append(entry.subject_id)
        homes: defaultdict[int, list[int]] = defaultdict(list)
        for show, places in self.shows.items():
            for place in places:
                self._append(homes[place.subject_id], show)
        return Index(
            entries=self.entries,
            homes={subject_id: tuple(shows) for subject_id, shows in homes.items()},
            begins={day: tuple(subjects) for day, subjects in begins.items()},
            shows={key: tuple(value) for key, value in self.shows.items()},
            movies={key: tuple(value) for key, value in self.movies.items()},
            tvdb={key: tuple(value) for key, value in self.tvdb.items()},
            imdb={key: tuple(value) for key, value in self.imdb.items()},
            ranges={key: tuple(dict.fromkeys(value)) for key, value in self.ranges.items()},
            range_shows={key: tuple(value) for key, value in seasons.items()},
            versions=dict(versions),
        )

    def _add_tmdb(self, subject_id: int, key: str) -> None:
        self.placed.add(subject_id)
        kind, number, *rest = key.split("/")
        if kind == "movie":
            self._append(self.movies[int(number)], subject_id)
        else:
            season = int(rest[1]) if len(rest) > 1 else None
            episode = int(rest[3]) if len(rest) > 3 else None  # noqa: PLR2004 - tv/N/season/S/episode/E
            self.shows[int(number)].append(Place(subject_id, season, episode))

    @staticmethod
    def _append(subjects: list[int], subject_id: int) -> None:
        if subject_id not in subjects:
            subjects.append(subject_id)
