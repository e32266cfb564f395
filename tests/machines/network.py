"""Machines on one machine: namespaces with a network, processes, and a name of their own, joined by a bridge.

What the machines share, they reach over this network alone: databases and services listen at :data:`SHARED`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[2]
BRIDGE = "bgmsync0"
SHARED = "10.213.7.1"
"""Where the network's other end is: the machine that runs the tests."""


def missing() -> str:
    """Say what keeps this machine from making others; empty when nothing does."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    programs = [name for name in ("ip", "unshare") if not shutil.which(name)]
    if programs:
        return f"there is no {', '.join(programs)}"
    try:
        _ip("netns", "add", "bgmsync-try")
        _ip("netns", "delete", "bgmsync-try")
    except subprocess.CalledProcessError as error:
        return f"no network namespace can be made here: {error.stderr.decode().strip()}"
    return ""


@dataclass
class Machine:
    """A machine of the network: *name* is its host name, *env* what its programs find in their environment."""

    name: str
    address: str
    env: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one of our commands there. When what is returned is killed, all that runs there dies with it."""
        inside = f"hostname {self.name} && exec {sys.executable} -m bgmsync {' '.join(arguments)}"
        into = ["ip", "netns", "exec", self.name]
        apart = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", inside]
        return subprocess.Popen([*into, *apart], cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL)


@contextmanager
def network() -> Generator[None]:
    """Make the bridge, and remove it with all that hangs on it."""
    _ip("link", "add", BRIDGE, "type", "bridge")
    try:
        _ip("addr", "add", f"{SHARED}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        yield
    finally:
        _ip("link", "delete", BRIDGE)


@contextmanager
def machines(names: list[str], env: dict[str, str], folder: Path) -> Generator[list[Machine]]:
    """Make machines on the network; each has a folder of its own, and a public address of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(_machine(number, name, env, folder)) for number, name in enumerate(names)]


@contextmanager
def _machine(number: int, name: str, env: dict[str, str], folder: Path) -> Generator[Machine]:
    address = f"10.213.7.{number + 2}"
    outer, inner = f"bgms-o{number}", f"bgms-i{number}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        _ip("link", "set", outer, "master", BRIDGE, "up")
        _ip("link", "set", inner, "netns", name)
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", inner)
        _ip("-n", name, "link", "set", inner, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        own = {"VAR_DIR": str(folder / name), "PUBLIC_ADDRESS": address}
        yield Machine(name, address, env | own)
    finally:
        _ip("netns", "delete", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)  # noqa: S607  # wherever this system has it
