"""A spoilt run and the healthy ones after it, and what must hold after each of them."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from bgmsync.shared.http import new_client
from bgmsync.shared.models import HostBudget
from sync.reasons import TEXTS
from tests.e2e.small import BLACK_LAGOON, CLANNAD, MUSHISHI, ONE_PUNCH, PAPRIKA, main_ids

if TYPE_CHECKING:
    from tests.e2e.inprocess import InProcess

SCALE = "0.0001"
"""An hour is a third of a second."""

HEALTHY = 2
"""Runs after which everything must be as if nothing had happened."""

DOING, DONE = 3, 2


def short_timeouts(monkeypatch) -> None:
    """Let a request that hangs be given up after less than a second."""
    quick = partial(new_client, timeout=httpx.Timeout(0.7, pool=None))
    monkeypatch.setattr("sync.engine.clients.new_client", quick)


def expected_shelf(world) -> dict[int, tuple[int, set[int]]]:
    """Return what the suite's world must come to on Bangumi: the state and the ticks of each subject."""
    return {
        CLANNAD: (DONE, set(main_ids(world, CLANNAD, 22))),
        BLACK_LAGOON: (DOING, set(main_ids(world, BLACK_LAGOON, 6))),
        PAPRIKA: (DONE, set(main_ids(world, PAPRIKA))),
        MUSHISHI: (DOING, set(main_ids(world, MUSHISHI, 10))),
        ONE_PUNCH: (DONE, set(main_ids(world, ONE_PUNCH, 12))),
    }


@dataclass
class Story:
    installation: InProcess
    expected: dict[int, tuple[int, set[int]]]
    runs: list[dict[str, Any]] = field(default_factory=list)

    def is_whole(self) -> bool:
        marks, shelf = self.installation.marks(), self.installation.shelf()
        return all(
            str(subject) in shelf and (shelf[str(subject)]["type"], marks[subject]) == wanted
            for subject, wanted in self.expected.items()
        )

    def run(self, *options: str) -> dict[str, Any]:
        """Run once, and check that what it says of itself is true and tells why it stopped."""
        run = self.installation.sync(*options, ok=None)
        self.runs.append(run)
        if run["status"] == "succeeded":
            assert self.is_whole(), f"false success: {run}"
        else:
            assert run["reason"] in TEXTS, f"no reason a person understands: {run}"
            assert str(TEXTS[run["reason"]].long)
        unknown = run["reasons"].keys() - TEXTS.keys()
        assert not unknown, unknown
        return run

    def heal(self, healthy: int = HEALTHY) -> None:
        """End the trouble; after *healthy* runs, all must be there and nothing left to do."""
        self.installation.standins.control("faults", method="DELETE")
        for _ in range(healthy):
            wait_for_hosts()
            self.run()
        assert self.is_whole(), f"missing: {self.runs}"
        assert self.runs[-1]["status"] == "succeeded", self.runs
        self.check_manners()
        self.check_connections()

    def check_manners(self) -> None:
        assert self.installation.breaches() == []
        assert twice_marked(self.installation.requests()) == {}

    def check_connections(self) -> None:
        status = self.installation.status()
        assert (status["trakt"]["state"], status["bangumi"]["state"]) == ("connected", "connected")


def wait_for_hosts() -> None:
    """Wait as long as the hosts are put off, as whoever starts the next run by the clock would."""
    until = max(HostBudget.objects.values_list("put_off_until", flat=True), default=0.0)
    probing = max(HostBudget.objects.filter(failures__gte=3).values_list("probe_until", flat=True), default=0.0)
    time.sleep(max(until - time.time(), probing - time.time(), 0))


def twice_marked(requests: list[dict[str, Any]]) -> dict[int, int]:
    """Return the episodes that were marked by more than one request that took effect."""
    marked: Counter[int] = Counter()
    for request in requests:
        took_effect = request["status"] == 204 or request["fault"] in {"after_effect", "truncated", "wrong_types"}
        if request["method"] == "PATCH" and request["path"].endswith("/episodes") and took_effect:
            body = json.loads(request["body"])
            marked.update(body["episode_id"] if body["type"] == 2 else [])
    return {episode: times for episode, times in marked.items() if times > 1}
