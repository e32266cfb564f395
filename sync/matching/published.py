"""The three data sets as their makers publish them, row by row, with the columns that matching reads.

What is not as it should be raises :class:`DataError` with the data set's name and the place in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.matching.dates import begin_day

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ID = 2**31


class DataError(Exception):
    """A data file is not what it should be; the text names the file and the place in it."""


def read_bangumi_data(name: str, data: Any) -> Iterator[list]:
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise DataError(f"{name}: no list of items")
    for number, item in enumerate(items):
        where = f"{name}: items[{number}]"
        if not isinstance(item, dict) or not isinstance(item.get("sites"), list):
            raise DataError(f"{where}: no sites")
        ids: dict[str, str] = {}
        for site in item["sites"]:
            if not isinstance(site, dict):
                raise DataError(f"{where}: a site is not an object")
            if isinstance(site.get("id"), str):
                ids.setdefault(str(site.get("site")), site["id"])
        if "bangumi" not in ids:
            continue
        yield [
            _id(where, "bangumi", ids["bangumi"]),
            _word(where, "type", item.get("type")),
            begin_day(_word(where, "begin", item.get("begin"))) or 0,
            begin_day(_word(where, "end", item.get("end"))) or 0,
            tmdb_key(ids.get("tmdb", "")),
            _optional_id(ids.get("aniList")),
            _optional_id(ids.get("mal")),
            _word(where, "title", item.get("title")),
        ]


def read_ext_linker(name: str, data: Any) -> Iterator[list]:
    if not isinstance(data, list):
        raise DataError(f"{name}: not a list")
    for number, item in enumerate(data):
        where = f"{name}: row {number}"
        if not isinstance(item, dict) or "bgm_id" not in item:
            raise DataError(f"{where}: no bgm_id")
        month = str(item.get("date") or "")
        row = [
            _id(where, "bgm_id", item["bgm_id"]),
            month if re.fullmatch(r"\d{4}-\d\d", month) else "",
            tmdb_key(str(item.get("tmdb_id") or "")),
            _optional_id(item.get("tvdb_id")),
            _imdb(item.get("imdb_id")),
            _optional_id(item.get("mal_id")),
        ]
        if any(row[2:]):
            yield row


_LIST = re.compile(r"(anilist|mal):(\d{1,9})")
_SEASON = re.compile(r"(tmdb|tvdb)_show:(\d{1,9}):s(\d{1,4})")
_MOVIE = re.compile(r"(tmdb_movie:|imdb_movie:tt)(\d{1,9})")
_SPAN = re.compile(r"(\d{1,6})(?:(-)(\d{1,6})?)?")


def read_anibridge(name: str, data: Any) -> Iterator[list]:
    """Keep ranges between a list entry and a season or movie, in whichever direction they are written."""
    if not isinstance(data, dict):
        raise DataError(f"{name}: not an object")
    for source, targets in data.items():
        if source.startswith("$"):
            continue
        if not isinstance(targets, dict):
            raise DataError(f"{name}: {source!r}: not an object")
        for target, spans in targets.items():
            if not isinstance(spans, dict):
                raise DataError(f"{name}: {source!r}: {target!r}: not an object")
            forward = _LIST.fullmatch(source)
            entry = forward or _LIST.fullmatch(target)
            place = target if forward else source
            if entry:
                where = f"{name}: {source!r}: {target!r}"
                yield from _spans(where, (entry[1], int(entry[2])), place, spans, forward=bool(forward))


def _spans(where: str, entry: tuple[str, int], place: str, spans: dict, *, forward: bool) -> Iterator[list]:
    if movie := _MOVIE.fullmatch(place):
        yield [*entry, movie[1].partition(":")[0], int(movie[2]), 0, 0, 0, 0]
    elif season := _SEASON.fullmatch(place):
        for source, target in spans.items():
            if target is None:
                continue  # an explicit "not mapped"
            for pair in _pairs(where, source, target):
                (position, _), (first, last) = (pair.source, pair.target) if forward else (pair.target, pair.source)
                row = [*entry, season[1], int(season[2]), int(season[3]), first, last]
                yield [*row, position if pair.one_to_one else 0]


class _Pair(NamedTuple):
    """Two spans, each a first and a last number; a last of 0 means "and so on"."""

    source: tuple[int, int]
    target: tuple[int, int]
    one_to_one: bool


def _pairs(where: str, source: Any, target: Any) -> Iterator[_Pair]:
    """Split a range and its target, which may have several parts, into pairs of spans."""
    if not isinstance(source, str) or not isinstance(target, str):
        raise DataError(f"{where}: {source!r}: {target!r} is not a range")
    start, last = _span(where, source.partition("|")[0])
    parts = [_span(where, part.partition("|")[0]) for part in target.split(",")]
    lengths = [end - first + 1 if end else 0 for first, end in parts]
    ratio = "|" in source or "|" in target
    if ratio or (last and all(lengths) and last - start + 1 != sum(lengths)):
        yield from (_Pair((start, last), part, one_to_one=False) for part in parts)
        return
    for part, length in zip(parts, lengths, strict=True):
        yield _Pair((start, start + length - 1 if length else 0), part, one_to_one=True)
        start += length


def _span(where: str, text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text)
    if not match:
        raise DataError(f"{where}: {text!r} is not a range")
    first = int(match[1])
    if not match[2]:
        return first, first
    return first, int(match[3]) if match[3] else 0


def _id(where: str, column: str, value: Any) -> int:
    number = _optional_id(value)
    if not number:
        raise DataError(f"{where}: {column} {str(value)[:40]!r} is not an id")
    return number


def _optional_id(value: Any) -> int:
    text = str(value) if isinstance(value, str | int) else ""
    if not text.isascii() or not text.isdigit() or len(text) > 10:  # noqa: PLR2004 - digits of MAX_ID
        return 0
    return int(text) if 0 < int(text) < MAX_ID else 0


def _word(where: str, column: str, value: Any) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where}: {column} is not text")
    return value


def tmdb_key(key: str) -> str:
    """Keep a TMDB key that has one of the forms which people agreed on, else nothing."""
    found = re.fullmatch(r"movie/\d{1,9}|tv/\d{1,9}(?:/season/\d{1,4}(?:/episode/\d{1,5})?)?", key)
    return key if found else ""


def _imdb(value: Any) -> str:
    text = str(value or "")
    return text if re.fullmatch(r"tt\d{5,10}", text) else ""
