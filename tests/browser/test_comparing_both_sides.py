"""Is my Bangumi the same as my Trakt? What differs is shown, and what a person chooses of it is written."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import in_both_languages
from tests.browser.going import fits, press, reaches, title

pytestmark = pytest.mark.browser


@in_both_languages
def test_a_tick_that_was_taken_away_is_found_and_put_back(log_in, installation, newcomer, say):
    installation.connect(newcomer)
    installation.command("sync", newcomer)
    whole = installation.marks(newcomer)
    take_a_tick_away(installation, newcomer)
    page = log_in(newcomer)

    page.goto("/admin/sync/parityreport/")
    press(page, say("Compare now"))
    expect(page.locator("form.parity")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page)
    page.locator("form.parity input[name=chosen]").first.check()
    press(page, say("Fix selected"))
    page.wait_for_url("**/syncrun/*/change/")
    expect(title(page)).to_have_text(
        re.compile(f"{say('succeeded')}|{say('waiting for your approval')}", re.IGNORECASE)
    )
    if page.get_by_role("button", name=say("Write what is ticked")).count():
        press(page, say("Write what is ticked"))
        reaches(page, say("succeeded"))

    assert installation.marks(newcomer) == whole


def take_a_tick_away(installation, user: str) -> None:
    """Untick an episode at Bangumi, as its owner does there by hand."""
    shelf = installation.standins.control("state")["bangumi"][user]["collections"]
    subject, episode = next((subject, next(iter(entry["marks"]))) for subject, entry in shelf.items() if entry["marks"])
    edit = {"user": user, "subject_id": int(subject), "marks": {episode: 0}}
    installation.standins.control("edit", edit)
