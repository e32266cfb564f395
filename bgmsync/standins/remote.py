"""The tests' end of the control surface: a few lines over the standard library, usable from any process."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def control(base_url: str, path: str, body: Any = None, method: str | None = None) -> Any:
    """Steer the stand-ins behind *base_url* (either service's): GET without a *body*, else POST.

    >>> control(url, "faults", {"service": "bangumi", "action": {"kind": "status", "status": 503}})

    Raises ``ValueError`` with the stand-in's own words when it doesn't understand.
    """
    data = None if body is None else json.dumps(body).encode()
    request = Request(  # noqa: S310 - the caller's own loopback address
        f"{base_url}/_standin/{path}",
        data=data,
        method=method or ("GET" if data is None else "POST"),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=10) as response:  # noqa: S310 - the same
            return json.loads(response.read())
    except HTTPError as error:
        raise ValueError(f"{request.method} {path}: {error.code} {error.read().decode()}") from error
