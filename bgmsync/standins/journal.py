"""What was asked of the stand-ins: the log of requests, breaches of good manners, and how much ran at once."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from bgmsync.standins.clock import Clock
    from bgmsync.standins.exchange import Exchange, Service

COLLECTION_WRITE = re.compile(r"/v0/users/-/collections/(\d+)(?:/episodes)?")
PRIVATE_PATHS = ("/oauth/", "/activate")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(slots=True)
class Entry:
    """A request in the log.

    ``overlap`` counts the others in flight at its service when it arrived; ``body`` is kept for writes, never for
    the token endpoints; ``status`` 0 means that no answer was sent (yet).
    """

    number: int
    service: Service
    method: str
    path: str
    query: str
    started: float
    overlap: int
    body: str = ""
    user: str | None = None
    ended: float | None = None
    status: int = 0
    fault: str | None = None


@dataclass(slots=True)
class Breach:
    kind: str
    detail: str
    service: Service
    method: str
    path: str


@dataclass
class Journal:
    clock: Clock
    entries: list[Entry] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    in_flight: Counter[str] = field(default_factory=Counter)
    peaks: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def request(self, exchange: Exchange) -> Generator[Entry]:
        """Log a request for as long as it lasts."""
        entry = Entry(
            number=len(self.entries) + 1,
            service=exchange.service,
            method=exchange.method,
            path=exchange.path,
            query=exchange.query,
            started=self.clock.timestamp(),
            overlap=self.in_flight[exchange.service],
            body=kept_body(exchange),
        )
        self.entries.append(entry)
        with self._counted(exchange.service):
            try:
                yield entry
            finally:
                entry.ended = self.clock.timestamp()
                entry.user = exchange.user

    @contextmanager
    def write(self, exchange: Exchange, subject_id: int) -> Generator[None]:
        """Count the writes to one user's subject that run at once; more than one is a breach."""
        key = f"{exchange.user}:{subject_id}"
        with self._counted(key):
            if self.in_flight[key] > 1:
                self.breach(exchange, "concurrent_write", f"{self.in_flight[key]} writes at once to {key}")
            yield

    @contextmanager
    def _counted(self, key: str) -> Generator[None]:
        self.in_flight[key] += 1
        self.peaks[key] = max(self.peaks[key], self.in_flight[key])
        try:
            yield
        finally:
            self.in_flight[key] -= 1

    def breach(self, exchange: Exchange, kind: str, detail: str) -> None:
        self.breaches.append(Breach(kind, detail, exchange.service, exchange.method, exchange.path))

    def clear(self) -> None:
        """Forget everything but what is still in flight."""
        self.entries.clear()
        self.breaches.clear()
        self.peaks.clear()

    def summary(self) -> dict[str, Any]:
        """Count requests and writes, and name the peaks: of each service, and the highest of any (user, subject)."""
        subjects = {key: peak for key, peak in self.peaks.items() if ":" in key}
        return {
            "requests": dict(Counter(entry.service for entry in self.entries)),
            "writes": sum(is_collection_write(entry.method, entry.path) for entry in self.entries),
            "peaks": {service: self.peaks[service] for service in ("trakt", "bangumi")},
            "subject_peak": max(subjects.values(), default=0),
            "subject_peaks": subjects,
            "breaches": dict(Counter(breach.kind for breach in self.breaches)),
        }

    def dump(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.entries]


def kept_body(exchange: Exchange) -> str:
    if exchange.method not in WRITES or exchange.path.startswith(PRIVATE_PATHS):
        return ""
    return exchange.body.decode("utf-8", "replace")


def is_collection_write(method: str, path: str) -> bool:
    return method in WRITES and path.startswith("/v0/users/-/collections/")
