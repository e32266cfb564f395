"""From the published data sets to the few columns that matching reads, checked on the way.

A published file may come plain or gzipped. What is wrong with it is said with the file's name and the line or
row, and nothing of it is used.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync.matching.dates import begin_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024
"""Six times the largest data set: what unpacks to more is not one of them."""
MAX_ID = 2**31
KEPT_SHARE = 0.9
"""A new version that lacks more than a tenth of what the one before had is not believed."""


class DataError(Exception):
    """A data file is not what it should be; the text names the file and the place in it."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A compacted data set."""

    name: str
    version: str
    rows: list[list] = field(repr=False)


def compact(name: str, payload: bytes, *, version: str = "", previous: Dataset | None = None) -> Dataset:
    """Check a published file and keep what matching needs. Raises :class:`DataError`."""
    recipe = _RECIPES.get(name)
    if recipe is None:
        raise DataError(f"{name}: not a data set that is known here")
    rows = list(recipe.read(name, _parse(name, payload)))
    if len(rows) < recipe.least:
        raise DataError(f"{name}: {len(rows)} rows are usable, at least {recipe.least} are expected")
    known = {tuple(row[column] for column in recipe.sample_columns) for row in rows}
    missing = [sample for sample in recipe.samples if sample not in known]
    if len(missing) > len(recipe.samples) // 2:
        raise DataError(f"{name}: well-known rows are missing, such as {missing[0]}")
    if previous is not None:
        _refuse_disappearance(name, recipe, rows, previous.rows)
    return Dataset(name, version, rows)


def pack(dataset: Dataset) -> bytes:
    """Write a compacted data set; the same rows always give the same bytes."""
    body = {"format": FORMAT, "name": dataset.name, "version": dataset.version, "rows": dataset.rows}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).replace("],[", "],\n[")
    return gzip.compress(text.encode(), mtime=0)


def unpack(name: str, payload: bytes) -> Dataset:
    """Read what :func:`pack` wrote. Raises :class:`DataError`."""
    body = _parse(name, payload)
    recipe = _RECIPES[name]
    if not isinstance(body, dict) or body.get("format") != FORMAT or body.get("name") != name:
        raise DataError(f"{name}: not a compacted data set of format {FORMAT}")
    rows = body.get("rows")
    if not isinstance(rows, list) or len(rows) < recipe.least:
        raise DataError(f"{name}: fewer than {recipe.least} rows")
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != recipe.width:
            raise DataError(f"{name}: row {number} has not {recipe.width} columns")
    return Dataset(name, str(body.get("version", "")), rows)


def _parse(name: str, payload: bytes) -> Any:
    try:
        return json.loads(_text(name, payload))
    except json.JSONDecodeError as error:
        raise DataError(f"{name}: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: byte {error.start} is not UTF-8") from error
    except RecursionError as error:
        raise DataError(f"{name}: nested too deeply") from error
    except ValueError as error:
        raise DataError(f"{name}: {error}") from error


def _text(name: str, payload: bytes) -> str:
    if payload[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(payload)) as file:
                payload = file.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{name}: damaged gzip: {error}") from error
    if len(payload) > MAX_BYTES:
        raise DataError(f"{name}: more than {MAX_BYTES} bytes")
    return payload.decode("utf-8-sig")


def _refuse_disappearance(name: str, recipe: _Recipe, rows: list[list], previous: list[list]) -> None:
    """Compare by identity, not by number of rows: a file of other rows is as wrong as a short one."""
    before = {tuple(row[column] for column in recipe.sample_columns) for row in previous}
    now = {tuple(row[column] for column in recipe.sample_columns) for row in rows}
    lost = before - now
    if before and len(lost) > (1 - KEPT_SHARE) * len(before):
        raise DataError(f"{name}: {len(lost)} of {len(before)} known rows disappeared, such as {min(lost, key=str)}")


def _bangumi_data(name: str, data: Any) -> Iterator[list]:
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
            _tmdb(ids.get("tmdb", "")),
            _optional_id(ids.get("aniList")),
            _optional_id(ids.get("mal")),
            _word(where, "title", item.get("title")),
        ]


def _ext_linker(name: str, data: Any) -> Iterator[list]:
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
            _tmdb(str(item.get("tmdb_id") or "")),
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


def _anibridge(name: str, data: Any) -> Iterator[list]:
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
            for a, b in _pairs(where, source, target):
                (position, *_), (first, last) = (a, b) if forward else (b, a)
                yield [*entry, season[1], int(season[2]), int(season[3]), first, last, position]


def _pairs(where: str, source: Any, target: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Split a range and its target into pairs of equally long spans.

    A last number of 0 means "and so on"; a position of 0 means that episodes don't map one to one.
    """
    if not isinstance(source, str) or not isinstance(target, str):
        raise DataError(f"{where}: {source!r}: {target!r} is not a range")
    if "|" in source or "|" in target:
        yield (0, 0), _span(where, target.partition("|")[0].partition(",")[0])
        return
    start, last = _span(where, source)
    for part in target.split(","):
        first, end = _span(where, part)
        length = end - first if end else -1
        yield (start, start + length if end else 0), (first, end)
        start += length + 1
    if last and start - 1 > last:
        return  # the target is longer than its source: a ratio that was not written out


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


def _tmdb(key: str) -> str:
    """Keep a TMDB key that has one of the forms which people agreed on, else nothing."""
    found = re.fullmatch(r"movie/\d{1,9}|tv/\d{1,9}(?:/season/\d{1,4}(?:/episode/\d{1,5})?)?", key)
    return key if found else ""


def _imdb(value: Any) -> str:
    text = str(value or "")
    return text if re.fullmatch(r"tt\d{5,10}", text) else ""


@dataclass(frozen=True, slots=True)
class _Recipe:
    read: Callable[[str, Any], Iterator[list]]
    width: int
    least: int
    sample_columns: tuple[int, ...]
    samples: tuple[tuple, ...]


_RECIPES: Mapping[str, _Recipe] = {
    "bangumi-data": _Recipe(
        _bangumi_data,
        width=8,
        least=5000,
        sample_columns=(0, 4),
        samples=((9717, "tv/39218"), (899, "tv/30983"), (876, "tv/24835/season/2"), (253, "tv/30991")),
    ),
    "bangumi-ext-linker": _Recipe(
        _ext_linker,
        width=6,
        least=5000,
        sample_columns=(0, 2),
        samples=((8, "tv/31724/season/2"), (237, "movie/9323"), (233, "movie/23150")),
    ),
    "anibridge": _Recipe(
        _anibridge,
        width=8,
        least=2000,
        sample_columns=(0, 1, 2, 3, 4),
        samples=(("anilist", 20, "tmdb", 46260, 1), ("anilist", 21, "tvdb", 81797, 1)),
    ),
}
NAMES = tuple(_RECIPES)
