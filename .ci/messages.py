"""Bring the translations up to date with the sources: `make messages`. Needs no gettext on the machine.

Extracts from Python and templates, merges into the .po file of each language, and compiles the .mo that ships. What
it writes depends on the sources and the translations alone, so that a second run changes nothing.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Message

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "bgmsync" / "locale"
LANGUAGES = {"zh_Hans": "zh_Hans_CN"}
"""The folder of each language, and the locale that says how it forms plurals."""
SOURCES = ("bgmsync", "trakt", "sync", "templates")
SKIPPED = {"migrations", "standins", "locale"}
KEYWORDS: dict[str, Any] = dict.fromkeys(
    ["_", "gettext_noop"]
    + [f"{name}{lazy}" for name in ("gettext", "ngettext", "pgettext", "npgettext") for lazy in ("", "_lazy")]
    # A run's log keeps its lines in English, with their numbers beside them, and translates them when they are shown.
    + ["log"]
)
COMMENT = """\
# PROJECT in LANGUAGE. Under the licence of PROJECT itself (MIT).
# Written by `make messages`, which adds what is new and drops what is gone; the translations are written by hand.
#"""


class StableCatalog(Catalog):
    """A catalogue whose header has no dates and no names of people, so that it changes only with its messages."""

    def _stable_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", self.project),
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]

    def _leave_headers(self, _headers: object) -> None:
        """Keep none: what a file says there is made anew."""

    mime_headers = property(_stable_headers, _leave_headers)


def new_catalog(language: str) -> Catalog:
    locale = LANGUAGES[language]
    comment = COMMENT.replace("PROJECT", "bgmsync").replace("LANGUAGE", locale)
    return StableCatalog(locale=locale, project="bgmsync", charset="utf-8", header_comment=comment, fuzzy=False)


def paths() -> Iterator[Path]:
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and not SKIPPED & set(path.relative_to(ROOT).parts):
                yield path


def extract(language: str) -> Catalog:
    """Return a catalogue of every string of the sources that is marked for translation, none of them translated."""
    from django.utils.translation.template import templatize  # noqa: PLC0415  # settings must be loaded first

    catalog = new_catalog(language)
    for path in paths():
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = templatize(text, origin=str(path))
        source = io.BytesIO(text.encode())
        for _line, function, messages, _comments in extract_python(source, KEYWORDS, [], {"encoding": "utf-8"}):
            _add(catalog, str(function), messages)
    return catalog


def _add(catalog: Catalog, function: str, messages: object) -> None:
    """Add a call's messages; one whose text is made while the program runs has none."""
    parts: list[Any] = list(messages) if isinstance(messages, tuple) else [messages]
    context = parts.pop(0) if "pgettext" in function else None
    if not parts[0]:
        return
    plural = "ngettext" in function or "npgettext" in function
    identity = (parts[0], parts[1]) if plural else parts[0]
    catalog.add(identity, context=context, flags=["python-format"] if "%" in parts[0] else [])


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def load(language: str) -> Catalog:
    """Return the translations as they are stored."""
    catalog = new_catalog(language)
    if po_path(language).exists():
        with po_path(language).open("rb") as file:
            for message in read_po(file, locale=LANGUAGES[language]):
                if message.id:
                    catalog[message.id] = message
    return catalog


def compiled(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def written(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalog, sort_output=True, no_location=True, width=120)
    return buffer.getvalue()


def messages_of(catalog: Catalog) -> list[Message]:
    """Return the messages without the header, which is the message of the empty string."""
    return [message for message in catalog if message.id]


def merge(language: str) -> Catalog:
    """Return what the sources say, with the translations that are stored for it."""
    catalog, stored = extract(language), load(language)
    for message in messages_of(catalog):
        known = stored.get(message.id, message.context)
        if known is not None:
            message.string = known.string
    return catalog


def is_translated(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def update() -> None:
    """Merge what the sources say into each language, and compile."""
    for language in LANGUAGES:
        catalog = merge(language)
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalog))
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        missing = [message for message in messages_of(catalog) if not is_translated(message)]
        print(f"{language}: {len(catalog)} strings, {len(missing)} without a translation")  # noqa: T201  # a script


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgmsync.settings")
    update()
