"""Bangumi's error bodies, and reading its query parameters, which it refuses rather than mends."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bgmsync.standins.exchange import Answer, Exchange, json_answer

if TYPE_CHECKING:
    from starlette.requests import Request

SERVER_VERSION = "2026-08-06-e38dd598"
LONGEST_NUMBER = 18


class Problem(Exception):  # noqa: N818 - a refusal is an answer here, not a fault
    """A refusal. ``title`` defaults to the status' own text."""

    def __init__(self, status: int, description: str, *, error: str = "", title: str = "") -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.error = error
        self.title = title or HTTPStatus(status).phrase


def written_problem(problem: Problem, exchange: Exchange) -> Answer:
    details = {"path": exchange.path, "method": exchange.method, "query_string": exchange.query}
    body: dict[str, Any] = {
        "title": problem.title,
        "details": details | ({"error": problem.error} if problem.error else {}),
        "request_id": "8a2f3c4d5e6f-NRT",
        "description": problem.description,
    }
    return json_answer(problem.status, body, **{"x-server-version": SERVER_VERSION})


def whole(request: Request, name: str, default: int) -> int:
    """Read a whole number of at least 0; raise :class:`Problem` on anything else."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise Problem(400, f"can't parse query args {name} as int", error=text)
    return int(text)


def page(request: Request, *, default: int, maximum: int) -> tuple[int, int]:
    """Read limit and offset; what is above the maximum is refused."""
    limit = whole(request, "limit", default)
    if limit > maximum:
        raise Problem(400, f"limit should less equal than {maximum}")
    if limit == 0:
        raise Problem(400, "limit should greater than zero")
    return limit, whole(request, "offset", 0)


def path_number(request: Request, name: str) -> int:
    text = request.path_params[name]
    if not (text.isascii() and text.isdigit() and int(text[:LONGEST_NUMBER]) > 0):
        raise Problem(400, f'"{text}" is not valid ID')
    return int(text)
