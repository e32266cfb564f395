"""What the documentation says is what the program does."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po
from django.core.management import get_commands

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NO_BUTTONS = {"high", "medium", "low", "看过", "在看", "想看", "搁置", "抛弃"}
"""What the users' pages set off and is no name in the program: degrees, and Bangumi's own words."""
USERS = [
    DOCS / f"{name}{language}.md"
    for name in ("README", "first-hour", "kinds-and-rules", "review", "trouble", "reasons", "more", "operating")
    for language in ("", ".zh-CN")
]


def script(name: str) -> ModuleType:
    """Return one of the scripts beside the pages."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def words(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_of_reasons_is_the_programs_own(language):
    writer = script("write_reasons")
    assert words(writer.PAGES[language]) == writer.page(language), "run: make docs"


def test_the_pages_name_exactly_the_pictures_that_are_taken():
    taker = script("take_pictures")
    for folder in taker.FOLDERS.values():
        there = {file.stem for file in (DOCS / "pictures" / folder).iterdir()}
        named = {name for page in USERS for name in re.findall(rf"pictures/{folder}/([\w-]+)\.png", words(page))}
        assert named == there == set(taker.NAMES)


def test_a_page_shows_pictures_of_its_own_language():
    for page in USERS:
        other = "pictures/en/" if page.name.endswith(".zh-CN.md") else "pictures/zh-CN/"
        assert other not in words(page)


@pytest.mark.parametrize("page", [page for page in USERS if not page.name.endswith(".zh-CN.md")], ids=lambda p: p.stem)
def test_a_page_for_users_stands_in_both_languages_and_says_the_same(page):
    sister = page.with_name(f"{page.stem}.zh-CN.md")
    assert f"]({sister.name})" in words(page)
    assert f"]({page.name})" in words(sister)
    for mark in (r"^#+ ", r"^\|", r"^- ", r"^\d\. ", r"^!\["):
        counts = [len(re.findall(mark, words(one), re.MULTILINE)) for one in (page, sister)]
        assert counts[0] == counts[1], mark


def anchor_of(heading: str) -> str:
    """Name a heading as the usual renderers do."""
    return re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")


@pytest.mark.parametrize("language", ["", ".zh-CN"])
def test_a_button_that_a_page_names_is_called_so(language):
    with (ROOT / "bgmsync/locale/zh_Hans/LC_MESSAGES/django.po").open("rb") as file:
        texts = [one.string if language else one.id for one in read_po(file)]
    said = {text.lower() for text in texts if isinstance(text, str)}
    for name in ("first-hour", "kinds-and-rules", "review", "trouble", "more"):
        page = " ".join(words(DOCS / f"{name}{language}.md").split())
        named = set(re.findall(r"“([^”]+)”" if language else r"\*\*([^*]+)\*\*", page))
        assert {one for one in named - NO_BUTTONS if one.lower() not in said} == set()


@pytest.mark.parametrize("page", USERS, ids=lambda p: p.name)
def test_links_into_a_page_lead_to_a_heading_of_it(page):
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", words(page)):
        there = words((page.parent / target) if target else page)
        headings = [anchor_of(heading) for heading in re.findall(r"^#+ (.+)", there, re.MULTILINE)]
        assert anchor in headings, f"{target}#{anchor}"


def test_every_setting_is_in_the_example():
    settings = (ROOT / "bgmsync" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings)) - {"DJANGO_SETTINGS_MODULE"}
    example = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read == example


def test_every_command_is_in_the_readme():
    ours = {name for name, app in get_commands().items() if app in {"bgmsync", "sync", "trakt", "shared"}}
    named = set(re.findall(r"^\| `(\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert ours == named


@pytest.mark.parametrize("page", ["README.md", *(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page):
    path = ROOT / page
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_command_explains_itself():
    for name in ("sync", "match", "connect"):
        done = subprocess.run(
            [sys.executable, "manage.py", name, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert "--json" in done.stdout
