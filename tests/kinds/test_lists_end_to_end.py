"""Ratings, collection, watchlist and dropped shows, through the real command against the stand-ins."""

from __future__ import annotations

import pytest

from tests.e2e.installation import adds_up
from tests.e2e.small import AFTER_STORY, BLACK_LAGOON, CLANNAD, MUSHISHI, ONE_PUNCH, PAPRIKA, SECOND_BARRAGE, entry
from tests.kinds.lists import DOING, DONE, DROPPED, ON_HOLD, WISH, by_hand, on_list, on_trakt, row, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e


def synced(install, world, **rules):
    installation = install(world)
    if rules:
        TraktConfig.objects.update(**rules)
    run = installation.sync()
    assert run["status"] == "succeeded"
    assert adds_up(run)
    assert installation.breaches() == []
    return installation, run


def again(installation):
    """Run once more: nothing may be asked of Bangumi, and only one thing of Trakt."""
    run = installation.sync()
    assert run["requests"] == {"trakt": 1, "bangumi": 0}
    assert run["writes"] == 0


def test_each_kind_is_counted_and_the_totals_are_their_sums(install):
    world = world_of(
        "Clannad 1x1-3", ratings={"Paprika": 9, "Clannad 1": 8}, owned=("A Silent Voice",), wanted=("Mushi-Shi",)
    )
    installation, run = synced(install, world)
    assert {kind: (n["read"], n["expected"], n["items"]) for kind, n in run["kinds"].items()} == {
        "history": (3, 3, {"done": 3}),
        "ratings": (2, 2, {"done": 2}),
        "collection": (1, 1, {"done": 1}),
        "watchlist": (1, 1, {"done": 1}),
        "hidden": (0, 0, {}),
    }
    assert run["read"] == sum(n["read"] for n in run["kinds"].values())
    assert on_list(installation) == {CLANNAD: (DOING, 8), PAPRIKA: (DONE, 9), 117777: (WISH, 0), MUSHISHI: (WISH, 0)}
    again(installation)


def test_kinds_says_which_are_read(install):
    world = world_of("Clannad 1x1", ratings={"Paprika": 9}, wanted=("Mushi-Shi",))
    installation = install(world)
    run = installation.sync("--kinds", "ratings")
    assert on_list(installation) == {PAPRIKA: (DONE, 9)}
    assert run["kinds"]["ratings"]["items"] == {"done": 1}
    assert run["requests"]["trakt"] == 2


def test_a_split_season_is_rated_as_the_user_chose(install):
    world = world_of(ratings={"Black Lagoon 1": 7})
    installation, _run = synced(install, world)
    assert on_list(installation) == {BLACK_LAGOON: (DONE, 7), SECOND_BARRAGE: (DONE, 7)}
    again(installation)


def test_a_rating_goes_along_with_the_write_that_adds_the_entry(install):
    world = world_of("One-Punch Man 1x1-12", ratings={"One-Punch Man 1": 8})
    installation, run = synced(install, world)
    assert on_list(installation) == {ONE_PUNCH: (DONE, 8)}
    assert run["writes"] == 3


def test_a_rating_alone_leaves_no_line_in_the_timeline(install):
    installation, run = synced(install, world_of(ratings={"Clannad 1": 8}, listed=(entry(CLANNAD, ON_HOLD),)))
    assert on_list(installation) == {CLANNAD: (ON_HOLD, 8)}
    assert installation.standins.control("state")["bangumi"]["alice"]["timeline"] == []
    assert run["writes"] == 1


def test_a_rating_makes_a_wish_more_than_a_wish_in_one_write(install):
    installation, run = synced(install, world_of(ratings={"Clannad 1": 8}, listed=(entry(CLANNAD, WISH),)))
    assert on_list(installation) == {CLANNAD: (DONE, 8)}
    assert run["writes"] == 1


CONFLICTS = [("keep", 5, "skipped"), ("trakt", 8, "done"), ("newest", 8, "done")]


@pytest.mark.parametrize(("rule", "rate", "state"), CONFLICTS)
def test_a_rating_that_the_user_set_on_bangumi_is_kept_unless_the_user_says_otherwise(install, rule, rate, state):
    own = entry(CLANNAD, DONE, rate=5, comment="好", tags=["校园"], private=True)
    installation, run = synced(install, world_of(ratings={"Clannad 1": 8}, listed=(own,)), rating_conflict=rule)
    shelf = installation.shelf()[str(CLANNAD)]
    assert (shelf["rate"], run["items"]) == (rate, {state: 1})
    assert (shelf["comment"], shelf["tags"], shelf["private"]) == ("好", ["校园"], True)
    again(installation)


def test_a_rating_changed_on_trakt_is_changed_on_bangumi_unless_a_hand_was_there(install):
    world = world_of(ratings={"Clannad 1": 8, "Paprika": 9})
    installation, _run = synced(install, world)
    by_hand(installation, PAPRIKA, rate=6)
    on_trakt(installation, "ratings", [row(world, "Clannad 1", rating=5), row(world, "Paprika", rating=10)])
    run = installation.sync()
    assert run["items"] == {"done": 1, "skipped": 1}
    assert on_list(installation) == {CLANNAD: (DONE, 5), PAPRIKA: (DONE, 6)}
    again(installation)


def test_what_is_owned_is_tagged_beside_the_users_own_tags(install):
    listed = (entry(PAPRIKA, DONE, tags=["今敏", "科幻"]),)
    installation, _run = synced(install, world_of(owned=("Paprika", "A Silent Voice"), listed=listed), collected="tag")
    assert installation.shelf()[str(PAPRIKA)]["tags"] == sorted(["今敏", "科幻", "owned"])
    assert installation.shelf()["117777"]["tags"] == ["owned"]
    again(installation)


def test_owned_episodes_wish_for_the_subjects_of_their_seasons(install):
    installation, run = synced(install, world_of(owned=("Clannad 2x1", "Clannad 2x2", "Black Lagoon 1x1")))
    assert on_list(installation) == {AFTER_STORY: (WISH, 0), BLACK_LAGOON: (WISH, 0)}
    assert run["kinds"]["collection"]["read"] == 2


def test_a_dropped_show_is_dropped_only_if_the_user_says_so_and_never_when_done(install):
    listed = (entry(CLANNAD, DOING), entry(AFTER_STORY, DONE), entry(MUSHISHI, DOING))
    world = world_of(dropped=("Clannad",), listed=listed)
    installation, run = synced(install, world)
    assert run["kinds"]["hidden"]["read"] == 0
    TraktConfig.objects.update(hidden="dropped")
    installation.sync()
    assert on_list(installation) == {CLANNAD: (DROPPED, 0), AFTER_STORY: (DONE, 0), MUSHISHI: (DOING, 0)}
    by_hand(installation, CLANNAD, type=DOING)
    installation.sync("--full")
    assert on_list(installation)[CLANNAD] == (DOING, 0)


def test_a_wish_that_the_user_took_off_the_list_is_not_added_again(install):
    world = world_of(wanted=("Clannad", "Mushi-Shi"))
    installation, _run = synced(install, world)
    by_hand(installation, CLANNAD, remove=True)
    on_trakt(installation, "watchlist", [row(world, "Mushi-Shi")])
    installation.sync()
    on_trakt(installation, "watchlist", [row(world, "Clannad"), row(world, "Mushi-Shi")])
    run = installation.sync()
    assert run["reasons"] == {"taken_off_list": 1}
    assert on_list(installation) == {MUSHISHI: (WISH, 0)}
