"""Every pause of the program in one place; ``RETRY_SCALE`` multiplies them all, so that tests see hours as seconds."""

from __future__ import annotations

import random
from datetime import timedelta

from django.conf import settings

ITEM_PAUSES = tuple(timedelta(minutes=m) for m in (5, 30, 2 * 60, 6 * 60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60))
"""How long a failed item waits after its first, second, … attempt; the last one for good."""

BREAKER_PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
"""How long a host that keeps failing is left alone; one probe looks when the pause is over."""

FAILURES_TO_BREAK = 3
"""Requests that failed in a row, each after its own retries, before a host is taken for down."""


def scaled(pause: timedelta) -> timedelta:
    return pause * settings.RETRY_SCALE


def before_next_try(attempts: int) -> timedelta:
    """Return how long an item waits after *attempts* attempts, spread by a tenth so that they don't come together."""
    pause = ITEM_PAUSES[min(max(attempts, 1), len(ITEM_PAUSES)) - 1]
    return scaled(pause) * random.uniform(1, 1.1)  # noqa: S311  # spreading load is no secret


def while_down(failures: int) -> timedelta:
    """Return how long a host is left alone after *failures* failures in a row."""
    step = max(failures - FAILURES_TO_BREAK, 0)
    return scaled(BREAKER_PAUSES[min(step, len(BREAKER_PAUSES) - 1)])
