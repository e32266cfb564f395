"""The end of ``LOG_FILE``, less what a line may quote: when, how bad, who said it, about which run, where it failed."""

from __future__ import annotations

import json
import re
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgmsync.shared.logs.forms import is_ours
from bgmsync.shared.logs.redaction import redact
from bgmsync.shared.logs.topic import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = 500
END = 1 << 20
"""Bytes of the file's end that are looked at."""
WORD = re.compile(r"[A-Za-z_][\w.\-]{0,80}", re.ASCII)
INSTANT = re.compile(r"[\d\-T:.+Z]{10,40}", re.ASCII)
FRAME = re.compile(r'^\s+File "([^"]+)", line (\d+), in ([\w<>.]+)')
INSTALLED = re.compile(r".*/(?:site-packages|python3\.\d+|bgmsync|sync|trakt)(?=/)")


def last_lines(path: str) -> list[dict[str, Any]]:
    """Return what may be shown of the last lines; none where there is no such file."""
    if not path or not Path(path).is_file():
        return []
    with Path(path).open("rb") as file:
        file.seek(max(file.seek(0, 2) - END, 0))
        lines = deque(file.read().decode(errors="replace").splitlines(), LINES)
    return [shown for line in lines if (shown := what_may_be_shown(line))]


def what_may_be_shown(line: str) -> dict[str, Any]:
    """Return what a line in our own form says without quoting anything; nothing of a line in another form."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(row, dict):
        return {}
    shown: dict[str, Any] = {name: row[name] for name in NAMES if isinstance(row.get(name), int)}
    for name, form in (("time", INSTANT), ("level", WORD), ("logger", WORD)):
        if form.fullmatch(str(row.get(name, ""))):
            shown[name] = row[name]
    if is_ours(str(row.get("logger", ""))) and isinstance(row.get("event"), str):
        shown["event"] = redact(row["event"])[:300]
    if isinstance(row.get("trace"), str):
        shown["trace"] = list(places(row["trace"]))
    return shown


def places(trace: str) -> Iterator[str]:
    """Return where a traceback leads through, and the types of its errors without their texts."""
    inside = False
    for line in trace.splitlines():
        if found := FRAME.match(line):
            inside = True
            yield f"{_short(found[1])}:{found[2]} {found[3]}"
        elif inside and line[:1].strip():
            # The first line that is not indented names the type; those after it are the error's text.
            inside = False
            kind = line.partition(":")[0]
            yield kind if WORD.fullmatch(kind) else "?"


def _short(path: str) -> str:
    """Return *path* from its package on: before it may stand whose home it is."""
    found = INSTALLED.match(path)
    if found is None:
        return path.rpartition("/")[2]
    top = found.group().rpartition("/")[2]
    rest = path[found.end() :].lstrip("/")
    return rest if top == "site-packages" or top.startswith("python3") else f"{top}/{rest}"
