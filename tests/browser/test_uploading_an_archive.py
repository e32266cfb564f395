"""Whoever has no API app at Trakt uploads Trakt's own export."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from bgmsync.standins import DEMO_WORLD, World
from tests.browser.conftest import in_both_languages
from tests.browser.going import fits, press, reaches
from tests.export.making import history_files, zipped

pytestmark = pytest.mark.browser
ADDRESS = "/admin/trakt/traktconfig/trakt-export/"


@in_both_languages
def test_an_export_is_uploaded_looked_at_and_carried_over(log_in, installation, newcomer, say):
    tokens = installation.standins.control("tokens")["bangumi"][newcomer]["access"]
    installation.command("connect", newcomer, "bangumi", stdin=json.dumps({"access_token": tokens[0]}))
    page = log_in(newcomer)
    page.goto(ADDRESS)

    page.locator("input[type=file]").set_input_files(
        {"name": "notes.zip", "mimeType": "application/zip", "buffer": b"no archive at all"}
    )
    press(page, say("Import"))
    expect(page.get_by_role("alert").or_(page.locator(".errorlist")).first).to_be_visible()
    archive = zipped(history_files(World.load(DEMO_WORLD))).getvalue()
    page.locator("input[type=file]").set_input_files(
        {"name": "trakt-export.zip", "mimeType": "application/zip", "buffer": archive}
    )
    press(page, say("Import"))
    page.wait_for_url("**/syncrun/*/change/")
    reaches(page, say("waiting for your approval"))
    press(page, say("Write what is ticked"))
    reaches(page, say("succeeded"))
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page)

    assert installation.marks(newcomer) > 0
