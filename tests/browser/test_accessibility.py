"""axe-core looks at every page of ours, light and dark, wide and narrow: WCAG 2.1 AA."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
ASKED, ENDED = "Waiting for your approval", "Succeeded|Incomplete|Put off|Failed"
PAGES = (
    "/admin/",
    "/admin/trakt/traktconfig/mine/",
    "/admin/sync/syncrun/",
    "/admin/sync/syncitem/",
    "/admin/sync/syncitem/?state__exact=review",
    "/admin/sync/syncitem/review/",
    "/admin/sync/syncitem/statistics/",
    "/admin/sync/syncitem/statistics/2025/",
    "/admin/sync/mappingoverride/",
    "/admin/sync/mappingoverride/add/",
    "/admin/sync/mappingoverride/import/",
    "/admin/sync/subject/data/",
    "/me/",
    "/me/log/",
    "/me/export/",
    "/me/delete/",
    "/bangumi/token",
    "/trakt/disconnect",
    "/trakt/callback",
)
OPERATORS = (
    "/admin/",
    "/admin/trakt/traktconfig/",
    "/admin/shared/serviceapp/add/",
    "/admin/auth/user/",
    "/people/",
    "/people/log/",
    "/people/invitations/",
    "/admin/sync/subject/data/",
)


def problems(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def follow_first_row(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#result_list tbody th a").first.click()


@pytest.fixture
def without_policy():
    return True


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=["light-wide", "dark-narrow"])
def dressed(request, page):
    theme, width = request.param
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    return page


def test_nobody_is_shut_out_of_a_members_pages(dressed, log_in, installation):
    installation.connect("lin")
    page = log_in("lin")
    page.goto("/admin/")
    page.get_by_role("button", name="Run sync now").click()
    heading = page.locator(".verdict h1")
    expect(heading).to_have_text(re.compile(f"{ASKED}|{ENDED}"))
    found = {"plan or report": problems(page)}
    if heading.inner_text() == ASKED:
        page.get_by_role("button", name="Write what is ticked").first.click()
        expect(heading).to_have_text(re.compile(ENDED))
    found["report"] = problems(page)

    for address in PAGES:
        page.goto(address)
        found[address] = problems(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
    follow_first_row(page, "/admin/sync/syncitem/?state__exact=review")
    found["item"] = problems(page)
    page.goto("/admin/sync/syncitem/review/")
    page.get_by_role("button", name="Leave this show out").first.click()
    found["confirm"] = problems(page)
    page.goto("/admin/sync/syncitem/?state__exact=done")
    page.locator("#result_list tbody th a").first.click()
    page.locator("summary", has_text="This is wrong").click()
    found["correct"] = problems(page)

    assert {where: what for where, what in found.items() if what} == {}


def test_nobody_is_shut_out_of_the_operators_pages(dressed, log_in, installation):
    page = log_in("admin", installation.root_password)
    found = {}
    for address in OPERATORS:
        page.goto(address)
        found[address] = problems(page)

    assert {where: what for where, what in found.items() if what} == {}


def test_nobody_is_shut_out_of_the_log_in(dressed):
    dressed.goto("/admin/login/")

    assert problems(dressed) == []


def test_the_main_way_can_be_gone_by_keyboard_alone(log_in, installation):
    installation.connect("lin")
    page = log_in("lin")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Run sync now"))

    page.keyboard.press("Enter")

    heading = page.locator(".verdict h1")
    expect(heading).to_have_text(re.compile(f"{ASKED}|{ENDED}"))
    if heading.inner_text() == ASKED:
        tab_to(page, page.get_by_role("button", name="Write what is ticked").first)
        page.keyboard.press("Enter")
        expect(heading).to_have_text(re.compile(ENDED))


def tab_to(page: Page, button) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the keyboard does not lead there")
