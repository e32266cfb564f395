"""Connecting Trakt in the browser: one state, one session, one user, one use; and every way it can go wrong."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client

from bgmsync.shared.models import ConnectionState
from trakt.models import TraktConfig

SETTINGS = "/admin/trakt/traktconfig/mine/"


@pytest.fixture
def browser(alice, standins):
    client = Client()
    client.force_login(alice)
    return client


def leave(browser, **data) -> str:
    """Press the button, and return the address that the browser is sent to."""
    answer = browser.post("/trakt/authorize", data)
    assert answer.status_code == 200
    return answer.headers["Refresh"].partition("url=")[2]


def agree(address: str, decision: str = "allow") -> str:
    """Agree on the stand-in's consent page, and return the address of ours that it sends the browser back to."""
    page = httpx.get(address, headers={"User-Agent": "a browser"})
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    user = re.findall(r"<option>([^<]+)</option>", page.text)[0]
    answer = httpx.post(
        address,
        data={**fields, "user": user, "decision": decision},
        headers={"User-Agent": "a browser"},
        follow_redirects=False,
    )
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"


def test_a_user_connects_by_agreeing_at_trakt(browser, alice):
    answer = browser.get(agree(leave(browser)))

    config = TraktConfig.objects.get(user=alice)
    assert answer.url == SETTINGS
    assert config.state == ConnectionState.CONNECTED
    assert config.is_usable
    assert config.username
    assert config.timezone == "Asia/Shanghai"
    assert config.next_run_at is not None


def test_the_request_carries_a_state_and_a_pkce_challenge(browser):
    query = parse_qs(urlsplit(leave(browser)).query)

    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert len(query["state"][0]) >= 32
    assert "client_secret" not in query


def test_connecting_again_keeps_schedule_cursor_and_settings(browser, alice):
    TraktConfig.objects.create(user=alice, cron="0 9 * * 6", timezone="UTC", threshold=3, activities={"all": "x"})
    TraktConfig.objects.update(read_to="2026-01-01T00:00:00Z")

    browser.get(agree(leave(browser)))
    browser.get(agree(leave(browser)))

    config = TraktConfig.objects.get(user=alice)
    assert (config.cron, config.threshold, config.activities) == ("0 9 * * 6", 3, {"all": "x"})
    assert config.read_to is not None


def test_a_zone_that_the_user_saved_is_not_replaced_by_trakts(browser, alice, client):
    config = TraktConfig.objects.create(user=alice)
    data = {"interval_minutes": 360, "timezone": "UTC", "scope": "anime", "threshold": 2, "ask_above": 300}
    browser.post(f"/admin/trakt/traktconfig/{config.pk}/change/", data)

    browser.get(agree(leave(browser)))

    config.refresh_from_db()
    assert config.timezone == "UTC"


def test_a_state_works_once_and_trakt_is_not_even_asked_again(browser, standins):
    back = agree(leave(browser))
    browser.get(back)

    assert browser.get(back).status_code == 400
    assert len([one for one in standins.control("requests") if one["path"].endswith("/oauth/token")]) == 1


def test_a_state_of_another_session_is_refused(browser, alice):
    back = agree(leave(browser))
    other = Client()
    other.force_login(alice)

    assert other.get(back).status_code == 400
    assert not TraktConfig.objects.exclude(state=ConnectionState.NONE).exists()


def test_a_state_of_another_user_in_the_same_browser_is_refused(browser, bob):
    back = agree(leave(browser))
    session = browser.session
    kept = session["consent_trakt"]
    browser.force_login(bob)
    session = browser.session
    session["consent_trakt"] = kept
    session.save()

    assert browser.get(back).status_code == 400


def test_a_state_is_good_for_ten_minutes(browser, monkeypatch):
    back = agree(leave(browser))
    later = time.time() + 601
    monkeypatch.setattr("bgmsync.shared.consent.time.time", lambda: later)

    assert browser.get(back).status_code == 400


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied&state=x"])
def test_a_callback_that_nobody_asked_for_changes_nothing(browser, query):
    answer = browser.get(f"/trakt/callback{query}")

    assert answer.status_code == 400
    assert "Nothing was changed" in answer.content.decode()


def test_saying_no_at_trakt_is_said_back(browser, alice):
    answer = browser.get(agree(leave(browser), "deny"))

    assert answer.status_code == 200
    assert "You said no" in answer.content.decode()
    assert not TraktConfig.objects.exclude(state=ConnectionState.NONE).exists()


def test_a_code_that_trakt_does_not_know_is_no_traceback(browser):
    state = parse_qs(urlsplit(leave(browser)).query)["state"][0]

    answer = browser.get("/trakt/callback", {"state": state, "code": "made-up"})

    assert answer.status_code == 400
    assert "begin again" in answer.content.decode()


def test_an_outage_of_trakt_is_explained(browser, standins):
    back = agree(leave(browser))
    standins.control("faults", {"service": "trakt", "action": {"kind": "status", "status": 500}})

    answer = browser.get(back)

    assert answer.status_code == 502
    assert "Your settings and history are kept" in answer.content.decode()


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_afterwards_the_browser_stays_here(browser, address):
    assert browser.get(agree(leave(browser, next=address))).url == SETTINGS


def test_afterwards_the_browser_goes_where_it_came_from(browser):
    assert browser.get(agree(leave(browser, next="/admin/"))).url == "/admin/"


def test_without_an_app_the_page_says_so(alice, client, settings):
    settings.TRAKT_CLIENT_ID = ""
    client.force_login(alice)

    answer = client.post("/trakt/authorize")

    assert answer.status_code == 409
    assert "no app" in answer.content.decode()


def test_a_superuser_is_told_the_redirect_address_to_register(root, client, settings):
    settings.TRAKT_CLIENT_ID = ""
    client.force_login(root)

    page = client.get(SETTINGS, follow=True).content.decode()

    assert f"{settings.BASE_URL}/trakt/callback" in page
    assert "/admin/shared/serviceapp/add/" in page


def test_disconnecting_forgets_the_tokens_and_keeps_the_settings(browser, alice, standins):
    browser.get(agree(leave(browser)))
    TraktConfig.objects.update(cron="0 9 * * 6")
    token = TraktConfig.objects.get().access_token

    browser.post("/trakt/disconnect")

    config = TraktConfig.objects.get(user=alice)
    assert (config.access_token, config.refresh_token, config.state) == ("", "", ConnectionState.NONE)
    assert config.cron == "0 9 * * 6"
    assert all(token not in held["access"] for held in standins.control("tokens")["trakt"].values())


def test_disconnecting_works_while_trakt_is_down(browser, standins):
    browser.get(agree(leave(browser)))
    standins.control("faults", {"service": "trakt", "action": {"kind": "status", "status": 500}})

    browser.post("/trakt/disconnect")

    assert TraktConfig.objects.get().access_token == ""


@pytest.mark.usefixtures("page")
class TestByCode:
    @pytest.fixture
    def page(self, browser, monkeypatch):
        """The page with the code, and Trakt asked at every poll."""
        monkeypatch.setattr("trakt.views.POLITE", 0)
        answer = browser.post("/trakt/device", follow=True)
        return answer.context["pending"]

    def enter(self, standins, page, decision="allow"):
        httpx.post(
            f"{standins.trakt_url}/activate",
            data={"user_code": page["user_code"], "user": self.user(standins), "decision": decision},
            headers={"User-Agent": "a browser"},
        )

    def user(self, standins):
        return next(iter(standins.control("state")["trakt"]))

    def test_a_user_connects_by_entering_the_code_at_trakt(self, browser, alice, standins, page):
        assert browser.post("/trakt/device/poll").json()["state"] == "pending"
        self.enter(standins, page)
        standins.control("clock", {"seconds": page["interval"] + 1})

        answer = browser.post("/trakt/device/poll").json()

        assert answer["state"] == "connected"
        assert TraktConfig.objects.get(user=alice).is_usable

    def test_it_works_without_a_script(self, browser, alice, standins, page):
        self.enter(standins, page)

        assert browser.post("/trakt/device/check").url == SETTINGS
        assert TraktConfig.objects.get(user=alice).is_usable

    def test_saying_no_ends_it(self, browser, standins, page):
        self.enter(standins, page, "deny")

        answer = browser.post("/trakt/device/poll").json()

        assert answer["state"] == "over"
        assert "said no" in answer["text"]

    @pytest.mark.parametrize(
        ("status", "state"),
        [(400, "pending"), (429, "pending"), (404, "over"), (409, "over"), (410, "over"), (418, "over")],
    )
    def test_each_of_trakts_answers_has_its_meaning(self, browser, standins, status, state):
        action = {"kind": "status", "status": status, "body": ""}
        standins.control("faults", {"service": "trakt", "path": "/oauth/device/token", "action": action})

        assert browser.post("/trakt/device/poll").json()["state"] == state

    def test_an_outage_is_waited_out(self, browser, standins):
        action = {"kind": "status", "status": 503, "body": ""}
        standins.control("faults", {"service": "trakt", "path": "/oauth/device/token", "action": action})

        assert browser.post("/trakt/device/poll").json()["state"] == "pending"

    def test_the_code_of_one_user_is_not_polled_for_another(self, browser, bob):
        kept = browser.session["trakt_device"]
        browser.force_login(bob)
        session = browser.session
        session["trakt_device"] = kept
        session.save()

        assert browser.post("/trakt/device/poll").json()["state"] == "over"


def test_trakt_is_not_asked_more_often_than_it_allows(browser, standins):
    browser.post("/trakt/device")
    for _ in range(5):
        browser.post("/trakt/device/poll")

    asked = [one for one in standins.control("requests") if one["path"].endswith("/oauth/device/token")]
    assert len(asked) == 1
