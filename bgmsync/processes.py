"""Starting, watching and stopping the processes of an installation on one machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

GRACE = 30.0
"""Seconds that a process may take to finish what it is at before it is killed; the ledger survives that too."""


class Stop(BaseException):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


def stop_on_signals() -> None:
    """Turn SIGINT and SIGTERM into :class:`Stop`, which ends whatever the main thread waits for."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stop

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


class Processes:
    """Child processes, each in a session of its own.

    A signal to the terminal's whole group must not reach the queue's children: its sentinel would die first and its
    main process hang for ever. Each main process alone is told to stop.
    """

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self.running[name] = subprocess.Popen(  # noqa: S603  # our own programs
            command, env=dict(env or os.environ), start_new_session=True, stdin=subprocess.DEVNULL
        )

    def wait(self) -> str:
        """Wait until one of them ends by itself, and return its name."""
        while True:
            for name, process in self.running.items():
                if process.poll() is not None:
                    return name
            time.sleep(0.5)

    def stop(self, grace: float = GRACE) -> None:
        """Ask all to finish, and kill what has not finished in time."""
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + grace
        for process in self.running.values():
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                _kill_group(process)
                process.wait()
            else:  # a cluster whose main process was killed lives on, and would keep taking jobs
                _kill_group(process)
        self.running.clear()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def manage(*arguments: str) -> list[str]:
    """Return the command line of another of our own commands."""
    return [sys.executable, "-m", "bgmsync", *arguments]


def web(host: str, port: int) -> list[str]:
    server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    return [
        *server,
        "--no-ws",
        "--host",
        host,
        "--port",
        str(port),
        "--log-level",
        "warning",
        "bgmsync.wsgi:application",
    ]


def free_port(host: str, wanted: int) -> int:
    """Return *wanted* if nobody listens there, else another free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return probe.getsockname()[1]
    return wanted


def wait_for_port(host: str, port: int, seconds: float = 60) -> bool:
    """Wait until somebody answers at the port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return True
        time.sleep(0.1)
    return False
