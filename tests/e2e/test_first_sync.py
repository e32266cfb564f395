"""The first sync of a large world that is in nobody's fixtures: right, complete, polite and within its budget."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests import openapi, realdata, worlds
from tests.e2e.installation import adds_up

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.shared,
    pytest.mark.skipif(not realdata.DATA.is_dir(), reason="../shared/data is not beside the project"),
]

SUBJECT = re.compile(r"/collections/(\d+)")
PAGE = 250
DONE = 2


@dataclass(frozen=True)
class Story:
    """What two runs did, the second with nothing new."""

    truth: worlds.Truth
    first: dict[str, Any]
    second: dict[str, Any]
    listed_before: set[str]
    listed: dict[str, Any]
    marked: dict[int, set[int]]
    requests: list[dict[str, Any]]
    breaches: list[dict[str, Any]]

    def paths(self, service: str) -> list[str]:
        return [r["path"] for r in self.requests if r["service"] == service]

    def asked_too_often(self) -> dict[int, int]:
        """Return the subjects that cost more than four requests, five where they completed, one as mere rivals."""
        found = [SUBJECT.search(path) for path in self.paths("bangumi")]
        asked = Counter(int(match[1]) for match in found if match)
        patched = [SUBJECT.search(r["path"]) for r in self.requests if r["method"] == "PATCH"]
        written = {int(match[1]) for match in patched if match}
        completed = {int(subject) for subject, row in self.listed.items() if row["type"] == DONE}
        return {s: n for s, n in asked.items() if n > (4 + (s in completed) if s in written else 1)}

    def trakt_pages(self) -> int:
        return -(-len(self.truth.plays) // PAGE)

    def live_plays(self) -> int:
        return sum(expected.verdict == "skip" for expected in self.truth.plays.values())

    def added(self) -> set[int]:
        return {int(subject) for subject in self.listed.keys() - self.listed_before}


PROMISES: dict[str, Callable[[Story], bool]] = {
    "all plays are read": lambda s: s.first["read"] == len(s.truth.plays),
    "the sums add up": lambda s: adds_up(s.first),
    "it succeeds": lambda s: s.first["status"] == "succeeded",
    "no episode is marked that was not watched": lambda s: not s.truth.wrong(s.marked),
    "95 % of the plays of anime are right": lambda s: s.truth.share_right(s.marked) >= 0.95,
    "the rest is in review or left out": lambda s: set(s.first["items"]) <= {"done", "already", "review", "skipped"},
    "live action is left out with its reason": lambda s: s.first["reasons"]["live_action"] == s.live_plays(),
    "no live action is written": lambda s: s.added() <= s.truth.marks().keys(),
    "Trakt's pages and five requests": lambda s: (
        sum(not path.endswith("/seasons") for path in s.paths("trakt")) <= s.trakt_pages() + 5
    ),
    "four requests a subject, five where it completes": lambda s: not s.asked_too_often(),
    "five requests to Bangumi besides": lambda s: sum(not SUBJECT.search(p) for p in s.paths("bangumi")) <= 5,
    "the summary counts what was really sent": lambda s: (
        s.first["requests"] == {service: len(s.paths(service)) for service in ("trakt", "bangumi")}
    ),
    "nothing impolite or undocumented is sent": lambda s: s.breaches == [],
    "a second run asks Trakt once": lambda s: s.second["requests"] == {"trakt": 1, "bangumi": 0},
    "a second run writes nothing": lambda s: (s.second["status"], s.second["writes"]) == ("succeeded", 0),
}


@pytest.fixture
def story(install):
    world, truth = worlds.make_world(7, shows=60, plays=1000)
    installation = install(world)
    installation.standins.hub.observer = openapi.checker()
    before = set(installation.shelf())
    first = installation.sync(ok=None)
    requests = installation.requests()
    second = installation.sync(ok=None)
    return Story(
        truth,
        first,
        second,
        before,
        installation.shelf(),
        installation.marks(),
        requests,
        installation.breaches(),
    )


def test_the_first_sync_of_a_large_world_keeps_every_promise(story):
    assert [promise for promise, is_kept in PROMISES.items() if not is_kept(story)] == []
