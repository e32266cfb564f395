"""What is being worked on: the run, its user, the request of a browser. Every record that is made meanwhile says so.

Context variables go along into tasks of the event loop, and asgiref takes them into its threads and back.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

NAMES = ("request", "run", "comparison", "note", "user")
"""What a record may be about, in the order in which lines show it. Numbers of rows, but for requests; never names."""

_about: ContextVar[Mapping[str, int | str]] = ContextVar("about", default={})  # noqa: B039  # never changed in place


@contextmanager
def about(**what: int | str) -> Generator[None]:
    """Have all that is logged inside the block say *what* it is about, one or more of :data:`NAMES`."""
    before = _about.set({**_about.get(), **what})
    try:
        yield
    finally:
        _about.reset(before)


def current() -> Mapping[str, int | str]:
    return _about.get()


class Filter(logging.Filter):
    """Puts what is worked on into each record, as ``record.about``."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.about = current()
        return True
