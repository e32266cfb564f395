"""What a process that talks to addresses of users' making may do: connect to the public internet, and nothing else.

It is Python's own audit hook, so that it sees each connection with the numeric address that it goes to, whichever
library makes it, after the name was looked up and after every redirect: a name that changes its address between a look
and the connection (DNS rebinding) gains nothing. What remains: this machine's *public* addresses, and whatever a router
forwards to from there, count as public.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.notifying.addresses import is_public

TALKS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
STARTS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"}
)
PUBLIC_AND_SCOPED = (2, 4)
"""How long an address of IPv4 and of IPv6 is."""


class Blocked(PermissionError):  # noqa: N818  # it says what happened to the attempt
    """The attempt was none of those that are allowed."""


@dataclass(slots=True)
class Guard:
    """*refused* tells whether a connection into a private network was tried."""

    private: bool
    roots: tuple[str, ...]
    refused: bool = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """Let the process do what it is about to do, or raise :class:`Blocked`."""
        if event in TALKS:
            self._connect(args[1])
        elif event == "open":
            self._open(args[0])
        elif event in STARTS:
            raise Blocked(event)

    def _connect(self, address: Any) -> None:
        if self.private or address is None:  # none: it goes where the socket was connected to before
            return
        numeric = isinstance(address, tuple) and len(address) in PUBLIC_AND_SCOPED and is_public(str(address[0]))
        if not numeric:
            self.refused = True
            raise Blocked("not a public address")

    def _open(self, path: Any) -> None:
        """Refuse files other than Python's own: several services would read one that the address names."""
        if isinstance(path, str | bytes) and not os.path.realpath(os.fsdecode(path)).startswith(self.roots):
            raise Blocked("not a file of the program's")


def arm(*, private: bool) -> Guard:
    """Hold this process to the rules until it ends: an audit hook can't be taken off again."""
    libraries = (path for path in sys.path if path.endswith("-packages"))
    roots = {f"{Path(path).resolve()}{os.sep}" for path in (sys.prefix, sys.base_prefix, *libraries)}
    guard = Guard(private, tuple(roots))
    sys.addaudithook(guard)
    return guard
