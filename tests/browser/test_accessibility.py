"""axe-core looks at every page of ours, light and dark, wide and narrow: WCAG 2.1 AA."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.admin.test_permissions import READ
from tests.browser.conftest import IS_FULL, always_in_both_languages
from tests.browser.going import REPORT, press, reaches, start, title
from tests.browser.pages import ANYBODY, NO_PAGE, SUPERUSER, addresses, names, something_of_each

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
ASKED, ENDED = "waiting for your approval", ("succeeded", "incomplete", "put off", "failed")
DRESSES = [("light", 1280, "en"), ("dark", 390, "zh-hans")]
WIDTHS = (390, 1280, 1920)
PICTURES = Path(__file__).parents[1] / "artefacts" / "screenshots"
"""Where the tests leave what they saw: one picture of each page a run, at all widths with ``make test-browser``."""


def problems(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


SHOWS_FOCUS = """element => {
    const style = getComputedStyle(element);
    return parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none" || style.boxShadow !== "none"
        || style.borderColor !== getComputedStyle(element.parentElement).borderColor;
}"""


def press_part(page: Page, name: str) -> None:
    """Press the first button whose name begins so: several say in hidden words what each is about."""
    page.get_by_role("button", name=name).first.click()


def follow_first_row(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#result_list tbody th a").first.click()


@pytest.fixture
def without_policy():
    return True


dressed = pytest.mark.parametrize(("theme", "width", "language"), DRESSES, ids=["light-wide-en", "dark-narrow-zh"])


@pytest.fixture
def dress(page, theme, width):
    """Return the page in the theme and width of the test."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    return page


@pytest.fixture
def look(page, theme, width, language):
    """Return what axe finds on the page as it is, and keep a picture of it."""

    def looked(name: str) -> list[str]:
        found = problems(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("it is wider than the window")
        for wide in WIDTHS if IS_FULL else [width]:
            page.set_viewport_size({"width": wide, "height": 900})
            file = PICTURES / f"{language}-{theme}-{wide}" / f"{name.replace(':', '-')}.png"
            page.screenshot(path=file, full_page=True)
        page.set_viewport_size({"width": width, "height": 900})
        return found

    return looked


def test_every_address_is_a_page_that_is_looked_at_or_is_none_for_a_reason():
    looked_at = {name for mine in names().values() for name in mine} | set(ANYBODY)
    shut = {name for name in READ if READ[name][SUPERUSER] in {403, 404}}

    assert looked_at | NO_PAGE.keys() | shut == READ.keys()
    assert not looked_at & NO_PAGE.keys()


@dressed
@pytest.mark.usefixtures("dress")
def test_nobody_is_shut_out_of_any_page(log_in, installation, newcomer, look, theme):
    """Without ``BROWSER=full`` every other page is looked at in the light, and the rest in the dark."""
    something_of_each(installation, newcomer)
    where = addresses(installation, newcomer)
    page, found = log_in(newcomer), {}
    for who, mine in where.items():
        if who == "operator":
            page.context.clear_cookies()
            log_in("admin", installation.root_password)
        ours = [*mine.items()]
        for name, address in ours if IS_FULL else ours[theme == "dark" :: 2]:
            page.goto(address)
            found[name] = look(name)

    assert {where: what for where, what in found.items() if what} == {}


@dressed
@pytest.mark.usefixtures("dress")
def test_nobody_is_shut_out_of_what_pages_turn_into(log_in, installation, newcomer, look, say):
    installation.connect(newcomer)
    page = log_in(newcomer)
    found = {"first steps": look("first-steps")}
    start(page, say)
    reaches(page, say(ASKED))
    found["plan"] = look("run-awaiting")
    press(page, say("Write what is ticked"))
    reaches(page, say("succeeded"))
    found["report"] = look("run-report")
    follow_first_row(page, "/admin/sync/syncitem/?state__exact=review")
    found["item"] = look("item-in-review")
    page.goto("/admin/sync/syncitem/review/")
    press_part(page, say("Leave this show out"))
    found["confirm"] = look("review-confirm")
    follow_first_row(page, "/admin/sync/syncitem/?state__exact=done")
    page.locator("summary", has_text=say("This is wrong")).click()
    found["correct"] = look("item-correct")

    assert {where: what for where, what in found.items() if what} == {}


@dressed
def test_nobody_is_shut_out_before_the_log_in(dress, look, installation):
    found = {}
    for name, address in (("admin:login", "/admin/login/"), ("people:register", "/join/"), ("people:join", "/join/x/")):
        dress.goto(address)
        found[name] = look(name)

    assert {where: what for where, what in found.items() if what} == {}


@always_in_both_languages
def test_the_main_way_can_be_gone_by_keyboard_alone(log_in, installation, newcomer, say):
    """From the first page to the report: connect both, choose, look at the plan, approve. The services' are theirs."""
    page = log_in(newcomer)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=say("Skip to main content"))).to_be_focused()
    follow(page, page.get_by_role("link", name=say("Connect Trakt")).first)
    for service in ("Trakt", "Bangumi"):
        follow(page, page.get_by_role("button", name=say(f"Connect {service}"), exact=True))
        page.get_by_label("Signed in as").select_option(newcomer)  # the stand-in's page, not ours
        page.get_by_role("button", name="Allow").click()
        expect(page.locator(f"#{service.lower()}")).to_contain_text(newcomer)
    tab_to(page, page.locator("#id_preset, select").first)
    page.keyboard.press("ArrowDown")
    follow(page, page.locator("input[name=_save]"))
    expect(page.locator(".messagelist")).to_be_visible()
    follow(page, page.get_by_role("button", name=say("Run sync now")))
    page.wait_for_url(REPORT)
    reaches(page, say(ASKED))
    tab_to(page, page.locator("table.picks tbody input").first)
    page.keyboard.press("Space")
    follow(page, page.get_by_role("button", name=say("Write what is ticked")).first)
    expect(title(page)).to_have_text(re.compile("|".join(say(ended) for ended in ENDED), re.IGNORECASE))


def follow(page: Page, element) -> None:
    tab_to(page, element)
    page.keyboard.press("Enter")


def tab_to(page: Page, element) -> None:
    """Press Tab until *element* has the focus, and see that one sees it."""
    expect(element).to_be_visible()
    for _ in range(150):
        page.keyboard.press("Tab")
        if element.evaluate("element => element === document.activeElement"):
            assert element.evaluate(SHOWS_FOCUS), "the focus does not show"
            return
    pytest.fail("the keyboard does not lead there")
