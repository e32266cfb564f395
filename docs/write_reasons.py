"""Write docs/reasons.md from the program's own texts: `make docs`. A test fails when the page is another."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reasons.md"

HEAD = """# Why something was not written, and what to do

Every item that was skipped, waits, failed or is in review carries one of these reasons, and so does a run that did not
succeed. Nothing that is listed here is lost: it is in the ledger, and what can be tried again is.

| reason | code | what happened, what it means, what to do | the button |
|---|---|---|---|
"""


def page() -> str:
    """Return the whole page, in English."""
    from django.utils.translation import override  # noqa: PLC0415  # settings must be loaded first

    from sync.reasons import REMEDY_TEXT, TEXTS  # noqa: PLC0415

    with override("en"):
        rows = [
            f"| {text.short} | `{code}` | {text.long} | {REMEDY_TEXT[text.remedy] or '–'} |"
            for code, text in TEXTS.items()
        ]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgmsync.settings")
    import django

    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
