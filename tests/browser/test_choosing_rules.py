"""Rules are chosen with examples before one's eyes, and a change is looked at before it is saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import in_both_languages
from tests.browser.going import fits, press

pytestmark = pytest.mark.browser


@in_both_languages
def test_what_a_change_would_write_is_shown_and_nothing_is_saved(log_in, installation, newcomer, say):
    installation.connect(newcomer)
    installation.command("sync", newcomer)
    written = installation.marks(newcomer)
    page = log_in(newcomer)
    page.goto("/admin/trakt/traktconfig/mine/")
    before = page.locator("select[name=rating_conflict]").input_value()
    page.locator("select[name=rating_conflict]").select_option(index=1)
    press(page, say("What would this change?"))

    expect(page.locator("[data-answer] [role=status]")).to_be_visible()
    expect(page.get_by_role("heading", name=say("What this does not tell"))).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page)
    page.reload()
    page.goto("/admin/trakt/traktconfig/mine/")
    assert page.locator("select[name=rating_conflict]").input_value() == before
    assert installation.marks(newcomer) == written


@in_both_languages
def test_the_statistics_are_pictures_with_words(log_in, installation, newcomer, say):
    installation.connect(newcomer)
    installation.command("sync", newcomer)
    page = log_in(newcomer)
    page.goto("/admin/sync/syncitem/statistics/")

    expect(page.get_by_role("heading", name=say("By month"))).to_be_visible()
    expect(page.locator("svg[role=img]").first).to_be_visible()
    for plot in page.locator("svg[role=img]").all():
        name = plot.evaluate("e => e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')")
        assert name
    page.get_by_role("navigation").get_by_role("link", name="20").first.click()
    expect(page.get_by_role("heading", name=say("Watched most"))).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page)
