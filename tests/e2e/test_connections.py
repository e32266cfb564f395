"""Tokens that expire or are revoked, accounts that are refused, and how a connection comes back."""

from __future__ import annotations

import pytest

from sync.models import SyncItem
from tests.e2e.small import CLANNAD, small_world

pytestmark = pytest.mark.e2e


@pytest.fixture
def installation(install):
    return install(small_world("Clannad 1x1-22", "Black Lagoon 1x1-3"))


def expire(installation, service, what):
    installation.standins.control("expire", {"service": service, "user": "alice", "what": what})


def spoil(installation, service, status, **values):
    rule = {"service": service, "times": None, "action": {"kind": "status", "status": status, **values}}
    installation.standins.control("faults", rule)


@pytest.mark.parametrize("service", ["trakt", "bangumi"])
def test_a_token_that_expired_before_the_run_renews_itself(installation, service):
    expire(installation, service, "access")
    assert installation.sync()["items"] == {"done": 25}
    renewals = [r for r in installation.requests() if r["service"] == service and r["path"].startswith("/oauth/")]
    assert len(renewals) == 1


@pytest.mark.parametrize("service", ["trakt", "bangumi"])
def test_a_token_that_expires_during_the_run_renews_itself_once(installation, service):
    path = "/sync/history" if service == "trakt" else f"/collections/{CLANNAD}/episodes"

    def expire_at(exchange):
        if exchange.service == service and path in exchange.path and not expired:
            expired.append(exchange.path)
            # The control surface can't be asked from inside of a request.
            installation.token_store(service).expire("alice", access=True, refresh=False)
        return []

    expired: list[str] = []
    installation.standins.hub.observer = expire_at
    assert installation.sync()["items"] == {"done": 25}
    assert expired
    renewals = [r for r in installation.requests() if r["service"] == service and r["path"].startswith("/oauth/")]
    assert len(renewals) == 1


@pytest.mark.parametrize("service", ["trakt", "bangumi"])
def test_a_revoked_refresh_token_asks_to_reconnect_and_a_new_connection_finishes_the_work(installation, service):
    expire(installation, service, "both")
    run = installation.sync(ok=False)
    assert (run["status"], run["reason"]) == ("failed", f"{service}_reconnect")
    status = installation.status()
    assert status[service]["state"] == "reconnect"
    other = "bangumi" if service == "trakt" else "trakt"
    assert status[other]["state"] == "connected"
    installation.connect_anew(service)
    assert installation.sync()["status"] == "succeeded"
    assert len(installation.marks()[CLANNAD]) == 22
    assert set(SyncItem.objects.values_list("state", flat=True)) == {"done"}


@pytest.mark.parametrize(
    ("status", "reason", "state"),
    [(426, "trakt_vip_only", "vip_only"), (423, "trakt_account_locked", "locked")],
)
def test_an_account_that_trakt_refuses_is_told_so_and_comes_back_with_the_first_good_run(
    installation, status, reason, state
):
    spoil(installation, "trakt", status)
    run = installation.sync(ok=False)
    assert (run["status"], run["reason"]) == ("failed", reason)
    assert installation.status()["trakt"]["state"] == state
    installation.standins.control("faults", method="DELETE")
    assert installation.sync()["status"] == "succeeded"
    assert installation.status()["trakt"]["state"] == "connected"


def test_an_app_that_is_gone_is_the_operators_and_logs_nobody_out(installation):
    installation.standins.control("app_gone", {"service": "trakt"})
    run = installation.sync(ok=False)
    assert (run["status"], run["reason"]) == ("failed", "trakt_app_refused")
    assert installation.status()["trakt"]["state"] == "app_gone"
    installation.standins.control("app_gone", {"service": "trakt", "gone": False})
    assert installation.sync()["status"] == "succeeded"
    assert installation.status()["trakt"]["state"] == "connected"


@pytest.mark.parametrize("service", ["trakt", "bangumi"])
def test_an_outage_of_the_token_endpoint_logs_nobody_out(installation, service):
    expire(installation, service, "access")
    rule = {"service": service, "path": "^/oauth/", "times": None, "action": {"kind": "status", "status": 503}}
    installation.standins.control("faults", rule)
    run = installation.sync(ok=False)
    assert run["status"] in {"deferred", "incomplete"}
    assert installation.status()[service]["state"] == "connected"
    installation.standins.control("faults", method="DELETE")
    assert installation.sync()["status"] == "succeeded"
