"""The index of the mapping data: loaded once a process, and again when the data sets were swapped on any machine."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sync import mappingsets
from sync.matching import datasets

if TYPE_CHECKING:
    from sync.matching.index import Index


def current_index() -> Index:
    return _load(mappingsets.stamp())


@lru_cache(maxsize=1)
def _load(_stamp: str) -> Index:
    return datasets.load(mappingsets.folder())
