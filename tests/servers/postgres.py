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


def missing() -> list[str]:
    return [name for name in PROGRAMS if not program(name)]


def needed() -> None:
    """Skip, or fail where everything must be tested, when the machine has no PostgreSQL."""
    if names := missing():
        reason = f"There is no {', '.join(names)}: apt-get install postgresql"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def program(name: str) -> str | None:
    """Return the path of one of PostgreSQL's programs; Debian keeps the server's off the PATH."""
    places = [os.environ.get("PATH", ""), *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    return shutil.which(name, path=os.pathsep.join(places))


@contextmanager
def server(host: str = "127.0.0.1"):
    """Start a server, which trusts whoever reaches it, and give the address of its databases, less their name.

    It is stopped afterwards, and all of it removed.
    """
    with tempfile.TemporaryDirectory(prefix="bgmsync-pg-") as name:  # a short one: a socket's path has 107 bytes
        folder = Path(name)
        user = _owner_of(folder)
        data = folder / "data"
        _run(user, "initdb", "-D", data, "-U", "bgmsync", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        if host != "127.0.0.1":
            (data / "pg_hba.conf").write_text("host all all all trust\n")
        port = free_port(host, 0)
        options = f"-k {folder} -p {port} -c listen_addresses={host} -c fsync=off"
        _run(user, "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgres://bgmsync@{host}:{port}/"
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
