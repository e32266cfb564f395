"""Whether the workers of this machine have been asked to stop: runs look, and hand themselves back between subjects."""

from __future__ import annotations

import mmap

_ASKED, _DIED = 0, 1

# Anonymous memory that a process shares with those it forks: the cluster's main process and its workers. A plain byte
# can be written in a signal's handler, and by a process that is killed the next moment; no lock is left behind.
_shared = mmap.mmap(-1, 2)


def ask() -> None:
    """Have runs stop as soon as the subjects that have begun are seen through."""
    _shared[_ASKED] = 1


def asked() -> bool:
    return _shared[_ASKED] == 1


def note_death() -> None:
    """Note that a process of the cluster died, so that the others may wait for it for ever."""
    _shared[_DIED] = 1


def death_noted() -> bool:
    return _shared[_DIED] == 1


def forget() -> None:
    """Start anew, in a process that outlives a cluster: in tests alone."""
    _shared[_ASKED] = _shared[_DIED] = 0
