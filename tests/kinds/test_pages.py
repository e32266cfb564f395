"""The settings page with its examples and its preview, and the pages of runs and items, over real data."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.models import Group, User

from bgmsync.shared.models import HostBudget
from sync.models import BangumiAccount, SyncItem, SyncRun
from tests.e2e.small import BLACK_LAGOON, CLANNAD, PAPRIKA, SECOND_BARRAGE, entry
from tests.kinds.lists import DOING, DONE, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

FORM = {
    "cron": "",
    "interval_minutes": "360",
    "timezone": "UTC",
    "history": "on",
    "scope": "anime",
    "threshold": "2",
    "ask_above": "300",
    "ratings": "on",
}


@pytest.fixture
def member(install, client):
    """``member(world)``: an installation whose alice has synced and is logged in."""

    def make(world, *options, **rules):
        installation = install(world)
        TraktConfig.objects.update(**rules)
        installation.sync(*options)
        installation.forget_requests()
        alice = User.objects.get(username="alice")
        alice.is_staff = True
        alice.save()
        alice.groups.add(Group.objects.get(name="members"))
        client.force_login(alice)
        return installation

    return make


@pytest.fixture
def what_if(client):
    """``what_if(**changed)``: the text that the button brings, and the page it is on without scripts."""

    def post(*, fragment=True, **changed):
        config = TraktConfig.objects.get(user__username="alice")
        address = f"/admin/trakt/traktconfig/{config.pk}/what-if/{'?fragment' if fragment else ''}"
        return client.post(address, {**FORM, **changed}).content.decode()

    return post


def settings_page(client) -> str:
    return client.get("/admin/trakt/traktconfig/mine/", follow=True).content.decode()


def test_each_rule_stands_beside_an_example_or_says_that_there_is_none(member, client):
    world = world_of(
        "Mushi-Shi 1x1", ratings={"Black Lagoon 1": 7, "Paprika": 9}, listed=(entry(PAPRIKA, DONE, rate=5),)
    )
    installation = member(world)

    page = settings_page(client)

    assert "Your 7 for Black Lagoon S01:" in page
    assert "becomes 7 for 黑礁, 黑礁 The Second Barrage" in page
    assert "you are asked which subject it is" in page
    assert "Bangumi&#x27;s 5 stays" in page
    assert "9 replaces Bangumi&#x27;s 5" in page
    assert "If you removed your 7 for Black Lagoon S01 on Trakt:" in page
    assert "No example yet: none of your data is of this kind." in page
    assert installation.requests() == []


def test_before_anything_was_read_the_page_says_what_reads_it(alice_alone, client):
    client.force_login(alice_alone)

    page = settings_page(client)

    assert "nothing of yours was read so far" in page
    assert "your followers see no line of the new entry. Ticked episodes leave one." in page


@pytest.fixture
def alice_alone(db):
    user = User.objects.create_user("alice", is_staff=True)
    user.groups.add(Group.objects.get(name="members"))
    return user


def test_the_button_tells_subject_by_subject_what_the_unsaved_settings_would_write(member, what_if):
    installation = member(world_of(ratings={"Clannad": 8, "Paprika": 9}, listed=(entry(PAPRIKA, DONE, rate=5),)))
    before = TraktConfig.objects.values().get()

    answer = what_if(rating_show="every", rating_conflict="trakt")

    assert "3 subjects would be written because of the change." in answer
    assert "rating 9 instead of 5" in answer
    assert "added to your list as watched" in answer
    assert "<html" not in answer
    assert TraktConfig.objects.values().get() == before
    assert {r["method"] for r in installation.requests()} == {"GET"}


def test_without_scripts_the_same_is_a_page_of_its_own(member, what_if):
    member(world_of(ratings={"Clannad": 8}))

    page = what_if(fragment=False, rating_show="every")

    assert "2 subjects would be written" in page
    assert "<html" in page


def test_a_change_that_writes_nothing_says_so_and_why_it_can_not_tell_more(member, what_if):
    member(world_of("Clannad 1x1"))

    answer = what_if(finished="doing", hidden="dropped")

    assert "The change would write nothing." in answer
    assert "this decides about plays to come" in answer
    assert "Never read so far: dropped or hidden" in answer


def test_a_wrong_value_is_named_and_bangumi_is_not_asked(member, what_if):
    installation = member(world_of("Clannad 1x1"))

    assert "errorlist" in what_if(rating_show="sometimes")
    assert installation.requests() == []


def test_a_wrong_schedule_is_no_hindrance(member, what_if):
    member(world_of(ratings={"Clannad": 8}))

    assert "2 subjects would be written" in what_if(rating_show="every", cron="61 4 * * *")


def test_who_is_not_connected_is_told_so(member, what_if):
    member(world_of("Clannad 1x1"))
    BangumiAccount.objects.get().forget()

    assert "Bangumi" in (answer := what_if(rating_show="every"))
    assert "not connected" in answer.lower()


@pytest.mark.parametrize("key", ["bangumi", "account"])
def test_a_host_that_is_left_alone_is_not_asked_and_the_page_says_until_when(member, what_if, key):
    installation = member(world_of("Clannad 1x1"))
    account = BangumiAccount.objects.get()
    name = "bangumi" if key == "bangumi" else f"bangumi:{account.user_id}"
    values = {"put_off_until": time.time() + 3600, "why": "rate_limited"}
    HostBudget.objects.update_or_create(key=name, defaults=values)

    answer = what_if(rating_show="every")

    assert "Waiting for Bangumi." in answer
    assert "It can be asked again" in answer
    assert installation.requests() == []


def test_an_outage_is_told_and_nothing_is_lost(member, what_if):
    installation = member(world_of("Clannad 1x1"))
    installation.standins.control(
        "faults", {"service": "bangumi", "times": 100, "action": {"kind": "status", "status": 503}}
    )

    answer = what_if(rating_show="every")

    assert "Bangumi has trouble." in answer
    assert "Your settings were neither saved nor lost." in answer


def test_another_member_is_not_answered(member, client):
    member(world_of("Clannad 1x1"))
    bob = User.objects.create_user("bob", is_staff=True)
    bob.groups.add(Group.objects.get(name="members"))
    client.force_login(bob)

    address = f"/admin/trakt/traktconfig/{TraktConfig.objects.get(user__username='alice').pk}/what-if/"

    assert client.post(address, FORM).status_code == 404


def test_a_run_shows_its_kinds_and_what_it_wrote_besides_ticks(member, client):
    world = world_of(
        "Clannad 1x1-3",
        ratings={"Paprika": 9, "Clannad 1": 8},
        owned=("A Silent Voice",),
        listed=(entry(PAPRIKA, DONE, rate=5), entry(CLANNAD, DOING)),
    )
    member(world, rating_conflict="trakt", collected="tag")

    page = client.get(f"/admin/sync/syncrun/{SyncRun.objects.get().pk}/change/").content.decode()

    for text in ("By kind", "2 done", "rating 9 instead of 5", "rating 8", "tag owned", "added to your list as wish"):
        assert text in page
    assert "6 plays, ratings and entries of lists were carried over." in page


def test_a_run_of_plays_alone_needs_no_table_of_kinds(member, client):
    member(world_of("Clannad 1x1-3"), "--kinds", "history")
    SyncRun.objects.update(by_kind={"history": {"read": 3, "expected": 3, "items": {"done": 3}}})

    page = client.get(f"/admin/sync/syncrun/{SyncRun.objects.get().pk}/change/").content.decode()

    assert "By kind" not in page
    assert "3 plays were carried over." in page


ITEMS = [
    ("ratings", ("Rated", "7 of 10", f"bgm.tv/subject/{BLACK_LAGOON}", f"bgm.tv/subject/{SECOND_BARRAGE}", "Season")),
    ("collection", ("Collected", "Season 1, up to episode 2")),
    ("watchlist", ("Listed",)),
    ("hidden", ("Hidden", "Dropped")),
    ("history", ("Watched", "Play")),
]


@pytest.mark.parametrize(("kind", "texts"), ITEMS, ids=[kind for kind, _texts in ITEMS])
def test_an_item_says_what_it_is_and_what_its_date_means(member, client, kind, texts):
    world = world_of(
        "Clannad 1x1",
        ratings={"Black Lagoon 1": 7},
        owned=("Mushi-Shi 1x1", "Mushi-Shi 1x2"),
        wanted=("Naruto",),
        dropped=("Clannad",),
    )
    member(world, hidden="dropped")
    item = SyncItem.objects.get(kind=kind)

    page = client.get(f"/admin/sync/syncitem/{item.pk}/change/").content.decode()

    for text in texts:
        assert text in page
    assert ("Numbers" in page) is (kind == "history")


def test_the_list_of_items_names_seasons_and_ratings(member, client):
    member(world_of(ratings={"Black Lagoon 1": 7}))

    page = client.get("/admin/sync/syncitem/").content.decode()

    assert "S01E00" not in page
    assert "rated 7" in page
