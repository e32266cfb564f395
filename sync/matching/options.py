"""What an item might be, gathered rule by rule until it can be weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sync.matching.codes import EvidenceCode
from sync.matching.dates import iso, near
from sync.matching.facts import Candidate, Confidence, Evidence
from sync.matching.index import TMDB
from sync.matching.lines import WEEK, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sync.matching.shows import Show

E = EvidenceCode

OWN_RULES = frozenset({E.RANK, E.COUNTED, E.NEIGHBOURS})
HALF = 0.5
"""What a rule is worth that repeats another's belief or needs one more: a range in TVDB's numbers, which Trakt
rarely follows; a range that says of a TMDB season what its key says already, or that is disputed: by another range for
the same number, or by subjects that fill the season without it; a count that does not add up.
"""


class Option:
    """A subject and a position in it, with what speaks for and against it."""

    __slots__ = ("against", "day", "distance", "episode_id", "keyed", "line", "notes", "numbers", "position")

    def __init__(self, line: Line, position: int | None, *, keyed: bool) -> None:
        self.line = line
        self.position = position
        self.keyed = keyed
        self.episode_id: int | None = None
        """Names an episode that has no position: a special inside the subject."""
        self.numbers: dict[EvidenceCode, dict[str, Any]] = {}
        self.day: tuple[EvidenceCode, dict[str, Any]] | None = None
        self.distance = 0
        self.against: dict[EvidenceCode, dict[str, Any]] = {}
        self.notes: dict[EvidenceCode, dict[str, Any]] = {}

    @property
    def key(self) -> tuple[int, int | None]:
        return self.line.subject_id, self.position

    @property
    def agrees(self) -> bool:
        """Whether a number rule leads where the date leads.

        What a weekly broadcast would give is a guess, which needs a rule of the season itself.
        """
        if self.day is None or not self.numbers:
            return False
        return self.day[0] is not E.WEEKLY or not OWN_RULES.isdisjoint(self.numbers)

    @property
    def listed(self) -> bool:
        """Whether the date is the one that Bangumi lists for this very episode."""
        return self.day is not None and self.day[0] is E.AIRDATE

    @property
    def strength(self) -> float:
        """How many independent number rules speak for it."""
        return sum(self._worth(code, detail) for code, detail in self.numbers.items())

    def _worth(self, code: EvidenceCode, detail: dict[str, Any]) -> float:
        if code is E.NEIGHBOURS:
            return detail["sides"]
        if code is E.RANGE:
            own = detail["scheme"] == TMDB and E.RANK not in self.numbers and not detail.get("disputed")
            return 1 if own else HALF
        if code is E.SHOW_COUNT:
            if E.COUNTED in self.numbers and (not detail["adds_up"] or E.SEASON_LENGTH in self.numbers):
                return 0  # the same count once more
            return 1 if detail["adds_up"] else HALF
        return 1

    def near_miss(self, days: int) -> bool:
        """Whether the date misses this episode by so little that no other is nearer."""
        missed = self.against.get(E.OTHER_DATE) or self.against.get(E.OUTSIDE)
        return missed is not None and abs(missed["days"]) <= days

    def candidate(self, confidence: Confidence) -> Candidate:
        evidence = [Evidence(code, True, detail) for code, detail in self.notes.items()]  # noqa: FBT003 - a thousand of them a call
        if self.day:
            evidence.append(Evidence(self.day[0], True, self.day[1]))  # noqa: FBT003 - as above
        evidence += [Evidence(code, True, detail) for code, detail in self.numbers.items()]  # noqa: FBT003 - as above
        evidence += [Evidence(code, False, detail) for code, detail in self.against.items()]  # noqa: FBT003 - as above
        episode_id = self.episode_id
        if episode_id is None:
            episode = self.line.episode(self.position)
            episode_id = episode.id if episode else None
        return Candidate(self.line.subject_id, self.position, episode_id, confidence, tuple(evidence))


class Notes(NamedTuple):
    """How the data sets lead to a subject: as this very season, or only as the show."""

    keyed: tuple[EvidenceCode, dict[str, Any]]
    other: tuple[EvidenceCode, dict[str, Any]]


def notes_of(show: Show, season: int) -> Notes:
    work = show.work
    named = {name: value for name, value in (("tmdb", show.tmdb), ("tvdb", work.tvdb), ("imdb", work.imdb)) if value}
    return Notes((E.TMDB_SEASON, {"tmdb": show.tmdb, "season": season}), (E.SAME_SHOW, named))


class Options:
    """The options of one item, one for each subject and position."""

    __slots__ = ("_by_key", "_keyed", "_notes")

    def __init__(self, keyed: frozenset[int], notes: Notes) -> None:
        self._by_key: dict[tuple[int, int | None], Option] = {}
        self._keyed = keyed
        self._notes = notes

    def __iter__(self) -> Iterator[Option]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: tuple[int, int | None]) -> bool:
        return key in self._by_key

    def at(self, line: Line, position: int) -> Option:
        """Return the option for a position, made where it is new."""
        key = line.subject_id, position
        option = self._by_key.get(key)
        if option is None:
            option = self._by_key[key] = self._made(line, position)
        return option

    def special(self, line: Line, episode_id: int) -> Option:
        """Return a new option for an episode that has no position."""
        option = self._by_key[line.subject_id, -episode_id] = self._made(line, None)
        option.episode_id = episode_id
        return option

    def _made(self, line: Line, position: int | None) -> Option:
        keyed = line.subject_id in self._keyed
        option = Option(line, position, keyed=keyed)
        code, detail = self._notes.keyed if keyed else self._notes.other
        option.notes[code] = detail
        return option

    def drop_idle(self) -> None:
        """Forget those that nothing speaks for."""
        self._by_key = {key: option for key, option in self._by_key.items() if option.numbers or option.day}


def compare_day(option: Option, day: int, *, late: int = 0, weekly: bool = True) -> None:
    """Let an air date speak for or against the option's position.

    ``day`` is when it should have been broadcast; Trakt dates it so many days ``late``.
    """
    line, position = option.line, option.position
    if position is None:
        return
    listed = line.day(position)
    aired: dict[str, Any] = {"aired": iso(day + late), "late": late} if late else {"aired": iso(day)}
    if listed:
        if near(day, listed):
            option.day = E.AIRDATE, {**aired, "listed": iso(listed)}
            option.distance = abs(day - listed)
        elif other := line.at_day(day):
            option.against[E.OTHER_EPISODE] = {**aired, "listed": iso(listed), "position": other[0]}
        else:
            option.against[E.OTHER_DATE] = {**aired, "listed": iso(listed), "days": day - listed}
        return
    if expected := _expected(line, position, day, weekly=weekly):
        option.day = expected[0], {**aired, _QUOTED[expected[0]]: iso(expected[1])}
        option.distance = abs(day - expected[1])
    elif not line.during(day):
        days = day - line.begin if day < line.begin else day - line.end
        option.against[E.OUTSIDE] = {
            **aired,
            "begin": iso(line.begin),
            "end": iso(line.end),
            "days": days,
        }


def _expected(line: Line, position: int, day: int, *, weekly: bool) -> tuple[EvidenceCode, int] | None:
    """Where the list has no date: the first and the last day, and what a weekly broadcast would give."""
    if position == 1:
        for begin in (line.begin, line.entry.begin):
            if begin and near(day, begin):
                return E.PREMIERE, begin
    if position == line.length and line.end and near(day, line.end):
        return E.FINALE, line.end
    for week in _weekly(line, position) if weekly else ():
        if near(day, week):
            return E.WEEKLY, week
    return None


_QUOTED = {E.PREMIERE: "begin", E.FINALE: "end", E.WEEKLY: "expected"}
"""What the evidence calls the day that was expected."""


def _weekly(line: Line, position: int) -> Iterable[int]:
    if line.begin:
        yield line.begin + WEEK * (position - 1)
    if line.end and line.length:
        yield line.end - WEEK * (line.length - position)
