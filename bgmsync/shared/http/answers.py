"""What an HTTP answer means: pure functions from a response to JSON or to one of our errors."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from bgmsync.shared.http.backoff import asked_to_wait, ban
from bgmsync.shared.http.errors import (
    AccountLimit,
    AccountLocked,
    AppRefused,
    Forbidden,
    NeedsVip,
    NotFound,
    RateLimited,
    Rejected,
    RemoteError,
    ServerTrouble,
    Unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

T = TypeVar("T", list, dict)

ACCOUNT_LIMIT = 420
"""Trakt's own; it has no name in the standard library."""

MEANINGS: dict[int, type[RemoteError]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.REQUEST_TIMEOUT: ServerTrouble,
    HTTPStatus.TOO_EARLY: ServerTrouble,
}
MEANINGS_AT_TRAKT: dict[int, type[RemoteError]] = {
    ACCOUNT_LIMIT: AccountLimit,
    HTTPStatus.LOCKED: AccountLocked,
    HTTPStatus.UPGRADE_REQUIRED: NeedsVip,
}
"""What only Trakt says of an account; from anybody else such a status is a plain refusal."""

LONGEST_DETAIL = 200
SHORTEST_SECRET = 6
"""Shorter values of a request body are words such as "code", not secrets."""

TOKEN_LIKE = re.compile(r"https?://\S+|[!-~]{24,}")
"""Addresses, and what no word of a language is as long as: it is not shown, whatever it is."""


def json_of(response: httpx.Response, expects: type[T], service: str) -> T:
    """Decode a body that must be JSON of the type *expects*, else raise :class:`ServerTrouble`."""
    try:
        data = json.loads(response.content)
    except (ValueError, RecursionError):  # a hostile body may nest deeper than the stack
        data = None
    if isinstance(data, expects):
        return data
    raise ServerTrouble(service, _wrong_body(response), status=response.status_code)


def error_for(response: httpx.Response, service: str, scale: float, secrets: Iterable[str] = ()) -> RemoteError:
    """Return what an answer with an unwelcome status means. *secrets* are kept out of its ``detail``."""
    status = response.status_code
    detail = safe(description(response), secrets)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.FORBIDDEN and is_from_edge(response)):
        return _rate_limited(response, service, scale, detail)
    asked = asked_to_wait(response, scale)
    if not _is_refusal(response):
        return ServerTrouble(service, detail, status=status, retry_after=asked)
    if status == HTTPStatus.FORBIDDEN:
        return (AppRefused if service == "trakt" else Forbidden)(service, detail, status=status)
    own = MEANINGS_AT_TRAKT if service == "trakt" else {}
    return (own.get(status) or MEANINGS.get(status, Rejected))(service, detail, status=status)


def is_html(response: httpx.Response) -> bool:
    return "html" in response.headers.get("content-type", "") or response.content.lstrip()[:1] == b"<"


def is_from_edge(response: httpx.Response) -> bool:
    """Tell an answer of Cloudflare, or of another box on the way, from one of the service itself."""
    if "x-runtime" in response.headers:  # Rails, hence Trakt
        return False
    return is_html(response) or bool(response.headers.get("server") == "cloudflare" and not _object(response))


def description(response: httpx.Response) -> str:
    """Return the service's own words about a refusal, or say what came instead of them."""
    told = _object(response)
    details = told.get("details")
    deeper = details.get("error") if isinstance(details, dict) else None
    words = (told.get("error_description"), told.get("description"), told.get("error"), told.get("message"), deeper)
    for text in words:
        if isinstance(text, str) and text.strip():
            return text
    if response.headers.get("x-account-deactivated") == "true":
        return "the account is deactivated"
    return _wrong_body(response)


def safe(text: str, secrets: Iterable[str] = ()) -> str:
    """Shorten *text* and take out what might be a secret or an address with one."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "…")
    text = " ".join(TOKEN_LIKE.sub("…", text).split())
    return text if len(text) <= LONGEST_DETAIL else text[: LONGEST_DETAIL - 1] + "…"


def _rate_limited(response: httpx.Response, service: str, scale: float, detail: str) -> RateLimited:
    blocked = is_from_edge(response)
    asked = asked_to_wait(response, scale)
    wait = ban(service, scale, blocked=blocked) if asked is None else asked
    if response.status_code == HTTPStatus.FORBIDDEN:  # a firewall's rule, which a short Retry-After does not lift
        wait = max(wait, ban(service, scale, blocked=True))
    return RateLimited(service, detail, status=response.status_code, retry_after=wait, blocked=blocked)


def _is_refusal(response: httpx.Response) -> bool:
    """Tell a service that declines from one that is out of order."""
    if response.status_code == HTTPStatus.UNAUTHORIZED and is_from_edge(response):
        return False  # nobody is logged out by a proxy's page
    return response.is_client_error and MEANINGS.get(response.status_code) is not ServerTrouble


def _object(response: httpx.Response) -> dict:
    try:
        data = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _wrong_body(response: httpx.Response) -> str:
    if response.is_redirect:
        return "an unexpected redirect"
    if is_html(response):
        return "HTML page instead of JSON"
    if not response.content.strip():
        return "empty answer"
    try:
        json.loads(response.content)
    except (ValueError, RecursionError):
        return "not JSON, or cut short"
    return "JSON of an unexpected shape"
