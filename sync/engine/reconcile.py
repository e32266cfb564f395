"""Find plays that a window by date can't see: those added today for last year, and those of unknown date.

Trakt's compact maps hold every play there is in two answers. What they have and the ledger has not is read by windows
around just those times, or by reading everything, where that is less.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.models import SyncItem
from trakt.models import Title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from trakt.schemas import WatchedMap

MARGIN = timedelta(minutes=1)
"""Around the time of a missing play: whether Trakt counts the bounds in is not documented."""

MOST_WINDOWS = 8
"""With more holes than this, one read of everything asks for less."""

Window = tuple["datetime", "datetime"]


def counts_in_ledger(user_id: int) -> tuple[Counter[int], Counter[int]]:
    """Return how many plays the ledger has of each episode and of each movie, by Trakt's ids."""
    rows = SyncItem.objects.filter(user_id=user_id, kind=SyncItem.Kind.HISTORY)
    episodes = rows.exclude(episode_trakt_id=None).values_list("episode_trakt_id", flat=True)
    movies = rows.filter(title__kind=Title.Kind.MOVIE).values_list("title__trakt_id", flat=True)
    return Counter(episodes.iterator()), Counter(movies.iterator())


def times_missing(watched: WatchedMap, ledger: Mapping[int, int]) -> list[datetime]:
    """Return the times of all plays of whatever Trakt has more plays of than the ledger.

    Which of several plays is missing can't be told by time alone, since Trakt has exact duplicates; reading one that is
    known already does no harm.
    """
    return [time for key, times in watched.plays.items() if len(times) > ledger.get(key, 0) for time in times]


def plays_gone(watched: WatchedMap, ledger: Mapping[int, int]) -> int:
    """Return how many plays the ledger has that Trakt has no more; 0 where the map itself is in doubt."""
    if watched.rejected:
        return 0
    return sum(max(count - len(watched.plays.get(key, ())), 0) for key, count in ledger.items())


def windows(times: Iterable[datetime]) -> Sequence[Window] | None:
    """Return the windows to read, joined where they touch; None when everything should be read instead."""
    joined: list[Window] = []
    for time in sorted(set(times)):
        start, end = time - MARGIN, time + MARGIN
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
        if len(joined) > MOST_WINDOWS:
            return None
    return joined
