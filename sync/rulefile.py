"""Rules as a JSON file, to carry them from one installation to another: all of a user's, or all for everybody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction

from sync import decisions
from sync.engine.facts import override_of
from sync.matching.overrides import Override, from_json, to_json
from sync.models import MappingOverride
from trakt.models import Title

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 4 * 1024 * 1024
"""Bytes; twenty thousand rules."""
MOST_TOLD = 20
LONGEST_NOTE = 200
FIELDS = {"bgmsync", "overrides"}
LARGEST_NUMBER = 2**31 - 1


class RuleFileError(ValueError):
    """The file can't be imported; ``problems`` says what is wrong, each with its place. Nothing was changed."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


def exported(user: Any | None) -> str:
    """Return the rules of *user*, or with None those for everybody, as text."""
    rows = MappingOverride.objects.filter(user=user).order_by("pk")
    rules = [{**to_json(override_of(row)), **({"note": row.note} if row.note else {})} for row in rows]
    for rule in rules:
        rule.pop("personal", None)  # whose they are is said when they are imported
    return json.dumps({"bgmsync": {"version": 1}, "overrides": rules}, ensure_ascii=False, indent=1) + "\n"


def imported(text: bytes | str, user: Any | None) -> int:
    """Keep the rules of a file as those of *user*, or with None for everybody; return how many.

    Each replaces what was decided before about the same episodes, and what it is about is judged anew by the next
    run. All or nothing: raises :class:`RuleFileError`, or ``decisions.UnderWay``.
    """
    rules = _read(text)
    with transaction.atomic():
        for rule in rules:
            rule.user = user
            decisions.take(rule)
    return len(rules)


def _read(text: bytes | str) -> list[MappingOverride]:
    rows = _rows(text)
    rules: list[MappingOverride] = []
    problems: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            rules.append(_rule(row))
        except ValueError as error:
            problems.append(f"overrides[{number}]: {error}.")
    if problems:
        left = len(problems) - MOST_TOLD
        raise RuleFileError([*problems[:MOST_TOLD], *([f"… and {left} more."] if left > 0 else [])])
    return rules


def _rows(text: bytes | str) -> list[Any]:
    if len(text) > LARGEST:
        raise RuleFileError([f"The file has more than {LARGEST} bytes."])
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise RuleFileError([f"Line {error.lineno}, column {error.colno}: {error.msg}."]) from None
    except (ValueError, RecursionError):
        raise RuleFileError(["The file is not JSON."]) from None
    if not isinstance(data, dict) or not isinstance(data.get("overrides"), list):
        raise RuleFileError(["The file has no list of “overrides”."])
    if strange := sorted(data.keys() - FIELDS):
        raise RuleFileError([f"{name}: not a field of the file." for name in strange])
    return data["overrides"]


def _rule(row: Any) -> MappingOverride:
    """Read one rule. Raises ValueError that names the field."""
    note = ""
    if isinstance(row, dict):
        note = row.get("note", "")
        row = {name: value for name, value in row.items() if name != "note"}
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise ValueError(f"note: not a text of at most {LONGEST_NOTE} characters")
    override = from_json(row)
    for name in ("trakt", "tmdb", "tvdb", "season", "first", "last", "subject_id", "episode_id"):
        value = getattr(override, name)
        if value is not None and not 0 <= value <= LARGEST_NUMBER:
            raise ValueError(f"{name}: {value} is out of range")
    if abs(override.offset) > LARGEST_NUMBER:
        raise ValueError(f"offset: {override.offset} is out of range")
    if override.season is None and (override.first is not None or override.last is not None):
        raise ValueError("season: a range of episodes needs one")
    if override.first is not None and override.last is not None and override.last < override.first:
        raise ValueError("last: it comes before first")
    return _row_of(override, note)


def _row_of(override: Override, note: str) -> MappingOverride:
    first, position = override.first, override.offset + (1 if override.first is None else override.first)
    if position < 1:  # what lies before the subject's first episode is nowhere: the rule begins behind it
        first, position = 1 - override.offset, 1
        if override.season is None:
            raise ValueError("offset: without a season it can't be below 0")
    return MappingOverride(
        kind=override.kind,
        trakt_id=override.trakt or _trakt_id(override),
        season=override.season,
        first_episode=first,
        last_episode=override.last,
        subject_id=override.subject_id,
        first_position=position,
        episode_id=override.episode_id,
        note=note,
    )


def _trakt_id(override: Override) -> int:
    """Find the title that another id means, among those that somebody here watched."""
    ids = {"tmdb_id": override.tmdb, "tvdb_id": override.tvdb, "imdb_id": override.imdb}
    for field, value in ids.items():
        found = Title.objects.filter(kind=override.kind, **{field: value}).first() if value else None
        if found:
            return found.trakt_id
    raise ValueError("trakt: nobody here watched a title with these ids; give Trakt's own number")
