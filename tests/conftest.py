"""What every test starts from."""

from __future__ import annotations

import os

import pytest
from django.utils import timezone, translation


def pytest_xdist_auto_num_workers() -> int:
    """Start half as many workers again as there are processors: tests wait for other processes much of the time."""
    return (os.cpu_count() or 2) * 3 // 2


@pytest.fixture(autouse=True)
def _plain_language_and_zone():
    """A page asked for in Chinese leaves its language and zone in this thread; the next test must not find them."""
    translation.activate("en")
    timezone.deactivate()
