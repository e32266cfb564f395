"""What is written to subjects of every kind, and what the user's own hand keeps."""

from __future__ import annotations

import pytest

from sync.models import Subject
from tests.e2e.small import (
    AFTER_STORY,
    BLACK_LAGOON,
    CLANNAD,
    MUSHISHI,
    ONE_PUNCH,
    PAPRIKA,
    entry,
    main_ids,
    small_world,
    things_of,
)
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

WISH, DONE, DOING, ON_HOLD, DROPPED = 1, 2, 3, 4, 5
NEW_ACCOUNT = "2126-01-01T00:00:00Z"


def types(installation):
    return {int(subject): row["type"] for subject, row in installation.shelf().items()}


def test_a_new_subject_is_doing_until_its_last_episode_makes_it_done(install):
    installation = install(small_world("Clannad 1x1-21", "One-Punch Man 1x1-12"))
    installation.sync()
    assert types(installation) == {CLANNAD: DOING, ONE_PUNCH: DONE}


def test_a_film_is_done_with_its_one_episode(install):
    world = small_world("Paprika")
    installation = install(world)
    installation.sync()
    assert types(installation) == {PAPRIKA: DONE}
    assert installation.marks()[PAPRIKA] == set(main_ids(world, PAPRIKA))


def test_a_film_whose_subject_lists_no_episode_is_done_by_its_collection(install):
    world = small_world("Paprika")
    next(s for s in world.bangumi.subjects if s.id == PAPRIKA).episodes = []
    installation = install(world)
    run = installation.sync()
    assert run["items"] == {"done": 1}
    assert types(installation) == {PAPRIKA: DONE}


def test_a_wish_becomes_doing_and_keeps_comment_and_tags(install):
    own = {"comment": "先记下", "tags": ["补番"]}
    installation = install(small_world("Clannad 1x1-3", listed=[entry(CLANNAD, WISH, **own)]))
    TraktConfig.objects.update(mark_private="allow")
    installation.sync()
    row = installation.shelf()[str(CLANNAD)]
    assert row["type"] == DOING
    assert {name: row[name] for name in own} == own


@pytest.mark.parametrize("kind", [ON_HOLD, DROPPED, DONE])
def test_what_the_user_set_aside_or_finished_keeps_its_state_while_episodes_are_marked(install, kind):
    world = small_world("Clannad 1x1-3", listed=[entry(CLANNAD, kind, rate=7)])
    installation = install(world)
    installation.sync()
    assert types(installation) == {CLANNAD: kind}
    assert installation.marks()[CLANNAD] == set(main_ids(world, CLANNAD, 3))
    assert installation.shelf()[str(CLANNAD)]["rate"] == 7


def test_an_episode_in_another_state_goes_through_none(install):
    world = small_world()
    first, second = main_ids(world, CLANNAD, 2)
    listed = [entry(CLANNAD, DOING, marks={first: 3, second: 1})]
    installation = install(small_world("Clannad 1x1-3", listed=listed))
    run = installation.sync()
    assert run["items"] == {"done": 3}
    assert installation.marks()[CLANNAD] == set(main_ids(world, CLANNAD, 3))
    assert installation.breaches() == []


def test_marks_that_are_there_are_not_written_again(install):
    world = small_world()
    listed = [entry(CLANNAD, DOING, marks=dict.fromkeys(main_ids(world, CLANNAD, 3), 2))]
    installation = install(small_world("Clannad 1x1-3", listed=listed))
    run = installation.sync()
    assert run["items"] == {"already": 3}
    assert run["writes"] == 0


@pytest.mark.parametrize("what", [{"locked": True}, {"merged_into": AFTER_STORY}], ids=["locked", "merged"])
def test_a_subject_that_is_locked_or_merged_goes_to_review_and_the_others_are_written(install, what):
    world = small_world("Clannad 1x1-3", "Black Lagoon 1x1-2")
    next(s for s in world.bangumi.subjects if s.id == CLANNAD).__dict__.update(what)
    installation = install(world)
    run = installation.sync()
    assert run["items"] == {"review": 3, "done": 2}
    assert set(run["reasons"]) <= {"subject_locked", "subject_missing"}
    assert types(installation) == {BLACK_LAGOON: DOING}


def test_a_subject_that_bangumi_hides_from_a_young_account_goes_to_review(install):
    world = small_world("Clannad 1x1-3", "Mushi-Shi 1x1-2")
    next(s for s in world.bangumi.subjects if s.id == CLANNAD).nsfw = True
    world.bangumi.users[0].reg_time = world.bangumi.users[0].reg_time.replace(year=2126)
    installation = install(world)
    run = installation.sync()
    assert run["reasons"] == {"subject_missing": 3}
    assert types(installation) == {MUSHISHI: DOING}


def test_a_subject_that_is_open_again_is_written_after_a_retry(install):
    world = small_world("Clannad 1x1-3")
    next(s for s in world.bangumi.subjects if s.id == CLANNAD).locked = True
    installation = install(world)
    installation.sync()
    installation.standins.control("subject", {"id": CLANNAD, "locked": False})
    installation.query("update sync_syncitem set state = 'new', reason = ''")  # what the item's retry button does
    run = installation.sync()
    assert run["items"] == {"done": 3}


def test_live_action_is_skipped_with_its_reason(install):
    installation = install(small_world("The Long Corridor 1x1-3", "Clannad 1x1"))
    run = installation.sync()
    assert run["items"] == {"skipped": 3, "done": 1}
    assert run["reasons"] == {"live_action": 3}
    assert types(installation) == {CLANNAD: DOING}


def test_a_cover_comes_with_the_list_and_costs_no_request(install):
    world = small_world("Clannad 1x1-3")
    subjects = world.bangumi.subjects
    path = "aa/bb/51_cover.jpg"
    subjects[:] = [s.model_copy(update={"cover": path}) if s.id in {CLANNAD, PAPRIKA} else s for s in subjects]
    installation = install(world)
    installation.sync()
    assert Subject.objects.get(pk=CLANNAD).image == "", "nothing that is read before a subject is added tells it"

    installation.standins.control("plays", {"user": "alice", "plays": list(things_of(world, "Paprika"))})
    installation.forget_requests()
    installation.sync()

    assert Subject.objects.get(pk=CLANNAD).image == f"https://lain.bgm.tv/r/200/pic/cover/l/{path}"
    assert not [r for r in installation.requests() if r["path"].startswith("/v0/subjects/")]
