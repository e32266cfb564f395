"""What the documentation says is what the program does."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).parent.parent


def test_the_page_of_reasons_is_the_programs_own():
    spec = importlib.util.spec_from_file_location("write_reasons", ROOT / "docs" / "write_reasons.py")
    assert spec
    assert spec.loader
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    assert writer.PAGE.read_text(encoding="utf-8") == writer.page(), "run: make docs"


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
