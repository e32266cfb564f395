"""The way a user goes, in real Chromium, against a whole installation: connect, choose, preview, run, retry, decide."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
ASKED = "Waiting for your approval"
REPORT = "**/syncrun/*/change/"


def agree(page, user: str) -> None:
    """Log in at the service's own page as *user*, and allow what is asked for."""
    page.get_by_label("Signed in as").select_option(user)
    page.get_by_role("button", name="Allow").click()


def result(page):
    """Wait for the run to be over, or for its plan to be shown, and return its verdict's heading."""
    heading = page.locator(".verdict h1")
    expect(heading).to_have_text(re.compile(f"{ASKED}|Succeeded|Incomplete|Put off|Failed|Undo"))
    expect(page.locator("#progress")).to_have_count(0)
    return heading


def sync(page) -> None:
    """Start a run by its button, and approve its plan if that is asked, as it is before the first write."""
    page.get_by_role("button", name="Run sync now").click()
    page.wait_for_url(REPORT)
    if result(page).inner_text() == ASKED:
        page.get_by_role("button", name="Write what is ticked").first.click()
        expect(page.locator(".verdict h1")).not_to_have_text(ASKED)
        result(page)


def test_a_newcomer_connects_both_chooses_a_schedule_previews_and_runs(log_in, installation):
    page = log_in("mia")
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()

    page.get_by_role("link", name="Connect Trakt").click()
    page.get_by_role("button", name="Connect Trakt").click()
    agree(page, "mia")
    expect(page.locator("#trakt")).to_contain_text("connected")
    page.get_by_role("button", name="Connect Bangumi").click()
    agree(page, "mia")
    expect(page.locator("#bangumi")).to_contain_text("token renews itself")

    page.get_by_label("How often").select_option(label="every day at 21:00")
    expect(page.get_by_label("Cron expression")).to_have_value("0 21 * * *")
    expect(page.locator("#next-times li")).to_have_count(5)
    expect(page.locator("#next-times li").first).to_contain_text("9 p.m.")
    expect(page.locator("#next-times")).to_contain_text("Asia/Shanghai")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")

    page.get_by_role("button", name="Preview (dry run)").click()
    expect(result(page)).to_have_text("Succeeded")
    expect(page.get_by_text("nothing was written to Bangumi")).to_be_visible()
    expect(page.get_by_role("heading", name="What would be written")).to_be_visible()
    before = installation.marks("mia")

    page.get_by_role("button", name="Run sync now").click()
    page.wait_for_url(REPORT)
    expect(result(page)).to_have_text(ASKED)
    expect(page.get_by_role("heading", name="What would be written")).to_be_visible()
    assert installation.marks("mia") == before
    page.locator("table.picks tbody input").last.uncheck()
    page.get_by_role("button", name="Write what is ticked").first.click()
    expect(result(page)).to_have_text(re.compile("Succeeded|Incomplete"))
    expect(page.get_by_role("heading", name="Written to Bangumi")).to_be_visible()
    expect(page.get_by_text("left out of the plan")).to_be_visible()
    assert installation.marks("mia") > before

    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_text("plays on Bangumi")).to_be_visible()

    page.goto("/admin/sync/syncrun/")
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("button", name="Undo").click()
    result(page)
    expect(page.get_by_text("Nothing was written")).to_be_visible()
    exactly = page.get_by_role("button", name="Undo exactly this")
    exactly.click()
    expect(exactly).to_have_count(0)
    result(page)
    assert installation.marks("mia") == before


def test_an_expression_that_cannot_be_read_is_named_while_one_types(log_in):
    page = log_in("mia")
    page.goto("/admin/trakt/traktconfig/mine/")

    page.get_by_label("Cron expression").fill("0 25 * * *")

    expect(page.locator("#next-times .errors")).to_contain_text("Field 2 (hour), character 3")
    expect(page.locator("#next-times mark")).to_have_text("25")
    expect(page.get_by_label("Cron expression")).to_have_attribute("aria-invalid", "true")

    page.get_by_label("Cron expression").fill("0 5 * * 1-5")
    page.get_by_label("Quiet from").fill("23:00")
    page.get_by_label("Quiet until").fill("07:00")

    expect(page.locator("#next-times .meaning")).to_have_text("At 05:00, on Monday to Friday")
    expect(page.locator("#next-times li").first).to_contain_text("7 a.m.")
    expect(page.get_by_label("Cron expression")).to_have_attribute("aria-invalid", "false")
    other = page.get_by_label("Interval in minutes")
    expect(page.get_by_label("Cron expression")).to_have_css("border-color", border_of(other))


def border_of(field) -> str:
    return field.evaluate("element => getComputedStyle(element).borderColor")


def test_what_failed_can_be_retried(log_in, installation):
    installation.connect("noah")
    status = {"kind": "status", "status": 400, "body": {"title": "Bad Request", "description": "try again"}}
    fault = {"service": "bangumi", "method": "PATCH", "path": "/episodes", "action": status, "times": None}
    installation.standins.control("faults", fault)
    page = log_in("noah")

    sync(page)
    expect(result(page)).to_have_text(re.compile("Incomplete|Failed|Put off"))
    before = installation.marks("noah")
    installation.standins.control("faults", method="DELETE")
    page.get_by_role("button", name="Retry all that failed").click()

    expect(result(page)).to_have_text("Succeeded")
    assert installation.marks("noah") > before


def press(page, key: str, until) -> None:
    """Press *key* until the element that has the focus is the one that is meant."""
    for _ in range(200):
        page.keyboard.press(key)
        if until.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the keyboard does not lead there")


def test_a_group_in_review_is_decided_by_keyboard_alone(log_in, installation):
    installation.connect("lin")
    page = log_in("lin")
    sync(page)
    page.goto("/admin/sync/syncitem/review/")
    group = page.locator(".group", has=page.get_by_role("heading", name=re.compile("One-Punch Man.* season 2")))
    expect(group).to_contain_text("Locked on Bangumi")
    before = installation.marks("lin")

    press(page, "Tab", group.get_by_label("Another subject"))
    page.keyboard.type("https://bgm.tv/subject/127563")
    press(page, "Tab", group.locator(".inline").get_by_role("button", name="This one"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()
    expect(page.locator(".effect")).to_contain_text("6 of them are not written yet")
    press(page, "Tab", page.get_by_role("button", name="Yes, go on"))
    page.keyboard.press("Enter")

    expect(page.locator(".messagelist")).to_contain_text("6 items are looked at again by run")
    expect(group).to_have_count(0)
    page.goto("/admin/sync/syncrun/")
    page.locator("#result_list tbody th a").first.click()
    expect(result(page)).to_have_text("Succeeded")
    assert installation.marks("lin") == before  # the first season's ticks are there already


def test_a_wrong_match_is_corrected_on_its_page(log_in, installation):
    installation.connect("ada")
    page = log_in("ada")
    sync(page)
    page.goto("/admin/sync/syncitem/?state__exact=done&q=Mushi-Shi")
    page.locator("#result_list tbody th a", has_text="S01E26").click()
    item = page.url
    expect(page.get_by_role("heading", name="How it came to this")).to_be_visible()

    page.locator("summary", has_text="This is wrong").click()
    page.get_by_label("Another subject").fill("51")
    page.get_by_label("position").fill("1")
    page.locator(".inline select").select_option("episode")
    page.locator(".inline").get_by_role("button", name="This one").click()
    expect(page.locator(".effect")).to_contain_text("Up to 1 tick that this program made is taken back.")
    page.get_by_role("button", name="Yes, go on").click()
    expect(result(page)).to_have_text("Succeeded")

    page.goto(item)
    expect(page.get_by_text("A person decided this, for season 1, episode 26")).to_be_visible()
    marked = installation.standins.control("state")["bangumi"]["ada"]["collections"]
    assert len(marked["340"]["marks"]) == 25


def test_trakt_can_be_connected_by_a_code(log_in, installation, chromium):
    page = log_in("ada")
    page.goto("/admin/trakt/traktconfig/mine/")
    page.get_by_role("button", name="Connect by a code").click()
    code = page.locator("#user-code").inner_text()
    there = page.get_by_role("link", name="activate").get_attribute("href")

    elsewhere = chromium.new_page()
    elsewhere.goto(there)
    elsewhere.get_by_label("Code").fill(code)
    agree(elsewhere, "ada")
    elsewhere.close()

    expect(page.locator("#trakt")).to_contain_text("connected")


def test_bangumi_can_be_connected_by_a_pasted_token(log_in, installation):
    token = installation.standins.control("tokens")["bangumi"]["ada"]["access"][0]
    page = log_in("ada")
    page.goto("/admin/trakt/traktconfig/mine/")

    page.get_by_role("link", name="Paste an access token").click()
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Check and connect").click()

    expect(page.locator("#bangumi")).to_contain_text("ada")


def test_a_user_who_says_no_is_told_that_nothing_was_changed(log_in):
    page = log_in("eve")
    page.goto("/admin/trakt/traktconfig/mine/")

    page.get_by_role("button", name="Connect Trakt").click()
    page.get_by_role("button", name="Deny").click()

    expect(page.get_by_text("Nothing was changed")).to_be_visible()


def test_the_language_can_be_changed_on_any_page(log_in):
    page = log_in("eve")

    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.get_by_role("button", name="English").click()

    expect(page.locator("html")).to_have_attribute("lang", "en")
