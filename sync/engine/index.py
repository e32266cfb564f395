"""The index of the mapping data: loaded once a process, and again when the data sets were swapped."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from sync.matching import datasets

if TYPE_CHECKING:
    from sync.matching.index import Index


def current_index() -> Index:
    return _load(datasets.stamp(settings.MAPPING_DIR))


@lru_cache(maxsize=1)
def _load(_stamp: str) -> Index:
    return datasets.load(settings.MAPPING_DIR)
