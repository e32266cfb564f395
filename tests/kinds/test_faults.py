"""Lost answers, refusals and locked subjects: nothing is lost, written twice, or said to be done when it is not."""

from __future__ import annotations

import pytest

from tests.e2e.installation import adds_up
from tests.e2e.small import AFTER_STORY, CLANNAD, MUSHISHI, PAPRIKA, entry
from tests.kinds.lists import DOING, DONE, WISH, on_list, world_of

pytestmark = pytest.mark.e2e

ENTRY = r"/v0/users/-/collections/\d+$"
LIST = r"/v0/users/[^/-]+/collections(/\d+)?$"
RIGHT = {CLANNAD: (DOING, 8), AFTER_STORY: (DONE, 7), PAPRIKA: (DONE, 9), MUSHISHI: (WISH, 0)}

FAULTS = [
    ("a write's answer is lost", ENTRY, {"kind": "after_effect", "status": 500}),
    ("a write's connection is reset after it arrived", ENTRY, {"kind": "after_effect", "status": None}),
    ("a write does not arrive", ENTRY, {"kind": "reset"}),
    ("a write meets trouble", ENTRY, {"kind": "status", "status": 503}),
    ("the list can't be read", LIST, {"kind": "status", "status": 502}),
    ("the list is a web page", LIST, {"kind": "html200"}),
    ("the list is cut off", LIST, {"kind": "truncated"}),
    ("ratings can't be read", r"/sync/ratings/all$", {"kind": "status", "status": 500}),
    ("ratings are a web page", r"/sync/ratings/all$", {"kind": "html200"}),
    ("the watchlist is cut off", r"/sync/watchlist$", {"kind": "truncated"}),
    ("the collection is reset", r"/sync/collection/movies$", {"kind": "reset"}),
]


def world():
    ratings = {"Clannad 1": 8, "Clannad 2": 7, "Paprika": 9}
    return world_of(ratings=ratings, wanted=("Mushi-Shi",), listed=(entry(CLANNAD, DOING),))


@pytest.mark.parametrize("times", [1, 6], ids=["once", "again and again"])
@pytest.mark.parametrize(("path", "action"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_leaves_nothing_lost_and_nothing_written_twice(install, path, action, times):
    installation = install(world(), RETRY_SCALE="0.0001")
    service = "trakt" if path.startswith("/sync") else "bangumi"
    fault = {"service": service, "path": path, "times": times, "action": action}
    installation.standins.control("faults", fault)
    for _attempt in range(8):
        run = installation.sync(ok=None)
        assert run["status"] != "succeeded" or on_list(installation) == RIGHT, "false success"
        if run["status"] == "succeeded":
            break
    assert on_list(installation) == RIGHT
    assert adds_up(run)
    kinds = {breach["kind"] for breach in installation.breaches()}
    assert kinds <= {"write_that_changes_nothing"} if action["kind"] == "after_effect" else not kinds
    assert installation.sync()["requests"] == {"trakt": 1, "bangumi": 0}


def test_a_locked_subject_is_asked_about_and_the_others_are_written(install):
    locked = world()
    next(s for s in locked.bangumi.subjects if s.id == AFTER_STORY).locked = True
    installation = install(locked)
    run = installation.sync()
    assert run["status"] == "succeeded"
    assert run["reasons"] == {"subject_locked": 1}
    assert on_list(installation) == {subject: RIGHT[subject] for subject in RIGHT if subject != AFTER_STORY}


def test_of_a_season_that_is_several_subjects_one_that_is_locked_is_asked_about(install):
    locked = world_of(ratings={"Black Lagoon 1": 7})
    next(s for s in locked.bangumi.subjects if s.id == 980).locked = True
    installation = install(locked)
    run = installation.sync()
    assert on_list(installation) == {979: (DONE, 7)}
    assert (run["items"], run["reasons"]) == ({"review": 1}, {"subject_locked": 1})
