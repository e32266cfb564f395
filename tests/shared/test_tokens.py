"""Tokens are renewed early, by one at a time, and stored before they are used."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth import get_user_model
from django.utils import timezone

from bgmsync.shared.alive import this_process
from bgmsync.shared.http import AppRefused, TokenGrant, Unauthorized, Unreachable, together
from bgmsync.shared.models import ConnectionState
from bgmsync.shared.tokens import StoredTokens
from trakt.models import TraktConfig

pytestmark = pytest.mark.django_db

WEEK = 7 * 24 * 3600


class Service:
    """Answers refreshes, and remembers with which refresh tokens it was asked."""

    def __init__(self, answer=None):
        self.answer = answer
        self.asked = []

    async def __call__(self, refresh_token, _redirect_uri):
        self.asked.append(refresh_token)
        if isinstance(self.answer, Exception):
            raise self.answer
        if callable(self.answer):
            await sync_to_async(self.answer)()
        return TokenGrant(
            access_token=f"new-{len(self.asked)}", refresh_token=f"fresh-{len(self.asked)}", expires_in=WEEK
        )


@pytest.fixture
def config():
    user = get_user_model().objects.create(username="alice")
    config = TraktConfig.objects.create(user=user, cron="30 4 * * *", read_to=timezone.now())
    config.keep(TokenGrant(access_token="old", refresh_token="single-use", expires_in=WEEK))
    return config


def expire_in(config, **span):
    config.token_expires_at = timezone.now() + timedelta(**span)
    config.token_created_at = config.token_expires_at - timedelta(days=7)
    config.save()


def current(tokens):
    return async_to_sync(tokens.current)()


def renewed(tokens, rejected):
    return async_to_sync(tokens.renewed)(rejected)


def stored():
    return TraktConfig.objects.get()


def test_a_young_token_is_used_as_it_is(config):
    service = Service()
    assert current(StoredTokens(config, service)) == "old"
    assert service.asked == []


def test_a_token_is_renewed_before_it_expires_and_stored(config):
    expire_in(config, hours=20)
    assert current(StoredTokens(config, Service())) == "new-1"
    row = stored()
    assert (row.access_token, row.refresh_token) == ("new-1", "fresh-1")
    assert row.token_expires_at > timezone.now() + timedelta(days=6)


def test_many_requests_at_once_renew_once(config):
    expire_in(config, hours=-1)
    service = Service()
    tokens = StoredTokens(config, service)

    async def all_at_once():
        return await together(tokens.current() for _ in range(8))

    assert async_to_sync(all_at_once)() == ["new-1"] * 8
    assert service.asked == ["single-use"]


def test_what_another_process_renewed_is_taken_over_without_asking(config):
    service = Service()
    tokens = StoredTokens(config, service)
    stored().keep(TokenGrant(access_token="theirs", refresh_token="theirs too", expires_in=WEEK))
    assert renewed(tokens, "old") == "theirs"
    assert service.asked == []


def dead_process():
    """Return the name of a process of this machine that has come to its end."""
    said = "from bgmsync.shared.alive import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True).stdout.strip()


def lease(config, holder):
    config.refresh_lease_until = timezone.now() + timedelta(minutes=2)
    config.refresh_lease_by = holder
    config.save()


def test_the_lease_of_a_process_that_died_is_taken_over_at_once(config):
    expire_in(config, hours=-1)
    lease(config, dead_process())

    assert current(StoredTokens(config, Service())) == "new-1"
    assert stored().refresh_lease_until is None


@pytest.mark.parametrize("holder", [this_process(), "another-machine|1|1", ""], ids=["own", "elsewhere", "nobody"])
def test_a_lease_whose_holder_lives_or_is_not_known_to_be_dead_is_respected(config, holder):
    lease(config, holder)

    assert not StoredTokens(config, Service())._take_lease()


def test_the_lease_of_a_process_that_died_is_taken_over_by_one_alone(config):
    lease(config, dead_process())
    first, second = StoredTokens(config, Service()), StoredTokens(stored(), Service())

    assert [first._take_lease(), second._take_lease()] == [True, False]


def test_trouble_while_the_old_token_still_works_stops_nothing(config):
    expire_in(config, hours=20)
    assert current(StoredTokens(config, Service(Unreachable("trakt")))) == "old"
    assert stored().state == ConnectionState.CONNECTED


def test_an_outage_logs_nobody_out(config):
    expire_in(config, hours=-1)
    with pytest.raises(Unreachable):
        current(StoredTokens(config, Service(Unreachable("trakt"))))
    row = stored()
    assert (row.state, row.refresh_token, row.refresh_lease_until) == (ConnectionState.CONNECTED, "single-use", None)


def test_invalid_grant_asks_to_reconnect_and_keeps_everything_else(config):
    expire_in(config, hours=-1)
    with pytest.raises(Unauthorized):
        current(StoredTokens(config, Service(Unauthorized("trakt", "session not found"))))
    row = stored()
    assert (row.state, row.state_detail) == (ConnectionState.RECONNECT, "session not found")
    assert (row.cron, row.read_to) == (config.cron, config.read_to)


def test_a_vanished_app_is_told_apart(config):
    expire_in(config, hours=-1)
    with pytest.raises(AppRefused):
        current(StoredTokens(config, Service(AppRefused("trakt"))))
    assert stored().state == ConnectionState.APP_GONE


def test_a_connection_made_anew_during_a_renewal_is_not_overwritten(config):
    expire_in(config, hours=-1)

    def reconnect():
        stored().keep(TokenGrant(access_token="by hand", refresh_token="by hand too", expires_in=WEEK))

    assert current(StoredTokens(config, Service(reconnect))) == "by hand"
    assert stored().refresh_token == "by hand too"


def test_a_disconnect_during_a_renewal_stays_a_disconnect(config):
    expire_in(config, hours=-1)
    current(StoredTokens(config, Service(lambda: stored().forget())))
    assert stored().access_token == ""


def test_re_authorising_keeps_schedule_and_cursor(config):
    row = stored()
    row.keep(TokenGrant(access_token="another"))
    row.refresh_from_db()
    assert (row.access_token, row.refresh_token) == ("another", "")
    assert (row.cron, row.read_to) == (config.cron, config.read_to)


def test_a_pasted_token_that_is_refused_asks_to_reconnect(config):
    config.keep(TokenGrant(access_token="pasted"))
    with pytest.raises(Unauthorized):
        renewed(StoredTokens(config, Service()), "pasted")
    assert stored().state == ConnectionState.RECONNECT


def test_a_renewal_that_is_broken_off_is_seen_through_and_stored(config):
    """However often: the refresh token is used up, and the next one must not be lost with the answer."""
    under_way = asyncio.Event()

    class Slow(Service):
        async def __call__(self, refresh_token, _redirect_uri):
            under_way.set()
            await asyncio.sleep(0.1)
            return await super().__call__(refresh_token, _redirect_uri)

    async def broken_off():
        asking = asyncio.ensure_future(StoredTokens(config, Slow()).renewed("old"))
        await under_way.wait()
        for _ in range(3):
            asking.cancel()
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await asking

    async_to_sync(broken_off)()

    row = stored()
    assert (row.access_token, row.refresh_token, row.refresh_lease_until) == ("new-1", "fresh-1", None)
