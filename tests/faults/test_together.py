"""Several at once: clusters, dispatchers, clicks, a disconnect in the middle, two that renew a token, two browsers."""

from __future__ import annotations

import time
from itertools import pairwise

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.test import Client

from bgmsync.shared.models import ConnectionState
from sync.models import BangumiAccount
from tests.admin.test_bangumi_consent import leave as leave_for_bangumi
from tests.admin.test_trakt_consent import agree, leave
from tests.e2e.small import BLACK_LAGOON, main_ids, things_of
from tests.e2e.test_processes import wait_for, workers
from tests.faults.story import DOING, SCALE, Story, expected_shelf, short_timeouts
from tests.faults.world import make_world
from trakt.models import TraktConfig

USERS = 40
SOON = 6
"""Seconds in which both processes have surely started, so that they begin at the same instant."""

MODELS = {"trakt": TraktConfig, "bangumi": BangumiAccount}


@pytest.fixture
def story_apart(install_apart):
    world = make_world()
    return Story(install_apart(world), expected_shelf(world))


@pytest.fixture
def story(install, monkeypatch):
    short_timeouts(monkeypatch)
    world = make_world()
    return Story(install(world, RETRY_SCALE=SCALE), expected_shelf(world))


def at_once(installation, script, processes=2):
    """Run *script* in several processes that begin it at the same instant; return what each printed last."""
    script = f"import time; time.sleep(max({time.time() + SOON} - time.time(), 0))\n{script}"
    started = [installation.start("shell", "-c", script) for _ in range(processes)]
    outs = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * processes, outs
    return [out.strip().splitlines()[-1] for out, _err in outs]


# clusters, schedules and clicks


def test_of_two_dispatchers_at_once_each_due_user_gets_one_run(install_apart):
    installation = install_apart(make_world())
    make = (
        "from django.contrib.auth import get_user_model as g\n"
        "from trakt.models import TraktConfig as T\n"
        "from django.utils import timezone\n"
        f"for n in range({USERS}): T.objects.create(user=g().objects.create_user(f'u{{n}}'), state='connected')\n"
        "T.objects.update(next_run_at=timezone.now())"
    )
    installation.manage("shell", "-c", make)
    started = at_once(installation, "from sync.dispatch import start_due; print(start_due())")
    assert sum(map(int, started)) == USERS + 1, started
    runs = installation.query("select user_id, count(*) from sync_syncrun group by user_id")
    assert [count for _user, count in runs] == [1] * (USERS + 1)
    assert installation.jobs() == USERS + 1


def test_of_two_processes_that_find_a_dead_run_one_goes_on_with_it(install_apart):
    installation = install_apart(make_world())
    request = (
        "from sync import runs; from sync.models import SyncRun; from django.contrib.auth import get_user_model as g\n"
        "run, _new = runs.request(g().objects.get(), 'schedule', enqueue=False)\n"
        "runs.claim(run.pk); SyncRun.objects.update(owner='')"
    )
    installation.manage("shell", "-c", request)
    installation.query("update sync_syncrun set heartbeat_at = '2020-01-01'")
    revived = at_once(installation, "from sync.dispatch import revive; print(revive())")
    assert sum(map(int, revived)) == 1
    assert installation.jobs() == 1


def test_a_schedule_clicks_and_a_command_together_make_one_run_after_the_other(story_apart):
    installation = story_apart.installation
    story_apart.run()
    more = [
        {"episode": thing["episode"]} for thing in things_of(installation.standins.hub.world, "Black Lagoon 1x7-11")
    ]
    installation.standins.control("plays", {"user": "alice", "plays": more})
    story_apart.expected[BLACK_LAGOON] = (DOING, set(main_ids(installation.standins.hub.world, BLACK_LAGOON, 11)))
    installation.standins.control("latency", {"ms": 40})
    installation.query("update trakt_config set next_run_at = '2020-01-01'")
    click = (
        "from sync import runs; from django.contrib.auth import get_user_model as g\n"
        "print([runs.request(g().objects.get(), how)[1] for how in ('button', 'full', 'button')].count(True))"
    )
    with workers(installation), workers(installation):
        installation.manage("shell", "-c", "from sync.dispatch import start_due; start_due()")
        clicks = int(installation.manage("shell", "-c", click).strip().splitlines()[-1])
        run = installation.sync()
        wait_for(lambda: not installation.query("select 1 from sync_syncrun where finished_at is null"))
    assert clicks <= 1
    assert run["status"] == "succeeded"
    spans = installation.query("select started_at, finished_at from sync_syncrun order by started_at")
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans)), spans
    assert story_apart.is_whole()
    story_apart.check_manners()


# tokens


@pytest.mark.parametrize("service", ["trakt", "bangumi"])
def test_two_processes_with_an_expired_token_use_the_refresh_token_once(install_apart, service):
    installation = install_apart(make_world())
    installation.standins.control("expire", {"service": service, "user": "alice", "what": "access"})
    installation.standins.control("latency", {"ms": 200})
    ask = "clients.trakt.settings()" if service == "trakt" else "clients.bangumi.me()"
    script = (
        "import asyncio\n"
        "from sync.engine.clients import open_clients\n"
        "from sync.models import BangumiAccount\nfrom trakt.models import TraktConfig\n"
        "async def main():\n"
        "    config, account = await TraktConfig.objects.aget(), await BangumiAccount.objects.aget()\n"
        "    async with open_clients(config, account) as clients:\n"
        f"        await {ask}\n"
        "asyncio.run(main()); print('answered')"
    )
    assert at_once(installation, script) == ["answered", "answered"]
    asked = [r for r in installation.requests() if r["service"] == service]
    assert [r["status"] for r in asked if r["path"].startswith("/oauth/")] == [200]
    assert installation.status()[service]["state"] == "connected"


# a disconnect in the middle


@pytest.fixture
def disconnecting(story, monkeypatch):
    """``disconnecting(service, path)``: a run during which the user disconnects as the path is asked for."""
    monkeypatch.setattr("sync.engine.run.BEAT", 0.01)

    def run(service, path, *, revoked):
        installation = story.installation
        done = []
        send = httpx.AsyncClient.send

        async def interrupted(client, request, **options):
            if path in request.url.path and not done:
                done.append(path)
                await sync_to_async(lambda: MODELS[service].objects.get().forget())()
                if revoked:
                    installation.token_store(service).expire("alice", access=True, refresh=True)
            return await send(client, request, **options)

        monkeypatch.setattr("httpx.AsyncClient.send", interrupted)
        installation.standins.control("latency", {"ms": 30})
        run = story.run()
        monkeypatch.setattr("httpx.AsyncClient.send", send)
        assert done
        return run

    return run


WHEN = {"trakt": "/sync/history", "bangumi": "/episodes"}


@pytest.mark.parametrize("revoked", [True, False], ids=["revoked", "still valid"])
@pytest.mark.parametrize("service", ["trakt", "bangumi"])
def test_a_disconnect_during_a_run_ends_it_and_stays_a_disconnect(story, disconnecting, service, revoked):
    run = disconnecting(service, WHEN[service], revoked=revoked)
    assert (run["status"], run["reason"]) == ("failed", f"{service}_not_connected")
    row = MODELS[service].objects.get()
    assert (row.state, row.access_token, row.refresh_token) == (ConnectionState.NONE, "", "")
    story.installation.forget_requests()
    again = story.run()
    assert (again["status"], again["reason"]) == ("failed", f"{service}_not_connected")
    assert [r["path"] for r in story.installation.requests() if r["service"] == service] == []
    story.installation.connect_anew(service)
    story.heal()


# two browsers


@pytest.fixture
def browsers(story):
    """Two browsers in which alice is logged in, at home and on the phone."""
    both = Client(), Client()
    for browser in both:
        browser.force_login(get_user_model().objects.get(username="alice"))
    return both


WAYS = {"trakt": (leave, agree), "bangumi": (leave_for_bangumi, agree)}


@pytest.mark.parametrize("service", WAYS)
def test_of_two_browsers_that_authorise_at_once_the_last_to_come_back_wins(story, browsers, service):
    go, say_yes = WAYS[service]
    first, second = browsers
    back = [say_yes(go(first)), say_yes(go(second))]
    assert second.get(back[1]).status_code == 302
    earlier = MODELS[service].objects.get().access_token
    assert first.get(back[0]).status_code == 302
    row = MODELS[service].objects.get()
    assert row.access_token != earlier
    assert story.installation.token_store(service).owner(row.access_token) == "alice"
    assert row.is_usable
    story.heal()


@pytest.mark.parametrize("service", WAYS)
def test_a_state_is_of_one_browser_and_of_one_use(story, browsers, service):
    go, say_yes = WAYS[service]
    first, second = browsers
    back = say_yes(go(first))
    go(second)
    before = MODELS[service].objects.get().access_token
    assert second.get(back).status_code == 400
    assert MODELS[service].objects.get().access_token == before
    assert first.get(back).status_code == 302
    stored = MODELS[service].objects.get().access_token
    assert first.get(back).status_code == 400
    assert MODELS[service].objects.get().access_token == stored != before
