from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.admin.conftest import alice, app, bob, olga, queued, root, rows, standins

__all__ = ["alice", "app", "bob", "olga", "queued", "root", "rows", "standins"]


@pytest.fixture(autouse=True)
def _nobody_came_too_often():
    cache.clear()


@pytest.fixture
def by_invitation(settings):
    settings.REGISTRATION = "invite"
