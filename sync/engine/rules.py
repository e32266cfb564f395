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
from trakt.rules import Finished, Resumed, Rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sync.matching.facts import Episode

DEFAULT = Rules()
HELD = frozenset({CollectionType.ON_HOLD, CollectionType.DROPPED})

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
    """What is to be written: the entry first, then clear, then mark, and completion last.

    ``rate`` (0 takes it away) and ``tags`` (all that the entry is to have) go along with the entry's state.
    ``reveal``: the entry was added hidden, and is shown when all else is done.
    """

    collect: CollectionType | None = None
    clear: tuple[int, ...] = ()
    mark: tuple[int, ...] = ()
    complete: bool = False
    rate: int | None = None
    tags: tuple[str, ...] | None = None
    reveal: bool = False
    wish: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    """Episodes to be a wish, or dropped, once more: only an undo says so."""

    def __bool__(self) -> bool:
        return bool(self.complete or self.writes_entry or self.reveal or any(self.marks.values()))

    @property
    def marks(self) -> dict[EpisodeStatus, tuple[int, ...]]:
        """What is to be sent for the episodes, in this order."""
        return {
            EpisodeStatus.NONE: self.clear,
            EpisodeStatus.WATCHED: self.mark,
            EpisodeStatus.WISH: self.wish,
            EpisodeStatus.DROPPED: self.drop,
        }

    @property
    def writes_entry(self) -> bool:
        """Whether the entry itself is written before any mark is."""
        return self.collect is not None or self.rate is not None or self.tags is not None


def decide(  # noqa: PLR0913  # all that it depends on, each by its name
    found: Found,
    watched: Collection[int],
    *,
    ended: bool,
    film: bool,
    resumed: bool = False,
    rules: Rules = DEFAULT,
) -> Change:
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

    back = found.listed in HELD and rules.resumed == Resumed.DOING and bool(mark)

    if film and all_watched and (back or found.listed in {None, CollectionType.WISH, CollectionType.DOING}):
        return Change(collect=CollectionType.DONE, clear=clear, mark=mark)
    collect = None
    if back or found.listed is None or (found.listed == CollectionType.WISH and news):
        collect = CollectionType.DOING
    becomes = collect or found.listed
    ends = ended and rules.finished == Finished.DONE
    complete = news and all_watched and ends and becomes == CollectionType.DOING
    return Change(collect, clear, mark, complete)


def left_to_mark(wanted: Mapping[int, int], now: Mapping[int, int]) -> Change:
    """Return what has to be sent so that the episodes are in the state that is *wanted* of each."""
    left = {e: state for e, state in wanted.items() if now.get(e, EpisodeStatus.NONE) != state}
    by_state = {state: tuple(e for e, wanted_state in left.items() if wanted_state == state) for state in EpisodeStatus}
    return Change(
        # The service ignores a change between two states other than 0, so such episodes go through 0.
        clear=tuple(e for e in left if now.get(e, EpisodeStatus.NONE) != EpisodeStatus.NONE),
        mark=by_state[EpisodeStatus.WATCHED],
        wish=by_state[EpisodeStatus.WISH],
        drop=by_state[EpisodeStatus.DROPPED],
    )


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
