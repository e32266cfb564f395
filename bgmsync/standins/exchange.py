"""One request and its answer, as plain data: what passes between the front, the gates, the faults and the log."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from starlette.requests import Request

Service = Literal["trakt", "bangumi"]

ENCODING = "utf-8"


@dataclass(slots=True)
class Exchange:
    """A request as it arrived. ``user`` is whom the token belongs to, once a gate has looked."""

    service: Service
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    user: str | None = None

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def with_param(self, name: str, value: object) -> None:
        """Change one query parameter."""
        self.query = urlencode({**self.params, name: str(value)})


def exchange_of(request: Request) -> Exchange:
    """Return the exchange that a request, as the handlers see it, is part of."""
    return cast("Exchange", request.state.exchange)


@dataclass(slots=True)
class Answer:
    """A response, before it is sent."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def json_answer(status: int, content: Any, **headers: str) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(ENCODING)
    return Answer(status, {"content-type": "application/json; charset=utf-8", **headers}, body)


def html_answer(status: int, page: str, **headers: str) -> Answer:
    return Answer(status, {"content-type": "text/html; charset=UTF-8", **headers}, page.encode(ENCODING))


def cloudflare(status: int, text: str, **headers: str) -> Answer:
    """Answer as the edge does by itself: HTML, whatever the client accepts."""
    page = f"<!DOCTYPE html><html><head><title>{text} | Cloudflare</title></head><body>{text}</body></html>"
    return html_answer(status, page, **{"server": "cloudflare", "cf-ray": "a061dc1dc9f98b1f-MIA", **headers})
