"""Each request of a browser gets an id, which its log lines and its answer carry, and one line when it is answered."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import TYPE_CHECKING

from django.conf import settings

from bgmsync.shared.logs import about

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger("bgmsync.web")

HEADER = "X-Request-ID"
VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{7,63}", re.ASCII)
ASKED_BY_MACHINES = frozenset({"healthz", "readyz", "metrics"})


class RequestLog:
    """The outermost middleware. The line names the address's pattern, not the address: some hold an invitation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = request_id(request)
        begun = time.perf_counter()
        with about(request=number):
            response = self.get_response(request)
            with about(**_user(request)):
                _write(request, response, time.perf_counter() - begun)
        response[HEADER] = number
        return response


def request_id(request: HttpRequest) -> str:
    """Return the id that our proxy gave, if there is one and it can be no text of somebody's making; else a new one."""
    given = request.headers.get(HEADER, "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return given if VALID.fullmatch(given) else secrets.token_hex(8)


def _user(request: HttpRequest) -> dict[str, int]:
    """Return whose session it is, where the view looked at the session anyway."""
    session = getattr(request, "session", None)
    if session is None or not session.accessed:
        return {}
    key = str(session.get("_auth_user_id", ""))
    return {"user": int(key)} if key.isdecimal() else {}


def _write(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    level = logging.DEBUG if match and match.url_name in ASKED_BY_MACHINES else logging.INFO
    where = f"/{match.route}" if match else "(no such address)"
    logger.log(level, "%s %s %s %.0f ms", request.method, where, response.status_code, 1000 * seconds)
