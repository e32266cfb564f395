"""A wrong match, corrected by a person: the wrong ticks are taken back, the right ones made, and nothing else moves."""

from __future__ import annotations

import pytest

from bgmsync.standins import StandIns
from sync import decisions
from sync.engine.run import work
from sync.models import MappingOverride, SyncItem, SyncRun
from tests.e2e.inprocess import InProcess
from tests.e2e.small import AFTER_STORY, CLANNAD, main_ids, small_world

pytestmark = pytest.mark.e2e

WATCHED = 2


@pytest.fixture
def world():
    return small_world("Clannad 1x1-3")


@pytest.fixture
def here(world, tmp_path, root, settings):
    """An installation whose superuser alice has watched three episodes of Clannad."""
    root.username = "alice"
    root.save()
    with StandIns(world) as standins:
        installation = InProcess(tmp_path, standins, settings=settings).configure()
        installation.connect()
        yield installation


@pytest.fixture
def wrong(here, world, root, queued, client):
    """The same after it ticked them at the sequel, as a rule for everybody said."""
    show = next(show for show in world.trakt.shows if show.title == "Clannad").trakt
    MappingOverride.objects.create(user=None, trakt_id=show, season=1, subject_id=AFTER_STORY)
    here.sync()
    client.force_login(root)
    return here


def choose(client, **data):
    item = SyncItem.objects.get(number=1)
    return client.post(f"/admin/sync/syncitem/{item.pk}/choose/", data)


def done(answer) -> SyncRun:
    """Let the run that an answer started do its work."""
    run = work(int(answer.url.rstrip("/").split("/")[-2]))
    assert run
    return run


def corrected(client, **data) -> SyncRun:
    """Answer, confirm, and let the run do its work."""
    return done(choose(client, confirmed="1", **data))


def test_wrong_ticks_are_taken_back_and_right_ones_made(wrong, world, client):
    assert wrong.marks()[AFTER_STORY] == set(main_ids(world, AFTER_STORY, 3))

    run = corrected(client, subject_id=f"https://bgm.tv/subject/{CLANNAD}", position="1", scope="season")

    assert run.status == SyncRun.Status.SUCCEEDED
    assert wrong.marks()[AFTER_STORY] == set()
    assert wrong.marks()[CLANNAD] == set(main_ids(world, CLANNAD, 3))


def test_a_tick_that_the_user_made_by_hand_stays(wrong, world, client):
    own = main_ids(world, AFTER_STORY, 5)[4]
    wrong.standins.control("edit", {"user": "alice", "subject_id": AFTER_STORY, "marks": {str(own): WATCHED}})

    corrected(client, subject_id=str(CLANNAD), position="1", scope="season")

    assert wrong.marks()[AFTER_STORY] == {own}


def test_what_is_left_out_is_ticked_nowhere(wrong, client):
    item = SyncItem.objects.get(number=2)

    answer = client.post(f"/admin/sync/syncitem/{item.pk}/leave-out/", {"scope": "season", "confirmed": "1"})
    done(answer)

    assert wrong.marks()[AFTER_STORY] == set()
    assert set(SyncItem.objects.values_list("state", "reason")) == {("skipped", "ignored")}


def test_what_is_asked_before_is_what_is_moved(wrong, client):
    page = choose(client, subject_id=str(CLANNAD), position="1", scope="season")
    effect = page.context["effect"]

    assert (effect.plays, effect.waiting, effect.taken_back, effect.made) == (3, 0, 3, 3)
    assert "Up to 3 ticks that this program made are taken back." in page.content.decode()
    assert not SyncRun.objects.filter(trigger="retry").exists()


def test_the_same_answer_again_moves_nothing(wrong, client):
    corrected(client, subject_id=str(CLANNAD), position="1", scope="season")
    wrong.forget_requests()

    choose(client, subject_id=str(CLANNAD), position="1", scope="season", confirmed="1")

    assert SyncItem.objects.filter(state="new").count() == 0


def test_one_episode_can_be_corrected_alone(wrong, world, client):
    corrected(client, subject_id=str(CLANNAD), position="1", scope="episode")

    assert wrong.marks()[CLANNAD] == set(main_ids(world, CLANNAD, 1))
    assert wrong.marks()[AFTER_STORY] == set(main_ids(world, AFTER_STORY, 3)[1:])


def test_deleting_the_rule_lets_the_rules_of_the_program_judge(wrong, world, client, root):
    rule = MappingOverride.objects.get()

    client.post(f"/admin/sync/mappingoverride/{rule.pk}/delete/", {"post": "yes"})
    work(SyncRun.objects.get(trigger="retry").pk)

    assert wrong.marks()[AFTER_STORY] == set()
    assert wrong.marks()[CLANNAD] == set(main_ids(world, CLANNAD, 3))


def test_the_page_explains_who_decided_and_which_run_wrote(wrong, client):
    item = SyncItem.objects.get(number=1)

    steps = client.get(f"/admin/sync/syncitem/{item.pk}/change/").context["explanation"]

    assert "A person decided this, for season 1" in steps[0].text
    assert f"Ticked by run #{SyncRun.objects.get().pk}" in steps[-1].text


def test_a_decision_that_falls_into_a_run_is_followed_up(wrong, client, root):
    busy = SyncRun.objects.create(user=root, trigger="schedule", status="running")
    choose(client, subject_id=str(CLANNAD), position="1", scope="season", confirmed="1")
    assert decisions.follow_up() == 0
    SyncRun.objects.filter(pk=busy.pk).update(status="succeeded")

    assert decisions.follow_up() == 1

    assert SyncRun.objects.get(status="queued").only_retry
    assert SyncItem.objects.filter(user=root, state="new").count() == 3
