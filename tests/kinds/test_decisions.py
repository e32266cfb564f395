"""A person's decision about a season moves its rating too, and takes back what went to the wrong subject."""

from __future__ import annotations

import pytest

from sync import decisions
from sync.models import MappingOverride
from tests.e2e.small import AFTER_STORY, CLANNAD, PAPRIKA, entry
from tests.kinds.lists import DOING, DONE, by_hand, on_list, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e


def decide(world, *, season, subject_id):
    (show,) = (show for show in world.trakt.shows if show.title == "Clannad")
    override = MappingOverride.objects.create(
        kind="show", trakt_id=show.trakt, season=season, subject_id=subject_id, user=TraktConfig.objects.get().user
    )
    decisions.reopen(decisions.items_of(override))


def test_a_rating_goes_to_the_subject_that_a_person_chose_and_is_taken_back_where_it_was(install):
    world = world_of(ratings={"Clannad 1": 8}, listed=(entry(CLANNAD, DOING),))
    installation = install(world)
    installation.sync()
    assert on_list(installation) == {CLANNAD: (DOING, 8)}
    decide(world, season=1, subject_id=PAPRIKA)
    run = installation.sync()
    assert on_list(installation) == {CLANNAD: (DOING, 0), PAPRIKA: (DONE, 8)}
    assert run["status"] == "succeeded"
    assert installation.breaches() == []
    assert installation.sync()["requests"] == {"trakt": 1, "bangumi": 0}


def test_what_the_user_changed_there_meanwhile_is_not_taken_back(install):
    world = world_of(ratings={"Clannad 1": 8}, listed=(entry(CLANNAD, DOING),))
    installation = install(world)
    installation.sync()
    by_hand(installation, CLANNAD, rate=3)
    decide(world, season=1, subject_id=None)
    run = installation.sync()
    assert on_list(installation) == {CLANNAD: (DOING, 3)}
    assert run["reasons"] == {"ignored": 1}


def test_a_rating_that_another_fact_speaks_for_stays(install):
    world = world_of(ratings={"Clannad 1": 8, "Clannad 2": 8})
    installation = install(world)
    installation.sync()
    decide(world, season=1, subject_id=AFTER_STORY)
    installation.sync()
    decide(world, season=1, subject_id=CLANNAD)
    installation.sync()
    assert on_list(installation) == {CLANNAD: (DONE, 8), AFTER_STORY: (DONE, 8)}
