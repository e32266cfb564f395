"""The first sync of a large world that is in nobody's fixtures: right, complete, polite and within its budget."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bgmsync.standins import StandIns
from tests import openapi, realdata, worlds
from tests.e2e.installation import Installation, adds_up

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.shared,
    pytest.mark.skipif(not realdata.DATA.is_dir(), reason="../shared/data is not beside the project"),
    pytest.mark.xdist_group("first sync"),
]

SUBJECT = re.compile(r"/collections/(\d+)")
PAGE = 250


@dataclass(frozen=True)
class Story:
    """What two runs did."""

    truth: worlds.Truth
    first: dict[str, Any]
    second: dict[str, Any]
    marked: dict[int, set[int]]
    listed: dict[str, Any]
    requests: list[dict[str, Any]]
    breaches: list[dict[str, Any]]

    def by_subject(self) -> Counter[int]:
        found = (SUBJECT.search(r["path"]) for r in self.requests if r["service"] == "bangumi")
        return Counter(int(match[1]) for match in found if match)


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator[Story]:
    world, truth = worlds.make_world(41, shows=60, plays=1000)
    with StandIns(world, observer=openapi.checker()) as standins:
        installation = Installation(tmp_path_factory.mktemp("first"), standins).connect()
        first = installation.sync(ok=None)
        requests = installation.requests()
        yield Story(
            truth,
            first,
            installation.sync(ok=None),
            installation.marks(),
            installation.shelf(),
            requests,
            installation.breaches(),
        )


def test_all_plays_are_read_and_the_sums_add_up(story):
    assert story.first["read"] == len(story.truth.plays) == 1000
    assert adds_up(story.first)
    assert story.first["status"] == "succeeded"


def test_no_episode_is_marked_that_was_not_watched(story):
    assert story.truth.wrong(story.marked) == set()


def test_nearly_all_plays_of_anime_are_right(story):
    assert story.truth.share_right(story.marked) >= 0.95


def test_what_is_not_right_is_in_review_or_left_out_with_its_reason(story):
    assert set(story.first["items"]) <= {"done", "already", "review", "skipped"}
    assert sum(story.first["reasons"].values()) >= story.first["items"]["review"] + story.first["items"]["skipped"]


def test_no_live_action_is_written(story):
    skipped = sum(expected.verdict == "skip" for expected in story.truth.plays.values())
    assert story.first["reasons"]["live_action"] == skipped
    assert {int(subject) for subject in story.listed} <= story.truth.marks().keys() | {999_999_999}


def test_trakt_is_asked_for_its_pages_and_little_more(story):
    paths = [r["path"] for r in story.requests if r["service"] == "trakt"]
    seasons = sum(path.endswith("/seasons") for path in paths)
    pages = -(-len(story.truth.plays) // PAGE)
    assert len(paths) - seasons <= pages + 5
    assert story.first["requests"]["trakt"] == len(paths)


def test_bangumi_is_asked_four_times_a_subject_and_once_more_where_it_completes(story):
    written = {int(SUBJECT.search(r["path"])[1]) for r in story.requests if r["method"] == "PATCH"}
    completed = {int(subject) for subject, entry in story.listed.items() if entry["type"] == 2}
    asked = story.by_subject()
    too_many = {s: n for s, n in asked.items() if n > (4 + (s in completed) if s in written else 1)}
    assert too_many == {}
    others = sum(r["service"] == "bangumi" for r in story.requests) - asked.total()
    assert others <= 5


def test_nothing_impolite_or_undocumented_was_sent(story):
    assert story.breaches == []


def test_a_second_run_costs_one_request_and_writes_nothing(story):
    assert story.second["requests"] == {"trakt": 1, "bangumi": 0}
    assert (story.second["status"], story.second["writes"]) == ("succeeded", 0)
