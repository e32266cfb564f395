"""The set of mapping data in use: the database says which and holds it, a machine's folder has it to be read.

Without the database's word (until the first refresh) a folder's own set is used, or the one that came with the program.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from django.conf import settings
from django.db import transaction

from sync.matching import datasets
from sync.matching.published import DataError
from sync.models import MappingData, MappingSet

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds for which a set that another machine has put into use may go unnoticed; a page asks for the index often."""

_looked_at: dict[Path, float] = {}


def folder() -> Path:
    return Path(settings.MAPPING_DIR)


def stamp() -> str:
    """Name the set in use, as of some seconds ago at most."""
    if time.monotonic() - _looked_at.get(folder(), -LOOK_EVERY) >= LOOK_EVERY:
        brought_in_line()
    return datasets.stamp(folder())


def brought_in_line() -> MappingData | None:
    """Bring this machine's folder in line with the database; return what that says, None before the first refresh."""
    data = MappingData.objects.first()
    _looked_at[folder()] = time.monotonic()
    if data and datasets.pointers(folder()) != (data.current, data.previous):
        try:
            _fetch(data)
        except (DataError, OSError) as error:
            logger.error("This machine can't use the mapping data %s: %s", data.current, error)  # noqa: TRY400  # as in datasets
    return data


def _fetch(data: MappingData) -> None:
    for name in filter(None, (data.previous, data.current)):
        if not datasets.has(folder(), name):
            datasets.put_in(folder(), name, MappingSet.objects.get(name=name).packed)
    datasets.turn(folder(), data.current, data.previous)


def publish(known: dict[str, object]) -> None:
    """Let all machines use what this one's folder has now, and note what is known of it."""
    current, previous = datasets.pointers(folder())
    names = {name for name in (current, previous) if name}
    _looked_at.clear()
    with transaction.atomic():
        for name in names - set(MappingSet.objects.values_list("name", flat=True)):
            MappingSet.objects.create(name=name, packed=datasets.take_out(folder(), name))
        MappingSet.objects.exclude(name__in=names).delete()
        state = {"current": current, "previous": previous, "known": known}
        MappingData.objects.update_or_create(pk=MappingData.ONLY, defaults=state)
