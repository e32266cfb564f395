"""What is removed on Trakt stays here; it is taken back if the user chose so, two reads agree and few are missing."""

from __future__ import annotations

import pytest

from tests.e2e.small import CLANNAD, PAPRIKA, entry
from tests.kinds.lists import DONE, by_hand, on_list, on_trakt, row, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

RATED = {
    "Clannad 1": 8,
    "Clannad 2": 8,
    "Paprika": 9,
    "A Silent Voice": 7,
    "Porco Rosso": 6,
    "Tokyo Godfathers": 6,
    "Princess Mononoke": 10,
    "Mushi-Shi 1": 9,
    "Haikyu!! 1": 5,
    "Haikyu!! 2": 5,
    "Haikyu!! 3": 5,
}


def removing(install, *texts, listed=(), **rules):
    """Sync, then take these ratings away on Trakt."""
    world = world_of(ratings=RATED, listed=listed)
    installation = install(world)
    TraktConfig.objects.update(**rules)
    installation.sync()
    left = [row(world, text, rating=rating) for text, rating in RATED.items() if text not in texts]
    on_trakt(installation, "ratings", left)
    return installation


def test_by_default_nothing_is_taken_back(install):
    installation = removing(install, "Paprika")
    before = installation.shelf()
    runs = [installation.sync() for _ in range(3)]
    assert installation.shelf() == before
    assert [run["requests"]["trakt"] for run in runs] == [2, 1, 1]


def test_a_rating_is_taken_back_when_two_reads_agree(install):
    installation = removing(install, "Paprika", removed="take_back")
    assert installation.sync()["writes"] == 0
    run = installation.sync()
    assert run["writes"] == 1
    assert run["status"] == "succeeded"
    assert on_list(installation)[PAPRIKA] == (DONE, 0)
    assert installation.sync()["requests"] == {"trakt": 1, "bangumi": 0}


def test_a_rating_that_came_back_in_between_stays(install):
    installation = removing(install, "Paprika", removed="take_back")
    installation.sync()
    on_trakt(installation, "ratings", [row(installation.standins.hub.world, t, rating=r) for t, r in RATED.items()])
    installation.sync()
    installation.sync()
    assert on_list(installation)[PAPRIKA] == (DONE, 9)


def test_a_rating_that_is_given_again_after_it_was_taken_back_is_written_again(install):
    installation = removing(install, "Paprika", removed="take_back")
    installation.sync()
    installation.sync()
    on_trakt(installation, "ratings", [row(installation.standins.hub.world, t, rating=r) for t, r in RATED.items()])
    installation.sync()
    assert on_list(installation)[PAPRIKA] == (DONE, 9)


def test_what_the_user_changed_or_had_rated_before_is_not_taken_back(install):
    listed = (entry(PAPRIKA, DONE, rate=9),)
    installation = removing(install, "Paprika", listed=listed, removed="take_back")
    runs = [installation.sync() for _ in range(2)]
    assert [run["writes"] for run in runs] == [0, 0]
    assert on_list(installation)[PAPRIKA] == (DONE, 9)


def test_a_rating_that_was_changed_by_hand_meanwhile_is_not_taken_back(install):
    installation = removing(install, "Clannad 1", removed="take_back")
    by_hand(installation, CLANNAD, rate=10)
    installation.sync()
    installation.sync()
    assert on_list(installation)[CLANNAD] == (DONE, 10)


@pytest.mark.parametrize("gone", [list(RATED)[:2], list(RATED)], ids=["a fifth", "all of it"])
def test_a_list_that_shrank_by_more_than_a_tenth_stops_and_asks(install, gone):
    installation = removing(install, *gone, removed="take_back")
    before = installation.shelf()
    run = installation.sync()
    assert run["items"].get("review") == len(gone)
    assert run["reasons"] == {"list_shrank": len(gone)}
    installation.sync()
    assert installation.shelf() == before


def test_retrying_what_was_asked_takes_it_back(install):
    from django.contrib.auth import get_user_model  # noqa: PLC0415  # as the admin's button does it

    from sync import runs  # noqa: PLC0415
    from sync.models import SyncItem  # noqa: PLC0415

    installation = removing(install, "Clannad 1", "Paprika", removed="take_back")
    installation.sync()
    alice = get_user_model().objects.get(username="alice")
    runs.retry_items(alice, SyncItem.objects.filter(reason="list_shrank"))
    installation.sync()
    assert on_list(installation)[CLANNAD] == (DONE, 0)
    assert on_list(installation)[PAPRIKA] == (DONE, 0)
