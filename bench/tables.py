"""Tables of figures: printed, and put into the page that quotes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write *rows* as a Markdown table; the first row names the columns."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([_text(row.get(name)) for name in names] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _text(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.1f}"  # three digits tell enough
    return str(value)


def put(page: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the table *name* in *page*: what stands between ``<!-- name -->`` and ``<!-- end -->``."""
    begin, end = f"<!-- {name} -->", "<!-- end -->"
    text, found = re.subn(
        f"{begin}.*?{end}", lambda _: f"{begin}\n\n{table(rows)}\n\n{end}", page.read_text(), count=1, flags=re.DOTALL
    )
    if not found:
        raise ValueError(f"{page.name} has no place for {name}")
    page.write_text(text)
