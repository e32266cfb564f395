"""A person is invited, joins, chooses language and zone, takes their data along, and leaves; an operator helps."""

from __future__ import annotations

import io
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LANGUAGES, PASSWORD, in_both_languages
from tests.browser.going import fits, press

pytestmark = pytest.mark.browser


@in_both_languages
def test_an_invited_person_joins_and_leaves_with_their_data(log_in, installation, chromium, say, language):
    page = log_in("admin", installation.root_password)
    page.goto("/people/invitations/")
    press(page, say("Make a link"))
    link = page.locator("#link").inner_text()

    theirs = chromium.new_context(base_url=installation.address, locale=LANGUAGES[language]).new_page()
    theirs.goto(link)
    name = f"new-{language}"
    theirs.get_by_label(say("username")).fill(name)
    theirs.locator("input[name=password1]").fill(PASSWORD)
    theirs.locator("input[name=password2]").fill(PASSWORD)
    press(theirs, say("Make the account"))
    expect(theirs.get_by_role("heading", name=say("First steps"))).to_be_visible()

    theirs.goto("/me/")
    expect(theirs.locator("select[name=language]")).to_have_value(language)
    theirs.locator("[name=timezone]").fill("Asia/Tokyo")
    press(theirs, say("Save"))
    theirs.goto("/me/")
    expect(theirs.locator("[name=timezone]")).to_have_value("Asia/Tokyo")
    theirs.goto("/me/export/")
    with theirs.expect_download() as download:
        press(theirs, say("Download all"))
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        assert any(name.endswith(".json") for name in archive.namelist())

    theirs.goto("/me/delete/")
    theirs.locator("input[name=password]").fill(PASSWORD)
    press(theirs, say("Delete my account for ever"))
    expect(theirs.get_by_role("button", name=say("Log in"))).to_be_visible()
    page.goto("/people/")
    expect(page.get_by_role("link", name=name)).to_have_count(0)
    theirs.context.close()


@pytest.fixture
def browser_of(chromium, installation, language, say):
    """Log somebody in with a browser of their own."""
    opened = []

    def enter(user: str):
        context = chromium.new_context(base_url=installation.address, locale=LANGUAGES[language])
        opened.append(context)
        theirs = context.new_page()
        theirs.goto("/")
        theirs.get_by_label(say("username")).fill(user)
        theirs.get_by_label(say("Password")).fill(PASSWORD)
        press(theirs, say("Log in"))
        expect(theirs.get_by_role("link", name=say("Home")).first).to_be_visible()
        return theirs

    yield enter
    for context in opened:
        context.close()


@in_both_languages
def test_an_operator_sees_titles_only_where_the_member_allows_it(log_in, installation, newcomer, say, browser_of):
    helper = next(installation.newcomers)
    page = log_in("admin", installation.root_password)
    page.goto("/people/")
    page.get_by_role("link", name=helper, exact=True).click()
    press(page, say("Make an operator"))

    theirs = browser_of(helper)
    theirs.goto("/people/")
    theirs.get_by_role("link", name=newcomer, exact=True).click()
    hidden = say("What this person watched is not shown to you. They can allow it in their profile.")
    expect(theirs.get_by_text(hidden)).to_be_visible()
    theirs.set_viewport_size({"width": 390, "height": 844})
    fits(theirs)
    mine = browser_of(newcomer)
    mine.goto("/me/")
    mine.get_by_label(say("Operators may see my titles")).check()
    press(mine, say("Save"))
    expect(mine.locator(".messagelist")).to_have_text(say("Your profile is saved."))
    theirs.reload()

    expect(theirs.get_by_text(hidden)).to_have_count(0)
