"""Steps that several ways have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    Say = Callable[..., str]

REPORT = "**/syncrun/*/change/"


def title(page: Page) -> Locator:
    """Return the heading that says how a run stands."""
    return page.locator(".verdict h1")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def reaches(page: Page, status: str) -> None:
    """Wait until the run on the page stands so."""
    expect(title(page)).to_have_text(status[:1].upper() + status[1:])


def start(page: Page, say: Say, button: str = "Run sync now") -> None:
    page.goto("/admin/")
    press(page, say(button))
    page.wait_for_url(REPORT)


def sync(page: Page, say: Say) -> None:
    """Run a first sync and approve its plan."""
    start(page, say)
    reaches(page, say("waiting for your approval"))
    press(page, say("Write what is ticked"))
    reaches(page, say("succeeded"))


def fits(page: Page) -> None:
    """See that nothing of the page lies beside the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} is too wide"
