"""From the published data sets to the few columns that matching reads, checked on the way.

A published file may come plain or gzipped. What is wrong with it is said with the file's name and the line or
row, and nothing of it is used.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync.matching.published import DataError, read_anibridge, read_bangumi_data, read_ext_linker, tmdb_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024
"""Six times the largest data set: what unpacks to more is not one of them."""
KEPT_SHARE = 0.9
"""A new version that lacks more than a tenth of what the one before had is not believed."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A compacted data set."""

    name: str
    version: str
    rows: list[list] = field(repr=False)


def compact(
    name: str, payload: bytes, *, version: str = "", previous: Dataset | None = None, file: str = ""
) -> Dataset:
    """Check a published file and keep what matching needs.

    ``file`` is how errors call it, a path or an address. Raises :class:`DataError`.
    """
    recipe = _RECIPES.get(name)
    if recipe is None:
        raise DataError(f"{name}: not a data set that is known here")
    file = file or name
    rows = list(recipe.read(file, _parse(file, payload)))
    if len(rows) < recipe.least:
        raise DataError(f"{file}: {len(rows)} rows are usable, at least {recipe.least} are expected")
    known = _columns(rows, recipe.sample_columns)
    missing = [sample for sample in recipe.samples if sample not in known]
    if len(missing) > len(recipe.samples) // 2:
        raise DataError(f"{file}: well-known rows are missing, such as {missing[0]}")
    if previous is not None:
        _refuse_disappearance(file, recipe, rows, previous.rows)
    return Dataset(name, version, rows)


def pack(dataset: Dataset) -> bytes:
    """Write a compacted data set; the same rows always give the same bytes."""
    head = json.dumps({"format": FORMAT, "name": dataset.name, "version": dataset.version}, ensure_ascii=False)
    rows = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in dataset.rows)
    return gzip.compress(f'{head[:-1]}, "rows": [\n{rows}\n]}}\n'.encode(), mtime=0)


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
        if not isinstance(row, list) or tuple(map(type, row)) != recipe.types:
            raise DataError(f"{name}: row {number} is not of the columns {_named(recipe.types)}")
        if recipe.tmdb is not None and tmdb_key(row[recipe.tmdb]) != row[recipe.tmdb]:
            raise DataError(f"{name}: row {number}: {row[recipe.tmdb]!r} is not a TMDB key")
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


def _named(types: tuple[type, ...]) -> str:
    return ", ".join(kind.__name__ for kind in types)


def _columns(rows: list[list], columns: tuple[int, ...]) -> set[tuple]:
    return {tuple(row[column] for column in columns) for row in rows}


def _refuse_disappearance(file: str, recipe: _Recipe, rows: list[list], previous: list[list]) -> None:
    """Compare by identity, not by number of rows: a file of other rows is as wrong as a short one."""
    before = _columns(previous, recipe.identity)
    now = _columns(rows, recipe.identity)
    lost = before - now
    if before and len(lost) > (1 - KEPT_SHARE) * len(before):
        raise DataError(f"{file}: {len(lost)} of {len(before)} known rows disappeared, such as {min(lost, key=str)}")


@dataclass(frozen=True, slots=True)
class _Recipe:
    read: Callable[[str, Any], Iterator[list]]
    types: tuple[type, ...]
    least: int
    identity: tuple[int, ...]
    """Columns that should be found again in a later version."""
    sample_columns: tuple[int, ...]
    samples: tuple[tuple, ...]
    tmdb: int | None = None
    """The column that holds a TMDB key."""


_RECIPES: Mapping[str, _Recipe] = {
    "bangumi-data": _Recipe(
        read_bangumi_data,
        types=(int, str, int, int, str, int, int, str),
        tmdb=4,
        least=5000,
        identity=(0, 4),
        sample_columns=(0, 4),
        samples=((9717, "tv/39218"), (899, "tv/30983"), (876, "tv/24835/season/2"), (253, "tv/30991")),
    ),
    "bangumi-ext-linker": _Recipe(
        read_ext_linker,
        types=(int, str, str, int, str, int),
        tmdb=2,
        least=5000,
        identity=(0,),
        sample_columns=(0, 2),
        samples=((8, "tv/31724/season/2"), (237, "movie/9323"), (233, "movie/23150")),
    ),
    "anibridge": _Recipe(
        read_anibridge,
        types=(str, int, str, int, int, int, int, int),
        least=2000,
        identity=(0, 1),
        sample_columns=(0, 1, 2, 3, 4),
        samples=(("anilist", 20, "tmdb", 46260, 1), ("anilist", 21, "tvdb", 81797, 1)),
    ),
}
NAMES = tuple(_RECIPES)
