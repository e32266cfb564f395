"""Trakt's pages: numbered, clamped to a maximum without a word, described in headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

T = TypeVar("T")

DEFAULT_LIMIT = 100
MAX_LIMIT = 250


class Json(JSONResponse):
    """JSON as sent by Trakt."""

    media_type = "application/json; charset=utf-8"


def extended(request: Request) -> set[str]:
    return set(request.query_params.get("extended", "").split(","))


def number(text: str | None, default: int) -> int:
    """Read a positive number; anything else counts as the default."""
    return int(text) if text and text.isascii() and text.isdigit() and int(text) > 0 else default


def paged(
    request: Request,
    rows: Sequence[T],
    write: Callable[[T], dict[str, Any]],
    *,
    default: int = DEFAULT_LIMIT,
    maximum: int = MAX_LIMIT,
) -> Response:
    """Answer with the asked page of *rows*, each written by *write*."""
    limit = min(number(request.query_params.get("limit"), default), maximum)
    page = number(request.query_params.get("page"), 1)
    headers = {
        "X-Pagination-Page": str(page),
        "X-Pagination-Limit": str(limit),
        "X-Pagination-Page-Count": str(-(-len(rows) // limit)),
        "X-Pagination-Item-Count": str(len(rows)),
    }
    return Json([write(row) for row in rows[(page - 1) * limit : page * limit]], headers=headers)
