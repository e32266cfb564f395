"""A Redis server of the tests' own, on a free port of loopback; it keeps nothing."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager

from bgmsync.processes import free_port, wait_for_port
from tests.servers import DATABASES

PROGRAM = "redis-server"


def missing() -> list[str]:
    return [] if shutil.which(PROGRAM) else [PROGRAM]


@contextmanager
def server(host: str = "127.0.0.1"):
    """Start a server and give the address of its databases, less their number."""
    port = free_port(host, 0)
    options = ["--port", port, "--bind", host, "--save", "", "--databases", DATABASES, "--protected-mode", "no"]
    with tempfile.TemporaryDirectory(prefix="bgmsync-redis-") as folder:
        process = subprocess.Popen([PROGRAM, *map(str, options)], cwd=folder, stdout=subprocess.DEVNULL)
        try:
            assert wait_for_port(host, port), "Redis did not start"
            yield f"redis://{host}:{port}/"
        finally:
            process.terminate()
            process.wait(30)
