"""What every test starts from."""

from __future__ import annotations

import pytest
from django.utils import timezone, translation


@pytest.fixture(autouse=True)
def _plain_language_and_zone():
    """A page asked for in Chinese leaves its language and zone in this thread; the next test must not find them."""
    translation.activate("en")
    timezone.deactivate()
