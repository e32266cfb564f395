"""The commands as others drive the program by them: what they accept, refuse, store and print."""

from __future__ import annotations

import json

import pytest

from bgmsync.shared.models import ConnectionState
from sync.models import BangumiAccount, SyncItem
from tests.e2e.small import CLANNAD, main_ids, small_world
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

SECRET = "a-token-that-must-never-be-shown-0123456789"
SHOW = {"ids": {"trakt": 170009, "tmdb": 24835}, "title": "Clannad", "genres": ["animation", "anime"]}
EPISODE = {"season": 1, "number": 2, "first_aired": "2007-10-11T17:25:00Z"}


@pytest.fixture
def installation(install):
    return install(small_world("Clannad 1x1-3"))


# connect


@pytest.mark.parametrize(
    "text",
    [SECRET, f'["{SECRET}"]', f'{{"refresh_token": "{SECRET}"}}', f'{{"access_token": ["{SECRET}"]}}', ""],
    ids=["not JSON", "a list", "no access token", "a token of another type", "nothing"],
)
def test_connect_refuses_what_it_can_not_use_and_stores_and_echoes_nothing(installation, text):
    out = installation.manage("connect", "bob", "trakt", stdin=text, ok=False)
    assert SECRET not in out + installation.errors
    assert not TraktConfig.objects.filter(user__username="bob").exists()


def test_connect_makes_the_user_and_takes_a_bare_personal_access_token(installation):
    out = installation.manage("connect", "bob", "bangumi", "--json", stdin=json.dumps({"access_token": SECRET}))
    assert json.loads(out)["state"] == "connected"
    assert SECRET not in out + installation.errors
    account = BangumiAccount.objects.get(user__username="bob")
    assert (account.access_token, account.refresh_token, account.token_expires_at) == (SECRET, "", None)


def test_connecting_again_keeps_settings_and_cursor(installation):
    installation.sync()
    TraktConfig.objects.update(cron="30 4 * * *", threshold=3)
    before = TraktConfig.objects.values("cron", "threshold", "read_to", "activities").get()
    installation.connect()
    assert TraktConfig.objects.values("cron", "threshold", "read_to", "activities").get() == before


def test_a_user_who_is_not_there_ends_in_a_sentence(installation):
    installation.manage("sync", "nobody", ok=False)
    assert "nobody" in installation.errors


def test_an_unknown_kind_ends_in_a_sentence_that_names_those_there_are(installation):
    installation.manage("sync", "alice", "--kinds", "dreams", ok=False)
    assert "history" in installation.errors


# status


def test_status_tells_connections_items_reasons_and_the_last_good_run(installation):
    installation.sync()
    status = installation.status()
    assert status["trakt"]["state"] == status["bangumi"]["state"] == "connected"
    assert status["items"] == {"done": 3}
    assert status["last_run"]["status"] == "succeeded"
    assert status["last_good_age_seconds"] < 60
    assert status["next_run_at"]


def test_status_of_all_users_lists_each(installation):
    installation.manage("connect", "bob", "bangumi", stdin=json.dumps({"access_token": SECRET}))
    users = json.loads(installation.manage("status", "--json"))["users"]
    assert [user["user"] for user in users] == ["alice", "bob"]


# match


def match(installation, *lines, ok=True):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    out = installation.manage("match", "--json", "--offline", stdin=text, ok=ok)
    return [json.loads(line) for line in out.splitlines()]


def test_match_answers_each_line_in_order_and_asks_nobody_when_offline(installation):
    installation.forget_requests()
    movie = {"movie": {"ids": {"tmdb": 4977}, "title": "Paprika", "year": 2006, "genres": ["animation", "anime"]}}
    episode, film = match(installation, {"show": SHOW, "episode": EPISODE}, movie)
    assert (episode["subject_id"], episode["position"]) == (CLANNAD, 2)
    assert episode["confidence"] in {"high", "medium"}
    assert film["subject_id"] == 841
    assert set(film) >= {"subject_id", "episode_id", "position", "confidence", "reason", "evidence"}
    assert installation.requests() == []


def test_match_names_the_episode_when_bangumi_may_be_asked(installation):
    line = json.dumps({"show": SHOW, "episode": EPISODE})
    verdict = json.loads(installation.manage("match", "--json", stdin=line))
    world = installation.standins.hub.world
    assert verdict["confidence"] == "high" or verdict["episode_id"] in {None, main_ids(world, CLANNAD, 2)[1]}


def test_match_answers_a_bad_line_in_its_place_and_says_so_at_the_end(installation):
    good = {"show": SHOW, "episode": EPISODE}
    verdicts = match(installation, good, "{not json", "[]", "{}", good, ok=False)
    assert len(verdicts) == 5
    assert [verdict["subject_id"] for verdict in verdicts] == [CLANNAD, None, None, None, CLANNAD]
    assert {verdict["reason"] for verdict in verdicts[1:4]} == {"bad_line"}
    assert "line 2" in installation.errors


# retry


def test_retry_takes_up_what_failed_and_asks_trakt_for_nothing(installation):
    spoil = {"service": "bangumi", "method": "PATCH", "path": "/episodes$", "times": None}
    installation.standins.control("faults", spoil | {"action": {"kind": "status", "status": 409}})
    failed = installation.sync(ok=False)
    assert failed["items"] == {"failed": 3}
    installation.standins.control("faults", method="DELETE")
    installation.forget_requests()
    run = json.loads(installation.manage("retry", "alice", "--json"))
    assert (run["status"], run["items"]) == ("succeeded", {"done": 3})
    assert run["requests"]["trakt"] == 0
    assert len(installation.marks()[CLANNAD]) == 3


def test_retry_of_a_run_takes_up_that_runs_items_alone(installation):
    spoil = {"service": "bangumi", "method": "PATCH", "path": "/episodes$", "times": None}
    installation.standins.control("faults", spoil | {"action": {"kind": "status", "status": 409}})
    failed = installation.sync(ok=False)
    installation.standins.control("faults", method="DELETE")
    first = SyncItem.objects.order_by("pk").values_list("pk", flat=True)[0]
    SyncItem.objects.filter(pk=first).update(run=None)
    SyncItem.objects.update(next_try_at="2126-01-01T00:00:00Z")
    run = json.loads(installation.manage("retry", "alice", "--json", "--run", str(failed["run"])))
    assert run["items"] == {"done": 2}


def test_retry_of_another_users_run_is_refused(installation):
    run = installation.sync()
    installation.manage("connect", "bob", "bangumi", stdin=json.dumps({"access_token": SECRET}))
    installation.manage("retry", "bob", "--run", str(run["run"]), ok=False)


# two users


def test_two_users_see_and_write_their_own_alone(installation):
    world = installation.standins.hub.world
    tokens = {"trakt": world.trakt.users[0], "bangumi": world.bangumi.users[0]}
    installation.sync()
    for service, account in tokens.items():
        installation.manage("connect", "bob", service, stdin=json.dumps({"access_token": account.access_token}))
    assert json.loads(installation.manage("status", "bob", "--json"))["items"] == {}
    installation.forget_requests()
    run = json.loads(installation.manage("sync", "bob", "--json"))
    assert run["items"] == {"already": 3}
    assert set(SyncItem.objects.values_list("user__username", "state")) == {("alice", "done"), ("bob", "already")}


def test_a_disconnected_service_ends_the_run_with_its_reason_and_keeps_what_was_read(installation):
    BangumiAccount.objects.get().forget()
    run = installation.sync(ok=False)
    assert (run["status"], run["reason"]) == ("failed", "bangumi_not_connected")
    assert run["items"] == {"waiting": 3}
    installation.connect()
    assert BangumiAccount.objects.get().state == ConnectionState.CONNECTED
    assert installation.sync()["items"] == {"done": 3}
