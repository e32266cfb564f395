"""Which process did something, in a form that can be stored, and whether it is still there."""

from __future__ import annotations

import hashlib
import os
import socket
from contextlib import suppress
from functools import lru_cache
from pathlib import Path


def this_process() -> str:
    """Name this process so that no other one is mistaken for it, now or later."""
    return _name(os.getpid())


def is_gone(name: str) -> bool:
    """Tell whether the process of that name is known to be gone; of one on another machine nothing is known."""
    machine, _sep, process = name.partition("|")
    if machine != this_machine():
        return False
    pid = process.partition("|")[0]
    return process != _process(int(pid) if pid.isdecimal() else 0)


@lru_cache(maxsize=1)
def this_machine() -> str:
    """Name the machine. Containers may share its name, but not its processes: theirs have numbers of their own.

    Two machines may have one name as well, so the number that systemd gives each installation is in it.
    """
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    with suppress(OSError):
        parts.append(hashlib.sha256(Path("/etc/machine-id").read_bytes()).hexdigest()[:8])
    return " ".join(parts)


@lru_cache(maxsize=1)
def _name(pid: int) -> str:
    return f"{this_machine()}|{_process(pid)}"


def _process(pid: int) -> str:
    """Return the number and the start of a process, since numbers come again; empty when there is none."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError, ValueError):
        return ""
    except PermissionError:
        pass
    try:
        # Field 22 of /proc/PID/stat is the start time; the name before it may hold spaces but ends with ")".
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        started = ""  # no /proc here (macOS): the number must do
    return f"{pid}|{started}"
