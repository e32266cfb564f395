"""A run is watched, paused, resumed, cancelled, and compared with the one before it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import in_both_languages
from tests.browser.going import press, reaches, start

pytestmark = pytest.mark.browser


@pytest.fixture
def slowly(installation):
    """Let both services answer slowly, so that there is time to look and to click."""

    def wait(milliseconds: int) -> None:
        for service in ("trakt", "bangumi"):
            installation.standins.control("latency", {"service": service, "ms": milliseconds})

    yield wait
    wait(0)


@in_both_languages
def test_it_is_watched_paused_and_goes_on_to_the_end(log_in, installation, newcomer, say, slowly):
    installation.connect(newcomer)
    page = log_in(newcomer)
    start(page, say)
    reaches(page, say("waiting for your approval"))
    slowly(700)
    press(page, say("Write what is ticked"))

    expect(page.get_by_role("progressbar", name=say("Progress of this stage"))).to_be_visible()
    expect(page.locator(".stages [aria-current=step]")).to_have_count(1)
    press(page, say("Pause"))
    reaches(page, say("paused"))
    written = installation.marks(newcomer)
    slowly(0)
    press(page, say("Go on"))
    reaches(page, say("succeeded"))

    assert installation.marks(newcomer) > written


@in_both_languages
def test_it_is_cancelled_and_the_next_one_is_compared_with_it(log_in, installation, newcomer, say, slowly):
    installation.connect(newcomer)
    before = installation.marks(newcomer)
    page = log_in(newcomer)
    slowly(1500)
    start(page, say)
    press(page, say("Cancel the run"))
    reaches(page, say("cancelled"))
    assert installation.marks(newcomer) == before
    slowly(0)

    press(page, say("Run again"))
    reaches(page, say("waiting for your approval"))
    press(page, say("Write what is ticked"))
    reaches(page, say("succeeded"))

    first = page.url
    press(page, say("Run again"))
    page.wait_for_url(lambda address: address != first)
    reaches(page, say("succeeded"))
    expect(page.get_by_role("heading", name=say("Compared with the previous run"))).to_be_visible()
    page.get_by_role("navigation", name=say("Runs before and after this one")).get_by_role("link").click()
    page.wait_for_url(first)
