"""Bring the translations up to date with the sources: `make messages`. Needs no gettext on the machine.

Extracts from Python and templates, merges into the .po file of each language, and compiles the .mo that ships.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "bgmsync" / "locale"
LANGUAGES = {"zh_Hans": "zh_Hans_CN"}
SOURCES = ("bgmsync", "trakt", "sync", "templates")
SKIPPED = {"migrations", "standins", "locale"}
KEYWORDS: dict[str, None] = dict.fromkeys(
    ["_", "gettext_noop"]
    + [f"{name}{lazy}" for name in ("gettext", "ngettext", "pgettext", "npgettext") for lazy in ("", "_lazy")]
)


def paths() -> Iterator[Path]:
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and not SKIPPED & set(path.relative_to(ROOT).parts):
                yield path


def extract() -> Catalog:
    """Return a catalogue of every string of the sources that is marked for translation."""
    from django.utils.translation.template import templatize  # noqa: PLC0415  # settings must be loaded first

    catalog = Catalog(project="bgmsync", charset="utf-8")
    for path in paths():
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = templatize(text, origin=str(path))
        place = path.relative_to(ROOT).as_posix()
        for line, function, messages, _comments in extract_python(io.BytesIO(text.encode()), KEYWORDS, [], {"encoding": "utf-8"}):
            _add(catalog, function, messages, place, line)
    return catalog


def _add(catalog: Catalog, function: str, messages: object, place: str, line: int) -> None:
    parts = messages if isinstance(messages, tuple) else (messages,)
    parts = tuple(part for part in parts if isinstance(part, str))
    if not parts or not parts[0]:
        return
    context = None
    if "pgettext" in function:
        context, *rest = parts
        parts = tuple(rest)
    plural = "ngettext" in function or "npgettext" in function
    identity = (parts[0], parts[1]) if plural and len(parts) > 1 else parts[0]
    flags = ["python-format"] if "%(" in parts[0] or "%s" in parts[0] else []
    catalog.add(identity, None, locations=[(place, line)], context=context, flags=flags)


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def load(language: str) -> Catalog:
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=LANGUAGES[language], project="bgmsync", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGES[language])


def compiled(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def update() -> None:
    """Merge what the sources say into each language, and compile."""
    template = extract()
    for language in LANGUAGES:
        catalog = load(language)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, sort_output=True, no_location=True, width=120, omit_header=False)
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        missing = [message.id for message in catalog if message.id and not message.string]
        print(f"{language}: {len(catalog)} strings, {len(missing)} without a translation")  # noqa: T201  # a script


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgmsync.settings")
    update()
