"""An installation in this process whose user alice is connected to Bangumi, and to Trakt only where a test says so."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from bgmsync.standins import StandIns
from tests.e2e.conftest import install  # noqa: F401  # a fixture: the same with Trakt connected
from tests.e2e.inprocess import InProcess
from tests.e2e.installation import WEEK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bgmsync.standins import World


@pytest.fixture
def without_trakt(tmp_path, db, settings) -> Iterator[Callable[[World], InProcess]]:
    """``without_trakt(world)``: an installation as :class:`InProcess`, for a user whom Trakt denies an API app."""
    with ExitStack() as stack:

        def make(world: World) -> InProcess:
            standins = stack.enter_context(StandIns(world))
            installation = InProcess(tmp_path, standins, settings=settings).configure()
            account = world.bangumi.users[0]
            tokens = {"access_token": account.access_token, "expires_in": WEEK}
            installation.manage("connect", "alice", "bangumi", stdin=json.dumps(tokens))
            installation.forget_requests()
            return installation

        yield make
