"""Undo puts Bangumi back to how a run found it, and leaves what the user changed since."""

from __future__ import annotations

import json

import pytest

from tests.e2e.small import BLACK_LAGOON, CLANNAD, MUSHISHI, entry, main_ids, small_world

pytestmark = pytest.mark.e2e

WISH, DONE, DOING = 1, 2, 3


def shown(installation):
    """What the API shows, save the time stamps."""
    return {
        subject: {name: value for name, value in row.items() if name != "updated_at"}
        for subject, row in installation.shelf().items()
    }


def undo(installation, run, *options):
    return json.loads(installation.manage("undo", str(run["run"]), "--json", *options))


@pytest.fixture
def listed():
    """Entries that the first sync changes: a wish, one with a mark in another state, one that it completes."""
    world = small_world()
    first, second = main_ids(world, MUSHISHI, 2)
    return [
        entry(CLANNAD, WISH, comment="later", tags=["key"]),
        entry(MUSHISHI, DOING, rate=8, marks={first: 3, second: 2}),
        entry(BLACK_LAGOON, DOING, rate=9),
    ]


def test_the_undo_of_a_first_sync_leaves_the_account_as_it_was(install, listed):
    installation = install(small_world("Clannad 1x1-5", "Mushi-Shi 1x1-4", "Black Lagoon 1x1-12", listed=listed))
    before = shown(installation)
    run = installation.sync()
    assert shown(installation) != before
    undone = undo(installation, run)
    assert undone["status"] == "succeeded"
    assert shown(installation) == before
    assert installation.breaches() == []


def test_a_previewed_undo_writes_nothing(install, listed):
    installation = install(small_world("Clannad 1x1-5", listed=listed))
    run = installation.sync()
    before = installation.shelf()
    assert undo(installation, run, "--dry-run")["writes"] == 0
    assert installation.shelf() == before


def test_undo_leaves_what_the_user_changed_since(install, listed):
    world = small_world("Clannad 1x1-5", "Mushi-Shi 1x1-4", listed=listed)
    installation = install(world)
    run = installation.sync()
    third = main_ids(world, CLANNAD, 3)[2]
    edit = {"user": "alice", "subject_id": CLANNAD, "type": DONE, "comment": "mine", "marks": {str(third): 3}}
    installation.standins.control("edit", edit)
    undo(installation, run)
    row = installation.shelf()[str(CLANNAD)]
    assert (row["type"], row["comment"]) == (DONE, "mine")
    assert row["marks"] == {str(third): 3}


def test_what_was_undone_is_not_ticked_again_by_the_next_run(install, listed):
    installation = install(small_world("Clannad 1x1-5", listed=listed))
    undo(installation, installation.sync())
    after = installation.shelf()
    installation.sync("--full")
    assert installation.shelf() == after


def test_an_undone_run_can_be_undone_only_once(install, listed):
    installation = install(small_world("Clannad 1x1-5", listed=listed))
    run = installation.sync()
    undo(installation, run)
    assert undo(installation, run)["writes"] == 0
