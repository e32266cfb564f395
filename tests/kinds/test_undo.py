"""Undoing a run puts ratings, tags and states back as they were, save what the user changed since."""

from __future__ import annotations

import pytest

from tests.e2e.small import AFTER_STORY, CLANNAD, MUSHISHI, ONE_PUNCH, PAPRIKA, entry
from tests.kinds.lists import DOING, DONE, WISH, by_hand, on_list, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e


def test_an_undo_puts_ratings_tags_and_states_back(install):
    listed = (
        entry(CLANNAD, DOING, tags=["校园"], comment="好"),
        entry(PAPRIKA, DONE, rate=4, tags=["今敏"]),
        entry(MUSHISHI, WISH),
    )
    world = world_of(ratings={"Clannad 1": 8, "Paprika": 9, "Mushi-Shi 1": 7}, owned=("Paprika",), listed=listed)
    installation = install(world)
    TraktConfig.objects.update(collected="tag", rating_conflict="trakt")
    before = installation.shelf()
    run = installation.sync()
    assert on_list(installation) == {CLANNAD: (DOING, 8), PAPRIKA: (DONE, 9), MUSHISHI: (DONE, 7)}
    installation.manage("undo", str(run["run"]))
    after = installation.shelf()
    for row in (*before.values(), *after.values()):
        row.pop("updated_at")
    assert after == before
    assert installation.breaches() == []
    assert installation.sync()["writes"] == 0


def test_an_undo_leaves_alone_what_the_user_changed_since(install):
    world = world_of("One-Punch Man 1x1", ratings={"Clannad 1": 8, "Clannad 2": 6, "One-Punch Man 1": 5})
    installation = install(world)
    run = installation.sync()
    by_hand(installation, CLANNAD, rate=10)
    installation.manage("undo", str(run["run"]))
    # Bangumi lets no program take an entry off the list.
    assert on_list(installation) == {CLANNAD: (DONE, 10), AFTER_STORY: (DONE, 0), ONE_PUNCH: (DOING, 0)}
    assert installation.marks()[ONE_PUNCH] == set()
