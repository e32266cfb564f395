"""What Bangumi's writes may carry, and the words in which anything else is refused."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from bgmsync.standins.bangumi.problems import Problem

LONGEST_COMMENT = 380
MOST_TAGS = 10
SHORTEST_TAG = 2
BOOK = 1

COLLECTION_FIELDS = {"type", "rate", "comment", "tags", "private", "ep_status", "vol_status"}
TYPES = range(1, 6)
RATES = range(11)
STATES = range(4)


def read_object(raw: bytes, allowed: set[str]) -> dict[str, Any]:
    """Read a JSON object with no keys but the allowed ones."""
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Problem(400, "can't parse request body", error=str(error), title="JSON Error") from error
    if not isinstance(body, dict):
        raise Problem(400, "can't parse request body", error="not an object", title="JSON Error")
    for key in body.keys() - allowed:
        raise Problem(400, f'json: unknown field "{key}"', title="JSON Error")
    return body


def collection_changes(raw: bytes, subject_type: int) -> dict[str, Any]:
    """Read a collection write; null counts as not sent."""
    body = {key: value for key, value in read_object(raw, COLLECTION_FIELDS).items() if value is not None}
    if body.keys() & {"ep_status", "vol_status"} and subject_type != BOOK:
        raise Problem(400, "can't set 'vol_status' or 'ep_status' on non-book subject")
    if "type" in body:
        check(is_in(body["type"], TYPES), "not valid collection type")
    if "rate" in body:
        check(is_in(body["rate"], RATES), "rate overflows")
    if "private" in body:
        check(isinstance(body["private"], bool), "private should be a boolean")
    if "comment" in body:
        body["comment"] = comment(body["comment"])
    if "tags" in body:
        body["tags"] = tags(body["tags"])
    return body


def comment(value: Any) -> str:
    check(isinstance(value, str), "comment should be a string")
    text = unicodedata.normalize("NFC", value).strip()
    check(len(text) <= LONGEST_COMMENT, f"comment too long, only allow less equal than {LONGEST_COMMENT} characters")
    check(all(char.isprintable() or char.isspace() for char in text), "invisible character are included in comment")
    return text


def tags(value: Any) -> list[str]:
    check(isinstance(value, list) and all(isinstance(tag, str) for tag in value), "tags should be a list of strings")
    check(len(value) <= MOST_TAGS, f"too many tags, only allow less equal than {MOST_TAGS}")
    check(all(len(tag) >= SHORTEST_TAG and not set(tag) & {" ", "\u3000"} for tag in value), "invalid tag")
    return sorted(value)


def batch(raw: bytes) -> tuple[list[int], int, bool]:
    """Read a batch of episodes: ids, the state, and whether the state was sent at all (0 if not)."""
    body = read_object(raw, {"episode_id", "type"})
    ids = body.get("episode_id")
    check(isinstance(ids, list) and bool(ids), "episode_id is required")
    check(all(is_whole(value) for value in ids or ()), "episode_id should be integers")
    return list(ids or ()), state(body), "type" in body


def single(raw: bytes) -> tuple[int, bool]:
    """Read one episode's state, and whether it was sent at all (0 if not)."""
    body = read_object(raw, {"type"})
    return state(body), "type" in body


def state(body: dict[str, Any]) -> int:
    value = body.get("type", 0)
    check(is_in(value, STATES), "not valid episode collection type")
    return int(value)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_in(value: Any, allowed: range) -> bool:
    return is_whole(value) and value in allowed


def check(fine: bool, description: str) -> None:  # noqa: FBT001 - an assertion in all but name
    if not fine:
        raise Problem(400, description)
