"""Reading what a request carries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from starlette.requests import Request


async def form_body(request: Request) -> dict[str, str]:
    """Read a web form (url-encoded)."""
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


async def json_body(request: Request) -> dict[str, Any] | None:
    """Read a JSON object; None when the body is anything else, or is not said to be JSON."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
