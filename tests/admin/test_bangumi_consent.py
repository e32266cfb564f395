"""Connecting Bangumi in the browser: by OAuth, and by a personal access token."""

from __future__ import annotations

import pytest
from django.test import Client

from bgmsync.shared.models import ConnectionState
from sync.models import BangumiAccount
from tests.admin.test_trakt_consent import SETTINGS, agree


@pytest.fixture
def browser(alice, standins):
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def token(standins):
    """A token that Bangumi knows."""
    return next(iter(standins.control("tokens")["bangumi"].values()))["access"][0]


def leave(browser) -> str:
    return browser.post("/bangumi/authorize").headers["Refresh"].partition("url=")[2]


def test_a_user_connects_by_agreeing_at_bangumi(browser, alice):
    answer = browser.get(agree(leave(browser)))

    account = BangumiAccount.objects.get(user=alice)
    assert answer.url == SETTINGS
    assert account.is_usable
    assert account.refresh_token
    assert account.username
    assert account.bangumi_id


def test_a_state_works_once(browser):
    back = agree(leave(browser))
    browser.get(back)

    assert browser.get(back).status_code == 400


def test_a_state_of_trakt_is_none_of_bangumis(browser):
    address = browser.post("/trakt/authorize").headers["Refresh"].partition("url=")[2]
    query = agree(address).partition("?")[2]

    assert browser.get(f"/bangumi/callback?{query}").status_code == 400


def test_a_token_is_checked_and_stored(browser, alice, token):
    answer = browser.post("/bangumi/token", {"token": token, "days": "365"})

    account = BangumiAccount.objects.get(user=alice)
    assert answer.url == SETTINGS
    assert (account.access_token, account.refresh_token) == (token, "")
    assert account.token_expires_at
    assert account.token_created_at
    assert (account.token_expires_at - account.token_created_at).days == 365
    assert account.username


def test_a_tokens_life_is_asked_for_when_the_user_does_not_say(browser, alice, token):
    browser.post("/bangumi/token", {"token": token})

    assert BangumiAccount.objects.get(user=alice).token_expires_at is not None


@pytest.mark.parametrize("wrong", ["", "two words of it", "x", "a" * 500, "令牌令牌令牌令牌"])
def test_what_cannot_be_a_token_is_refused_without_asking(browser, standins, wrong):
    standins.control("clear", {})

    assert browser.post("/bangumi/token", {"token": wrong}).status_code == 400
    assert not standins.control("requests")


def test_a_token_that_bangumi_refuses_changes_nothing(browser, alice, token):
    browser.post("/bangumi/token", {"token": token})

    answer = browser.post("/bangumi/token", {"token": "A" * 40})

    assert answer.status_code == 400
    assert "does not accept this token" in answer.content.decode()
    assert BangumiAccount.objects.get(user=alice).access_token == token


def test_a_token_is_not_shown_again_after_an_error(browser):
    assert "B" * 40 not in browser.post("/bangumi/token", {"token": "B" * 40}).content.decode()


def test_an_outage_is_told_from_a_refusal(browser, standins, token):
    action = {"kind": "status", "status": 502}
    standins.control("faults", {"service": "bangumi", "action": action, "times": None})

    page = browser.post("/bangumi/token", {"token": token}).content.decode()

    assert "does not accept" not in page
    assert "try again later" in page


def test_disconnecting_keeps_what_was_found_out(browser, alice, token):
    browser.post("/bangumi/token", {"token": token})

    browser.post("/bangumi/disconnect")

    account = BangumiAccount.objects.get(user=alice)
    assert (account.access_token, account.state) == ("", ConnectionState.NONE)
