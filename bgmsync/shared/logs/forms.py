"""The two forms of a record. Both end as one text that is redacted and can't be mistaken for another record."""

from __future__ import annotations

import logging
import re
from datetime import date, datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from bgmsync.shared.logs.redaction import HIDDEN, names_a_secret, redact

OURS = ("bgmsync", "sync", "trakt")
"""Loggers whose messages are written by us, with what varies in their arguments: the message alone quotes nothing."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What may end a line for some reader, move a terminal's cursor, or turn the direction of text."""

FOLLOWS = "  | "
"""Begins each further line of a record, such as those of a traceback: a record's first line begins with its time."""


class Line(logging.Formatter):
    """``time level logger [run=5 user=2] message`` in one line; a traceback's lines follow, each marked as such."""

    def format(self, record: logging.LogRecord) -> str:
        what = " ".join(f"{name}={value}" for name, value in getattr(record, "about", {}).items())
        text = f"{record.name} [{what}] {_message(record)}" if what else f"{record.name} {_message(record)}"
        head = f"{self.formatTime(record)} {record.levelname} {_escaped(text)}"
        trace = [self.formatException(record.exc_info)] if record.exc_info else []
        trace += [record.stack_info] if record.stack_info else []
        lines = [line for text in trace for line in redact(text).split("\n")]
        return "\n".join([head, *(FOLLOWS + _escaped(line) for line in lines)])


class Json(JsonFormatter):
    """One JSON object a line. ``event`` is the message before its arguments are filled in, of loggers of ours."""

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "trace", "stack_info": "stack"},
            timestamp="time",
            reserved_attrs=[*RESERVED_ATTRS, "about", "request", "server_time"],
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        what = log_data.pop("about", {})
        return _plain(log_data) | what

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        if is_ours(record.name) and isinstance(record.msg, str):
            log_data["event"] = record.msg
        log_data["about"] = dict(getattr(record, "about", {}))


def is_ours(logger: str) -> bool:
    return logger.partition(".")[0] in OURS


def _message(record: logging.LogRecord) -> str:
    return redact(record.getMessage())


def _escaped(text: str) -> str:
    r"""Show control characters instead of obeying them: a newline in a value becomes ``\n``."""
    return CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def _plain(value: Any) -> Any:
    """Return *value* redacted; of what is no plain value only its type, since nobody knows what its text would show."""
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int | float | date | datetime):
        return value
    if isinstance(value, dict):
        return {redact(str(key)): HIDDEN if names_a_secret(str(key)) else _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return f"<{type(value).__name__}>"
