"""What the program says while it works: lines for people or JSON for machines, with no secret in either.

Everything is the standard library's ``logging``, which Django, django-q2, httpx and tenacity use as well, so that what
they say about a run carries the run's number and is redacted like our own. structlog would have been a second way of
saying things beside theirs; python-json-logger is a formatter of the standard library's records, and is enough.
"""

from __future__ import annotations

from typing import Any

from bgmsync.shared.logs.topic import about

__all__ = ["about", "config"]

FORMATS = ("line", "json")


def config(form: str, level: str, file: str = "") -> dict[str, Any]:
    """Return Django's ``LOGGING``: standard error in *form*, and where a *file* is named the same there, as JSON.

    The file is opened anew when it was moved away, so that any rotation works and several processes may share it.
    """
    handlers: dict[str, Any] = {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": form if form in FORMATS else FORMATS[0],
            "filters": ["about"],
        }
    }
    if file:
        handlers["file"] = {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": file,
            "encoding": "utf-8",
            "delay": True,
            "formatter": "json",
            "filters": ["about"],
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"about": {"()": "bgmsync.shared.logs.topic.Filter"}},
        "formatters": {
            "line": {"()": "bgmsync.shared.logs.forms.Line"},
            "json": {"()": "bgmsync.shared.logs.forms.Json"},
        },
        "handlers": handlers,
        "root": {"handlers": [*handlers], "level": level},
        # httpx logs whole addresses, query and all, at INFO.
        "loggers": {"httpx": {"level": "WARNING"}, "httpcore": {"level": "WARNING"}},
    }
