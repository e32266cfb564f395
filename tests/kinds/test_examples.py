"""Beside each rule, its choices are shown on the user's own data, from what is stored and nothing else."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sync.engine.index import current_index
from sync.engine.kinds.examples import examples
from tests.e2e.small import AFTER_STORY, BLACK_LAGOON, CLANNAD, MUSHISHI, PAPRIKA, SECOND_BARRAGE, entry
from tests.kinds.lists import DONE, DROPPED, ON_HOLD, on_trakt, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

MOST_QUERIES = 55


def found(rule):
    return examples(TraktConfig.objects.get(), current_index()).get(rule)


def test_each_choice_of_a_rule_says_what_it_would_make_of_a_rating_of_the_users_own(install):
    installation = install(world_of(ratings={"Black Lagoon 1": 7, "Clannad": 8, "Paprika": 9}))
    installation.sync()
    split = found("rating_split")
    assert (str(split.item), split.item.told["rating"]) == ("Black Lagoon S01", 7)
    assert [(w.choice, w.subjects, w.reason) for w in split.choices] == [
        ("all", (BLACK_LAGOON, SECOND_BARRAGE), ""),
        ("first", (BLACK_LAGOON,), ""),
        ("ask", (), "several_subjects"),
    ]
    assert [w.subjects for w in found("rating_show").choices] == [(), (CLANNAD,), (CLANNAD, AFTER_STORY), ()]


def test_a_rating_that_bangumi_has_otherwise_is_an_example_with_both_ratings(install):
    installation = install(world_of(ratings={"Paprika": 9}, listed=(entry(PAPRIKA, DONE, rate=5),)))
    installation.sync()
    conflict = found("rating_conflict")
    assert (conflict.item.told["rating"], conflict.facts) == (9, {"theirs": 5, "older": False})


def test_a_rating_that_was_written_over_another_is_an_example_too(install):
    installation = install(world_of(ratings={"Paprika": 9}, listed=(entry(PAPRIKA, DONE, rate=5),)))
    TraktConfig.objects.update(rating_conflict="trakt")
    installation.sync()
    assert found("rating_conflict").facts["theirs"] == 5


def test_a_subject_that_was_watched_to_its_end_is_an_example_of_what_is_finished(install):
    installation = install(world_of("One-Punch Man 1x1-12", "Clannad 1x1-3"))
    installation.sync()
    finished = found("finished")
    assert (finished.item.title.title, finished.facts) == ("One-Punch Man", {"ended": True, "main": 12})


@pytest.mark.parametrize(("rule", "was"), [("leave", DROPPED), ("skip", None)])
def test_a_play_of_what_was_dropped_is_an_example_of_what_was_resumed(install, rule, was):
    installation = install(world_of("Mushi-Shi 1x1-2", listed=(entry(MUSHISHI, DROPPED),)))
    TraktConfig.objects.update(resumed=rule)
    installation.sync()
    assert found("resumed").facts == {"was": was}


def test_what_may_be_removed_and_what_was_removed_are_told_apart(install):
    installation = install(world_of(ratings={"Paprika": 9, "Clannad 1": 8}))
    installation.sync()
    assert found("removed").facts["gone"] is False
    world = installation.standins.hub.world
    on_trakt(installation, "ratings", world.trakt.users[0].ratings[:1])
    installation.sync()
    assert found("removed").facts["gone"] is True


def test_a_play_of_a_private_entry_is_an_example_of_what_followers_would_see(install):
    installation = install(world_of("Mushi-Shi 1x1", listed=(entry(MUSHISHI, ON_HOLD, private=True),)))
    installation.sync()
    assert [w.choice for w in found("mark_private").choices] == ["ask", "allow", "skip"]


def test_ratings_of_episodes_say_how_many_of_the_subject_are_rated_and_their_mean(install):
    installation = install(world_of(ratings={"Clannad 1x1": 9, "Clannad 1x2": 8, "Clannad 2x1": 4}))
    installation.sync()
    episodes, least = found("rating_episodes"), found("rating_episodes_least")
    clannad = {"rated": 2, "mean": 9, "least": 5}
    after_story = {"rated": 1, "mean": 4, "least": 5}
    assert episodes.facts == least.facts
    assert episodes.facts in (clannad, after_story)
    assert least.choices == ()


def test_without_such_data_a_rule_has_no_example(install):
    installation = install(world_of("Clannad 1x1"))
    installation.sync()
    assert set(examples(TraktConfig.objects.get(), current_index())) == {"history", "private", "quiet_first"}


def test_examples_cost_so_many_queries_however_long_the_lists_are_and_ask_nobody(install):
    titles = ("Clannad", "Black Lagoon", "Mushi-Shi", "One-Punch Man", "Naruto")
    ratings = {f"{title} 1x{n}": 5 + n % 5 for title in titles for n in range(1, 10)}
    ratings |= {f"{title} 1": 7 for title in titles} | dict.fromkeys(titles, 8) | {"Paprika": 9}
    world = world_of(
        "One-Punch Man 1x1-12", "Clannad 1x1-22", ratings=ratings, owned=titles, wanted=titles,
        listed=(entry(PAPRIKA, DONE, rate=5), entry(CLANNAD, ON_HOLD)),
    )  # fmt: skip
    installation = install(world)
    installation.sync()
    installation.forget_requests()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        shown = examples(TraktConfig.objects.get(), current_index())
    assert len(shown) >= 10
    assert len(queries) <= MOST_QUERIES
    assert installation.requests() == []
