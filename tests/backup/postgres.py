"""A PostgreSQL server of the tests' own: in a folder that is gone afterwards, on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from bgmsync.processes import free_port

PROGRAMS = ("initdb", "pg_ctl", "pg_dump", "pg_restore")
UNPRIVILEGED = ("postgres", "nobody")
"""Users to run the server as where the tests run as root, which PostgreSQL refuses."""


def needed() -> None:
    """Skip, or fail where everything must be tested, when the machine has no PostgreSQL."""
    missing = [name for name in PROGRAMS if not program(name)]
    if missing:
        reason = f"There is no {', '.join(missing)}: apt-get install postgresql"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def program(name: str) -> str | None:
    """Return the path of one of PostgreSQL's programs; Debian keeps the server's off the PATH."""
    places = [os.environ.get("PATH", ""), *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    return shutil.which(name, path=os.pathsep.join(places))


@contextmanager
def server():
    """Start a server and give the address of its databases, less their name; stop it and remove all of it."""
    with tempfile.TemporaryDirectory(prefix="bgmsync-pg-") as name:  # a short one: a socket's path has 107 bytes
        folder = Path(name)
        user = _owner_of(folder)
        data = folder / "data"
        _run(user, "initdb", "-D", data, "-U", "bgmsync", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        port = free_port("127.0.0.1", 0)
        options = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off"
        _run(user, "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgres://bgmsync@127.0.0.1:{port}/"
        finally:
            _run(user, "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _owner_of(folder: Path) -> str | None:
    """Give *folder* to whom the server is to run as, and return the name; None where that is whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    for user in UNPRIVILEGED:
        try:
            shutil.chown(folder, user)
        except LookupError:
            continue
        return user
    pytest.skip("PostgreSQL does not run as root, and there is no other user here")


def _run(user: str | None, name: str, *arguments: object) -> None:
    subprocess.run(
        [str(program(name)), *map(str, arguments)], user=user, check=True, stdout=subprocess.DEVNULL, cwd="/"
    )
