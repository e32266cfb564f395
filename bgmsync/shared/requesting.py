"""How the services answered, as the figures have it: by status, and how long it took, in a few classes of seconds."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bgmsync.shared.counting import Key

SPANS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds. What takes longer is cut off by the transport's deadline."""
LONGER = "+Inf"

REQUESTS, SECONDS = "requests", "request_seconds"
"""Counters by service, status and span; and the seconds themselves, by service."""

NO_ANSWER, OTHER = "none", "other"
KNOWN = {420, *HTTPStatus}
"""A service may answer with any number; each new one would be a new series."""


def note(counts: dict[Key, float], service: str, status: int | None, seconds: float) -> None:
    """Count one request that was sent; *status* is None where no answer came."""
    span = next((str(bound) for bound in SPANS if seconds <= bound), LONGER)
    name = NO_ANSWER if status is None else str(int(status)) if status in KNOWN else OTHER
    for key, value in ((REQUESTS, service, name, span), 1), ((SECONDS, service), seconds):
        counts[key] = counts.get(key, 0) + value
