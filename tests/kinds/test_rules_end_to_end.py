"""Every rule does what its text says, on lists that a person tended."""

from __future__ import annotations

import pytest

from bgmsync.standins.world import Listed
from tests.e2e.installation import adds_up
from tests.e2e.small import (
    AFTER_STORY,
    ATTACK,
    BLACK_LAGOON,
    CLANNAD,
    MUSHISHI,
    ONE_PUNCH,
    PAPRIKA,
    SECOND_BARRAGE,
    entry,
    main_ids,
    small_world,
)  # fmt: skip
from tests.kinds.lists import DOING, DONE, DROPPED, ON_HOLD, by_hand, on_list, on_trakt, row, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

NARUTO = 3425


def synced(install, world, **rules):
    installation = install(world)
    TraktConfig.objects.update(**rules)
    run = installation.sync()
    assert run["status"] == "succeeded"
    assert adds_up(run)
    assert installation.breaches() == []
    return installation, run


SPLIT = [
    ("all", {BLACK_LAGOON: (DONE, 7), SECOND_BARRAGE: (DONE, 7)}, {"done": 1}),
    ("first", {BLACK_LAGOON: (DONE, 7)}, {"done": 1}),
    ("ask", {}, {"review": 1}),
]


@pytest.mark.parametrize(("rule", "listed", "items"), SPLIT)
def test_the_rating_of_a_season_that_is_several_subjects(install, rule, listed, items):
    installation, run = synced(install, world_of(ratings={"Black Lagoon 1": 7}), rating_split=rule)
    assert on_list(installation) == listed
    assert run["items"] == items


SHOWS = [
    ("single", {NARUTO: (DONE, 9)}),
    ("first", {NARUTO: (DONE, 9), CLANNAD: (DONE, 8)}),
    ("every", {NARUTO: (DONE, 9), CLANNAD: (DONE, 8), AFTER_STORY: (DONE, 8)}),
    ("never", {}),
]


@pytest.mark.parametrize(("rule", "listed"), SHOWS)
def test_the_rating_of_a_show(install, rule, listed):
    world = world_of(ratings={"Naruto": 9, "Clannad": 8})
    installation, run = synced(install, world, rating_show=rule)
    assert on_list(installation) == listed
    assert set(run["reasons"]) <= {"show_rating"}


def test_ratings_of_episodes_are_skipped_with_their_reason(install):
    installation, run = synced(install, world_of(ratings={"Clannad 1x1": 9, "Clannad 1x2": 7}))
    assert run["reasons"] == {"episode_rating": 2}
    assert on_list(installation) == {}


def test_the_mean_of_enough_rated_episodes_rates_the_seasons_subject_and_follows_them(install):
    ratings = {"Clannad 1x1": 9, "Clannad 1x2": 8, "Clannad 2x1": 4}
    world = world_of(ratings=ratings)
    installation, run = synced(install, world, rating_episodes="mean", rating_episodes_least=2)
    assert on_list(installation) == {CLANNAD: (DONE, 9)}
    assert run["reasons"] == {"too_few_rated": 1}
    more = ratings | {"Clannad 2x2": 7, "Clannad 1x3": 4}
    on_trakt(installation, "ratings", [row(world, text, rating=rating) for text, rating in more.items()])
    installation.sync()
    assert on_list(installation) == {CLANNAD: (DONE, 7), AFTER_STORY: (DONE, 6)}


def test_a_later_season_under_the_same_id_is_not_rated_with_the_season_before_it(install):
    installation, _run = synced(install, world_of(ratings={"Re:ZERO -Starting Life in Another World- 1": 9}))
    assert set(on_list(installation)) == {140001, 278826, 316247}


def test_a_season_that_is_begun_is_doing_when_its_rating_adds_it(install):
    world = world_of("Clannad 1x1-3", ratings={"Clannad 1": 7})
    installation = install(world)
    installation.sync("--kinds", "ratings")
    assert on_list(installation) == {CLANNAD: (DOING, 7)}
    installation.sync()
    assert len(installation.marks()[CLANNAD]) == 3
    assert on_list(installation) == {CLANNAD: (DOING, 7)}


def test_a_rating_of_zero_is_never_written(install):
    world = world_of(listed=(entry(PAPRIKA, DONE, rate=6),))
    rating = row(world, "Paprika", rating=0)
    world.trakt.users[0].ratings = [rating]
    installation, run = synced(install, world, rating_conflict="trakt")
    assert on_list(installation) == {PAPRIKA: (DONE, 6)}
    assert run["reasons"] == {"zero_rating": 1}


RESUMED = [
    ("leave", ON_HOLD, ON_HOLD, 3),
    ("leave", DROPPED, DROPPED, 3),
    ("doing", ON_HOLD, DOING, 3),
    ("doing", DROPPED, DOING, 3),
    ("skip", ON_HOLD, ON_HOLD, 0),
    ("skip", DROPPED, DROPPED, 0),
]


@pytest.mark.parametrize(("rule", "before", "after", "ticks"), RESUMED)
def test_a_play_of_what_is_on_hold_or_dropped(install, rule, before, after, ticks):
    world = small_world("Clannad 1x1-3", listed=[entry(CLANNAD, before, rate=3, tags=["x1"], comment="…")])
    installation, run = synced(install, world, resumed=rule)
    shelf = installation.shelf()[str(CLANNAD)]
    assert (shelf["type"], shelf["rate"], shelf["tags"], shelf["comment"]) == (after, 3, ["x1"], "…")
    assert len(installation.marks()[CLANNAD]) == ticks
    assert run["items"] == ({"done": 3} if ticks else {"skipped": 3})


@pytest.mark.parametrize(("rule", "state"), [("done", DONE), ("doing", DOING)])
def test_all_main_episodes_watched(install, rule, state):
    installation, _run = synced(install, small_world("One-Punch Man 1x1-12", "Paprika"), finished=rule)
    assert on_list(installation) == {ONE_PUNCH: (state, 0), PAPRIKA: (DONE, 0)}


MARKS = [("ask", 0, {"review": 3}), ("allow", 3, {"done": 3}), ("skip", 0, {"skipped": 3})]


@pytest.mark.parametrize(("rule", "ticks", "items"), MARKS)
def test_episodes_of_a_private_entry_are_ticked_only_if_the_user_said_so(install, rule, ticks, items):
    world = world_of("Clannad 1x1-3", ratings={"Clannad 1": 8}, listed=(entry(CLANNAD, DOING, private=True),))
    installation, run = synced(install, world, mark_private=rule)
    shelf = installation.shelf()[str(CLANNAD)]
    assert (shelf["private"], shelf["rate"], len(installation.marks()[CLANNAD])) == (True, 8, ticks)
    assert run["kinds"]["history"]["items"] == items
    timeline = installation.standins.control("state")["bangumi"]["alice"]["timeline"]
    assert [event["kind"] for event in timeline] == (["progress"] if ticks else [])


def test_what_was_asked_about_private_entries_goes_on_when_the_user_has_answered(install):
    world = small_world("Clannad 1x1-3", listed=[entry(CLANNAD, DOING, private=True)])
    installation, _run = synced(install, world)
    assert installation.sync()["requests"] == {"trakt": 1, "bangumi": 0}
    TraktConfig.objects.update(mark_private="allow")
    run = installation.sync()
    assert run["items"] == {"done": 3}
    assert installation.marks()[CLANNAD] == set(main_ids(world, CLANNAD, 3))


def test_new_entries_are_private_if_the_user_says_so_and_leave_no_line(install):
    world = world_of(ratings={"Paprika": 9}, wanted=("Mushi-Shi",), owned=("A Silent Voice",))
    installation, _run = synced(install, world, private=True)
    assert all(entry["private"] for entry in installation.shelf().values())
    assert installation.standins.control("state")["bangumi"]["alice"]["timeline"] == []


def test_a_first_import_can_be_quiet(install):
    world = world_of("Clannad 1x1-3", "Paprika", ratings={"Paprika": 9, "Haikyu!! 1": 6}, wanted=("Mushi-Shi",))
    installation, _run = synced(install, world, quiet_first=True)
    assert not any(entry["private"] for entry in installation.shelf().values())
    timeline = installation.standins.control("state")["bangumi"]["alice"]["timeline"]
    assert {event["kind"] for event in timeline} == {"progress"}
    on_trakt(installation, "watchlist", [row(world, "Mushi-Shi"), row(world, "Tokyo Godfathers")])
    installation.sync()
    timeline = installation.standins.control("state")["bangumi"]["alice"]["timeline"]
    assert timeline[-1]["kind"] == "collection"


def test_live_action_is_left_out_of_every_kind(install):
    world = world_of(ratings={"Harbour Lights": 9, "The Long Corridor": 3}, wanted=("The Long Corridor",))
    installation, run = synced(install, world)
    assert run["reasons"] == {"live_action": 3}
    assert on_list(installation) == {}


def test_a_rule_that_was_changed_speaks_of_what_is_known_already_without_reading_trakt_again(install):
    installation, _run = synced(install, world_of(ratings={"Clannad": 8}))
    assert on_list(installation) == {}
    TraktConfig.objects.update(rating_show="every")
    run = installation.sync()
    assert run["requests"]["trakt"] == 1
    assert on_list(installation) == {CLANNAD: (DONE, 8), AFTER_STORY: (DONE, 8)}
    assert installation.sync()["requests"] == {"trakt": 1, "bangumi": 0}


def test_not_one_comment_tag_flag_or_hand_set_rating_changes_on_a_tended_list(install):
    own = {"comment": "自己写的", "tags": ["校园", "催泪"]}
    listed = (
        entry(CLANNAD, DONE, rate=10, private=True, **own),
        entry(AFTER_STORY, ON_HOLD, rate=3, **own),
        entry(ONE_PUNCH, DROPPED, **own),
        entry(MUSHISHI, DOING, rate=1, **own),
        entry(PAPRIKA, 1, **own),
        entry(ATTACK, DONE, rate=5),
    )
    world = world_of(
        "Clannad 1x1-5", "Clannad 2x1-5", "One-Punch Man 1x1-3", "Mushi-Shi 1x1-4",
        ratings={
            "Clannad 1": 2, "Clannad 2": 9, "Mushi-Shi 1": 9, "Attack on Titan 1": 1, "One-Punch Man 1": 6,
            "Paprika": 8,
        },
        owned=("Paprika", "Clannad 1x1"), wanted=("Attack on Titan", "Clannad"), dropped=("Clannad", "Mushi-Shi"),
        listed=listed,
    )  # fmt: skip
    installation, _run = synced(install, world, collected="tag", hidden="nothing", mark_private="allow")
    after = installation.shelf()
    for given in listed:
        now = after[str(given.subject_id)]
        assert now["comment"] == given.comment
        assert now["private"] == given.private
        assert set(given.tags) <= set(now["tags"]) <= {*given.tags, "owned"}
        assert now["rate"] == given.rate or given.rate == 0
        assert now["type"] == given.type or given.type == 1
    assert (after[str(ONE_PUNCH)]["rate"], after[str(PAPRIKA)]["rate"]) == (6, 8)
    assert installation.sync()["writes"] == 0


def test_a_subject_for_adults_is_added_only_if_the_user_wants_it(install):
    world = world_of(wanted=("The Long Corridor",))
    subject = next(s for s in world.bangumi.subjects if s.id == PAPRIKA).model_copy(update={"id": 990001, "nsfw": True})
    world.bangumi.subjects.append(subject)
    installation = install(world)
    from sync.models import MappingOverride  # noqa: PLC0415  # a person's decision leads to what no data set knows

    MappingOverride.objects.create(kind="show", trakt_id=world.trakt.users[0].watchlist[0].show, subject_id=990001)
    assert installation.sync()["reasons"] == {"adult": 1}
    assert on_list(installation) == {}
    TraktConfig.objects.update(adult=True)
    installation.sync()
    assert set(on_list(installation)) == {990001}


def test_hidden_things_are_read_by_section(install):
    world = world_of(listed=(entry(CLANNAD, DOING), entry(PAPRIKA, 1)))
    at = row(world, "Clannad").at
    hidden = [row(world, "Clannad 1", section="progress_watched"), row(world, "Paprika", section="calendar")]
    world.trakt.users[0].hidden = [*hidden, Listed(at=at, type="show", show=hidden[0].show, section="dropped")]
    installation, run = synced(install, world, hidden="dropped")
    assert run["kinds"]["hidden"] == {"read": 2, "expected": 2, "items": {"done": 2}}
    assert on_list(installation) == {CLANNAD: (DROPPED, 0), PAPRIKA: (1, 0)}
    by_hand(installation, CLANNAD, type=DOING)
    assert installation.sync()["writes"] == 0
