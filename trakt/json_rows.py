"""Read a JSON array of objects row by row, so that memory is bounded by one row, however long the array is."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 18
"""Bytes read at a time."""

LONGEST_ROW = 1 << 20
"""Characters. The longest believable row is a show with the progress of all its thousands of episodes."""


def gettext_noop(text: str) -> str:
    """Mark a text for the translators; it is translated where it is shown, since nothing here knows of languages."""
    return text


ROW = gettext_noop("row %(n)s")
AFTER_ROW = gettext_noop("after row %(n)s")
NO_COMMA = gettext_noop("neither a comma nor the end of the array")
MALFORMED = gettext_noop("malformed JSON: %(why)s")

VISIBLE = re.compile(r"[^ \t\n\r]")


class NotRowsError(Exception):
    """It is no array of objects; ``place`` says where, for people. Both name what they quote as ``%(name)s``."""

    def __init__(self, place: str, problem: str, **quoted: Any) -> None:
        super().__init__(f"{place}: {problem}" % quoted)
        self.place = place
        self.problem = problem
        self.quoted = quoted


def rows_of(read: Callable[[int], bytes]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each object of the array that *read* brings, and its text.

    Raises :class:`NotRowsError`; rows are counted from 1.
    """
    window = _Window(read)
    if window.take() != "[":
        raise NotRowsError(gettext_noop("at its start"), gettext_noop("not a JSON array"))
    row = 0
    mark = "]" if window.peek() == "]" else ","
    if mark == "]":
        window.take()
    while mark == ",":
        row += 1
        yield window.object(row)
        mark = window.take()
    if mark != "]":
        raise NotRowsError(AFTER_ROW, NO_COMMA if mark else gettext_noop("cut off"), n=row)
    if window.peek():
        raise NotRowsError(AFTER_ROW, gettext_noop("something follows the array"), n=row)


class _Window:
    """The part of a text that has been read and not been used yet."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0
        self._bytes = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is not white space, empty at the end, and leave it there."""
        while True:
            if found := VISIBLE.search(self._text, self._at):
                self._at = found.start()
                return found[0]
            self._at = len(self._text)
            if self._ended:
                return ""
            self._more()

    def take(self) -> str:
        mark = self.peek()
        self._at += len(mark)
        return mark

    def object(self, row: int) -> tuple[dict[str, Any], str]:
        if self.peek() != "{":
            raise NotRowsError(ROW, gettext_noop("not a JSON object"), n=row)
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # It may be wrong or only not all here yet: that is known when there is no more, or far too much.
                if self._ended:
                    raise NotRowsError(ROW, MALFORMED, n=row, why=error.msg) from None
                if len(self._text) - self._at > LONGEST_ROW:
                    too_long = gettext_noop("malformed, or longer than %(most)s characters")
                    raise NotRowsError(ROW, too_long, n=row, most=f"{LONGEST_ROW:,}") from None
                self._more()
            except RecursionError:
                raise NotRowsError(ROW, gettext_noop("nested too deep"), n=row) from None
            except ValueError as error:
                raise NotRowsError(ROW, MALFORMED, n=row, why=error) from None
            else:
                text, self._at = self._text[self._at : end], end
                return value, text

    def _more(self) -> None:
        chunk = self._read(CHUNK)
        self._ended = not chunk
        try:
            decoded = self._decode(chunk, self._ended)
        except UnicodeDecodeError as error:
            at = self._bytes + error.start
            raise NotRowsError(gettext_noop("near byte %(n)s"), gettext_noop("not UTF-8"), n=at) from None
        self._bytes += len(chunk)
        self._text = self._text[self._at :] + decoded
        self._at = 0


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(parse_constant=_no_constant)
