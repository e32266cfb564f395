"""Each kind of request of a run meets each fault: nothing is lost, nothing is written twice, nobody is lied to."""

from __future__ import annotations

import os

import pytest

from tests.e2e.small import BLACK_LAGOON, main_ids
from tests.faults.matrix import FAULTS, FIRST_RUN, LATER_RUN, ONCE, RENEWALS, THROUGHOUT, makes_sense
from tests.faults.story import SCALE, Story, expected_shelf, short_timeouts, wait_for_hosts
from tests.faults.world import make_world
from tests.servers import POSTGRES

FULL = os.environ.get("FAULTS") == "full"
CHOSEN = {"second page of plays", "mark"}
"""Without FAULTS=full, each fault strikes these once, and each request meets the fault that follows."""
CHOSEN_FAULTS = {"reset after the effect"} if POSTGRES else {"404"}

USES_THE_TOKEN_UP = {"500 after the effect", "reset after the effect", "truncated", "wrong types"}
"""Refresh tokens work once: where the answer is lost, only the user can connect again."""


def cases(requests):
    """Return each request with each fault and for how long, or the chosen ones."""
    return [
        pytest.param(name, fault, times, id=f"{name}-{fault}-{'once' if times is ONCE else 'throughout'}")
        for name, request in requests.items()
        for fault in FAULTS
        for times in (ONCE, THROUGHOUT)
        if makes_sense(request, fault) and (FULL or (times is ONCE and (name in CHOSEN or fault in CHOSEN_FAULTS)))
    ]


@pytest.fixture
def story(install, monkeypatch, record_property):
    short_timeouts(monkeypatch)
    record_property("faults", 1)
    world = make_world()
    return Story(install(world, RETRY_SCALE=SCALE), expected_shelf(world))


def test_undisturbed_the_world_comes_to_what_the_suite_expects(story):
    story.heal(healthy=1)
    assert story.runs[0]["status"] == "succeeded"


@pytest.mark.parametrize(("request_name", "fault", "times"), cases(FIRST_RUN))
def test_a_first_run_survives(story, request_name, fault, times):
    spoil = FIRST_RUN[request_name].spoilt_by(FAULTS[fault], times)
    story.installation.standins.control("faults", spoil)
    story.run()
    assert story.installation.standins.control("faults")[0]["hits"] > 0
    story.heal()


@pytest.mark.parametrize(("request_name", "fault", "times"), cases(LATER_RUN))
def test_a_later_run_that_looks_for_late_plays_survives(story, request_name, fault, times):
    story.run()
    installation, world = story.installation, story.installation.standins.hub.world
    late = next(e.trakt for s in world.trakt.shows if s.title == "Black Lagoon" for e in s.seasons[0].episodes[6:])
    play = {"episode": late, "watched_at": "2021-03-03T20:00:00Z"}
    installation.standins.control("plays", {"user": "alice", "plays": [play]})
    story.expected = later(world)
    installation.standins.control("faults", LATER_RUN[request_name].spoilt_by(FAULTS[fault], times))
    story.run()
    assert installation.standins.control("faults")[0]["hits"] > 0
    story.heal()


@pytest.mark.parametrize(("request_name", "fault", "times"), cases(RENEWALS))
def test_a_renewal_of_tokens_survives_or_asks_to_reconnect(story, request_name, fault, times):
    installation, request = story.installation, RENEWALS[request_name]
    expire = {"service": request.service, "user": "alice", "what": "access"}
    installation.standins.control("expire", expire)
    installation.standins.control("faults", request.spoilt_by(FAULTS[fault], times))
    story.run()
    assert installation.standins.control("faults")[0]["hits"] > 0
    installation.standins.control("faults", method="DELETE")
    wait_for_hosts()
    story.run()
    if installation.status()[request.service]["state"] == "reconnect":
        assert fault in USES_THE_TOKEN_UP
        installation.connect_anew(request.service)
    story.heal()


def later(world):
    """Return what the suite's world comes to when one more episode was watched."""
    expected = expected_shelf(world)
    state, _marks = expected[BLACK_LAGOON]
    return expected | {BLACK_LAGOON: (state, set(main_ids(world, BLACK_LAGOON, 7)))}
