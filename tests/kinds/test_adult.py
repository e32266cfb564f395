"""Whether a subject is for adults only is remembered from what is read anyway, and asked where nothing tells it."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync

from sync.bangumi.schemas import Subject as Answer
from sync.engine.adult import remember
from sync.models import MappingOverride, Subject, Written
from tests.e2e.small import CLANNAD, PAPRIKA
from tests.kinds.lists import by_hand, on_list, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

UNLISTED = 990_001
"""A subject that no data set knows."""


@pytest.fixture
def install_unlisted(install):
    """``install_unlisted(nsfw=…)``: the user wants a film, and decided that it is this subject."""

    def make(**changes):
        world = world_of(wanted=("Paprika",))
        film = next(s for s in world.bangumi.subjects if s.id == PAPRIKA)
        world.bangumi.subjects.append(film.model_copy(update={"id": UNLISTED, **changes}))
        installation = install(world)
        trakt_id = world.trakt.users[0].watchlist[0].movie
        MappingOverride.objects.create(kind="movie", trakt_id=trakt_id, subject_id=UNLISTED)
        return installation

    return make


def read(installation, subject_id) -> int:
    return sum(r["path"] == f"/v0/subjects/{subject_id}" for r in installation.requests())


def test_a_subject_for_adults_is_not_added(install_unlisted):
    installation = install_unlisted(nsfw=True)
    assert installation.sync()["reasons"] == {"adult": 1}
    assert on_list(installation) == {}
    assert Subject.objects.get(pk=UNLISTED).nsfw is True


def test_one_for_everybody_is_added_and_asked_about_once(install_unlisted):
    installation = install_unlisted()
    installation.sync()
    assert set(on_list(installation)) == {UNLISTED}
    by_hand(installation, UNLISTED, remove=True)
    Written.objects.all().delete()  # as if it were another user's turn
    installation.sync("--full")
    assert read(installation, UNLISTED) == 1


def test_what_bangumi_said_before_holds_for_what_the_data_sets_know_as_well(install):
    installation = install(world_of("Clannad 1x1", wanted=("Paprika",)))
    Subject.objects.create(pk=PAPRIKA, nsfw=True)
    Subject.objects.create(pk=CLANNAD, nsfw=True)
    assert installation.sync()["reasons"] == {"adult": 2}
    assert [read(installation, subject) for subject in (CLANNAD, PAPRIKA)] == [0, 0]


def test_what_a_search_finds_is_remembered_and_what_is_known_besides_stays(db):
    Subject.objects.create(pk=5, name="五", episodes=[])
    found = [Answer(id=5, type=2, nsfw=True), Answer(id=6, type=2, name="six", nsfw=False), Answer(id=7, type=2)]
    async_to_sync(remember)(found)
    known = {row.pk: (row.name, row.nsfw) for row in Subject.objects.all()}
    assert known == {5: ("五", True), 6: ("six", False)}


def test_nobody_is_asked_when_such_titles_are_wanted(install_unlisted):
    installation = install_unlisted(nsfw=True)
    TraktConfig.objects.update(adult=True)
    installation.sync()
    assert set(on_list(installation)) == {UNLISTED}
    assert read(installation, UNLISTED) == 0
