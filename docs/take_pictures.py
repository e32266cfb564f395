"""Take the pictures that the users' pages show, from the running program: `make pictures`.

The program runs in processes of its own against the stand-ins and the demo's world; a member of each language goes the
way that the pages describe. What is taken, and what the pages name, must be the same: a test holds them against each
other, and the steps are those of the browser tests.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
FOLDERS = {"en": "en", "zh-hans": "zh-CN"}
WIDTH, HEIGHT = 1100, 760
NAMES = ("first-steps", "connected", "schedule", "plan", "report", "home", "rules", "review", "parity", "undo")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.conftest import Installation


class Photographer:
    """Goes the way of a new user in one language, and takes a picture at each step."""

    def __init__(self, installation: Installation, browser: Browser, language: str) -> None:
        from tests.browser.conftest import LANGUAGES  # noqa: PLC0415  # Django is set up by now

        self.installation = installation
        self.language = language
        self.user = next(installation.newcomers)
        context = browser.new_context(
            base_url=installation.address,
            locale=LANGUAGES[language],
            timezone_id="Asia/Shanghai",
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="light",
        )
        self.page: Page = context.new_page()

    def say(self, text: str, **values: object) -> str:
        from django.utils import translation  # noqa: PLC0415  # Django is set up by now

        with translation.override(self.language):
            return translation.gettext(text) % values if values else translation.gettext(text)

    def take(self, name: str, top: Locator | None = None) -> None:
        """Keep a picture of the window, scrolled so that *top* is at its upper edge."""
        assert name in NAMES  # noqa: S101  # the list is what the test holds against the pages
        if top is None:
            self.page.evaluate("scrollTo(0, 0)")
        else:
            top.evaluate("element => scrollTo(0, element.getBoundingClientRect().top + scrollY - 12)")
        self.page.screenshot(path=PICTURES / FOLDERS[self.language] / f"{name}.png", animations="disabled")

    def go(self) -> None:
        from playwright.sync_api import expect  # noqa: PLC0415  # a tool of developers

        from tests.browser.going import press, reaches, start  # noqa: PLC0415

        page, say = self.page, self.say
        self._log_in()
        self.take("first-steps")
        page.goto("/admin/trakt/traktconfig/mine/")
        for service in ("Trakt", "Bangumi"):
            press(page, say(f"Connect {service}"))
            page.get_by_label("Signed in as").select_option(self.user)  # the stand-in's page, not ours
            page.get_by_role("button", name="Allow").click()
            expect(page.locator(f"#{service.lower()}")).to_contain_text(self.user)
        self.take("connected")
        page.get_by_label(say("sync by schedule")).check()
        page.get_by_label(say("How often")).select_option("30 4 * * *")
        expect(page.locator("#next-times .meaning")).to_contain_text("4:30")
        self.take("schedule", page.locator("fieldset").first)
        page.locator("input[name=_save]").click()
        expect(page.locator(".messagelist")).to_be_visible()
        start(page, say)
        reaches(page, say("waiting for your approval"))
        self.take("plan")
        press(page, say("Write what is ticked"))
        reaches(page, say("succeeded"))
        report = page.url
        self.take("report")
        page.goto("/admin/")
        self.take("home")
        page.goto("/admin/trakt/traktconfig/mine/")
        self.take("rules", page.locator("fieldset", has=page.locator("[name=rating_conflict]")))
        page.goto("/admin/sync/syncitem/review/")
        self.take("review")
        page.goto("/admin/sync/parityreport/")
        press(page, say("Compare now"))
        expect(page.locator("form.parity")).to_be_visible()
        self.take("parity")
        page.goto(report)
        press(page, say("Undo"))
        expect(page.get_by_role("button", name=say("Undo exactly this"))).to_be_visible()
        self.take("undo")
        page.context.close()

    def _log_in(self) -> None:
        from playwright.sync_api import expect  # noqa: PLC0415  # a tool of developers

        from tests.browser.conftest import PASSWORD  # noqa: PLC0415

        self.page.goto("/")
        self.page.get_by_label(self.say("username")).fill(self.user)
        self.page.get_by_label(self.say("Password")).fill(PASSWORD)
        self.page.get_by_role("button", name=self.say("Log in")).click()
        expect(self.page.get_by_role("heading", name=self.say("First steps"))).to_be_visible()


def main() -> None:
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415  # a tool of developers

    from tests.browser.conftest import FLAGS, PATIENCE, chromium_here, running  # noqa: PLC0415

    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as installation, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=chromium_here(), args=FLAGS)
        for language in FOLDERS:
            Photographer(installation, browser, language).go()
        browser.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgmsync.settings")
    import django

    django.setup()
    main()
