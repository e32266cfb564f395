"""Write docs/reasons.md and its Chinese sister from the program's own texts: `make docs`.

A test fails when a page is another.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"en": ROOT / "docs" / "reasons.md", "zh-hans": ROOT / "docs" / "reasons.zh-CN.md"}

HEADS = {
    "en": """# Why something was not written, and what to do

[简体中文](reasons.zh-CN.md) · [All pages](README.md)

Every item that was skipped, waits, failed or is in review carries one of these reasons, and so does a run that did not
succeed. Nothing that is listed here is lost: it is in the ledger, and what can be tried again is.

| reason | code | what happened, what it means, what to do | the button |
|---|---|---|---|
""",
    "zh-hans": """# 为什么没有写入，怎么办

[English](reasons.md) · [全部页面](README.zh-CN.md)

每条被跳过、等待、失败或待确认的记录都带有下面的一个原因，没有成功的同步也是。这里列出的都没有丢失：它们都保存着，能重试的都可以重试。

| 原因 | 代码 | 发生了什么、意味着什么、怎么办 | 按钮 |
|---|---|---|---|
""",
}


def page(language: str) -> str:
    """Return the whole page in *language*."""
    from django.utils.translation import override  # noqa: PLC0415  # settings must be loaded first

    from sync.reasons import REMEDY_TEXT, TEXTS  # noqa: PLC0415

    with override(language):
        rows = [
            f"| {text.short} | `{code}` | {text.long} | {REMEDY_TEXT[text.remedy] or '–'} |"
            for code, text in TEXTS.items()
        ]
        return HEADS[language] + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgmsync.settings")
    import django

    django.setup()
    for language, path in PAGES.items():
        path.write_text(page(language), encoding="utf-8")
