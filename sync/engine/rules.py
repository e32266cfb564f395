"""What is to be written to a subject: pure functions of what Bangumi shows and what Trakt says was watched.

Every rule here keeps the promise that the user's own hand wins: nothing is ever downgraded, and comments, tags, ratings
and private flags are not touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.matching.dates import read_day
from sync.matching.facts import MAIN_EPISODE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sync.matching.facts import Episode

SETTLED = 14
"""Without a better word, a subject whose last listed episode aired this many days ago has ended."""


@dataclass(frozen=True, slots=True)
class Found:
    """What Bangumi shows of one subject and one user. ``listed`` is None when the subject is not on the list."""

    listed: CollectionType | None
    marks: Mapping[int, int]
    main: tuple[int, ...]
    """The subject's main episodes, in their order."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written: collect first, then clear, then mark, and completion last."""

    collect: CollectionType | None = None
    clear: tuple[int, ...] = ()
    mark: tuple[int, ...] = ()
    complete: bool = False

    def __bool__(self) -> bool:
        return bool(self.collect or self.mark or self.complete)


def decide(found: Found, watched: Collection[int], *, ended: bool, film: bool, resumed: bool = False) -> Change:
    """Return what has to be written so that *watched* episodes are ticked.

    *film*: the subject is one film, and having watched it is having done it. *resumed*: an earlier attempt may have
    made the marks and died before it completed the subject.
    """
    mark = tuple(sorted(e for e in watched if found.marks.get(e) != EpisodeStatus.WATCHED))
    # The service ignores a change between two states other than 0, so such episodes go through 0.
    clear = tuple(e for e in mark if found.marks.get(e, EpisodeStatus.NONE) != EpisodeStatus.NONE)
    news = bool(mark) or film or resumed
    after = {e for e, state in found.marks.items() if state == EpisodeStatus.WATCHED} | set(mark)
    all_watched = after.issuperset(found.main) and (bool(found.main) or film)

    if film and all_watched and found.listed in {None, CollectionType.WISH, CollectionType.DOING}:
        return Change(collect=CollectionType.DONE, clear=clear, mark=mark)
    collect = None
    if found.listed is None or (found.listed == CollectionType.WISH and news):
        collect = CollectionType.DOING
    becomes = collect or found.listed
    complete = news and all_watched and ended and becomes == CollectionType.DOING
    return Change(collect, clear, mark, complete)


def has_ended(episodes: Iterable[Episode], today: int, *, known_end: int, known_count: int) -> bool:
    """Tell whether no further main episode will come, from what the data sets and the list itself say.

    Days are ordinals. *known_end* is the end of the broadcast where a data set knows it, else 0; *known_count* the
    number of main episodes that the subject's entry announces, 0 if unknown.
    """
    main = [e for e in episodes if e.type == MAIN_EPISODE]
    days = [day for e in main if (day := read_day(e.airdate))]
    if days and max(days) > today:
        return False
    if known_end:
        return known_end <= today
    if known_count:
        return len(main) >= known_count
    return not days or today - max(days) >= SETTLED
