from __future__ import annotations

import pytest

from tests.admin.conftest import alice, app, bob, olga, queued, root, rows, standins

__all__ = ["alice", "app", "bob", "olga", "queued", "root", "rows", "standins"]


@pytest.fixture
def by_invitation(settings):
    settings.REGISTRATION = "invite"
