"""Installations for end-to-end tests: connected once a session by the command itself, then copied."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from bgmsync.standins import StandIns
from tests.e2e.inprocess import InProcess
from tests.e2e.installation import Installation
from tests.e2e.small import small_world
from tests.servers import Own

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from bgmsync.standins import World


@pytest.fixture(scope="session")
def connected(tmp_path_factory) -> Path:
    """A folder with a database in which alice is connected to both services."""
    folder = tmp_path_factory.mktemp("connected")
    Own(folder).begin()
    with StandIns(small_world()) as standins:
        Installation(folder, standins).connect()
    return folder


@contextmanager
def apart(world: World, folder: Path, connected: Path, **env: str) -> Generator[Installation]:
    """Start stand-ins with *world* and give an installation whose user alice is connected to its first users."""
    shutil.copytree(connected, folder, dirs_exist_ok=True)
    Own(folder).begin(connected)
    with StandIns(world) as standins:
        yield Installation(folder, standins, more=env)


@pytest.fixture
def install_apart(tmp_path, connected) -> Iterator[Callable[..., Installation]]:
    """``install_apart(world, **environment)``: an installation whose commands are processes; see :func:`apart`."""
    with ExitStack() as stack:
        yield lambda world, **env: stack.enter_context(apart(world, tmp_path, connected, **env))


@pytest.fixture
def install(tmp_path, db, settings) -> Iterator[Callable[..., InProcess]]:
    """``install(world, **environment)``: an installation in this process, with alice connected to both services."""
    with ExitStack() as stack:

        def make(world: World, **env: str) -> InProcess:
            standins = stack.enter_context(StandIns(world))
            installation = InProcess(tmp_path, standins, more=env, settings=settings).configure()
            installation.connect()
            return installation

        yield make
