"""A channel is added, tried, and says where it leads without giving its address away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import in_both_languages
from tests.browser.going import fits, press
from tests.notifying.conftest import KEY, Receiver

pytestmark = pytest.mark.browser
ADDRESS = "/admin/sync/notificationchannel/"


@pytest.fixture
def listening():
    found = Receiver()
    yield found
    found.close()


@in_both_languages
def test_a_webhook_is_added_and_a_test_arrives(log_in, newcomer, say, listening):
    page = log_in(newcomer)
    page.goto(f"{ADDRESS}add/")
    page.get_by_label(say("name"), exact=False).first.fill("home")
    page.locator("input[name=new_address]").fill(f"json://{listening.host}/{KEY}/")
    press(page, say("Save"))
    expect(page.locator(".messagelist")).to_contain_text(say("Saved. Send a test to see that it arrives."))
    press(page, say("Send a test"))

    expect(page.locator(".messagelist")).to_contain_text(say("The service took it. Look whether it has arrived."))
    assert len(listening.notes) == 1
    assert KEY not in page.content()
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page)


@in_both_languages
def test_a_channel_that_does_not_answer_is_named_with_its_cause(log_in, newcomer, say, listening):
    page = log_in(newcomer)
    page.goto(f"{ADDRESS}add/")
    page.get_by_label(say("name"), exact=False).first.fill("broken")
    page.locator("input[name=new_address]").fill(f"json://{listening.host}/{KEY}/500/")
    press(page, say("Save"))
    press(page, say("Send a test"))

    expect(page.locator(".messagelist .error")).to_be_visible()
    expect(page.locator(".note.trouble")).to_contain_text(
        say("Your syncing goes on as ever. Enter the address again, or send a test once the service is back.")
    )
    assert KEY not in page.content()
