"""Every kind of request that a run makes, and everything that can happen to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.e2e.small import AFTER_STORY, CLANNAD, MUSHISHI, PAPRIKA

ENTRY = "/v0/users/-/collections/{}$"
EPISODES = "/v0/users/-/collections/{}/episodes$"
CLOUDFLARE = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"


@dataclass(frozen=True)
class Request:
    """Which requests are meant: the first that fits, after *skip* others."""

    service: str
    method: str
    path: str
    skip: int = 0

    def spoilt_by(self, action: dict[str, Any], times: int | None) -> dict[str, Any]:
        """Return the rule for the stand-ins; *times* None: until it is taken away."""
        return {
            "service": self.service,
            "method": self.method,
            "path": self.path,
            "skip": self.skip,
            "times": times,
            "action": action,
        }

    @property
    def is_write(self) -> bool:
        return self.service == "bangumi" and self.method != "GET" and "search" not in self.path


FIRST_RUN = {
    "activities": Request("trakt", "GET", "^/sync/last_activities"),
    "first page of plays": Request("trakt", "GET", "^/sync/history"),
    "second page of plays": Request("trakt", "GET", "^/sync/history", skip=1),
    "seasons": Request("trakt", "GET", "/seasons$"),
    "episodes": Request("bangumi", "GET", EPISODES.format(CLANNAD)),
    "episodes of a rival": Request("bangumi", "GET", EPISODES.format(AFTER_STORY)),
    "search": Request("bangumi", "POST", "^/v0/search"),
    "me": Request("bangumi", "GET", "^/v0/me"),
    "first page of the list": Request("bangumi", "GET", "/collections$"),
    "second page of the list": Request("bangumi", "GET", "/collections$", skip=1),
    "collect": Request("bangumi", "POST", ENTRY.format(CLANNAD)),
    "collect a wish": Request("bangumi", "PATCH", ENTRY.format(MUSHISHI)),
    "collect a film": Request("bangumi", "POST", ENTRY.format(PAPRIKA)),
    "clear": Request("bangumi", "PATCH", EPISODES.format(MUSHISHI)),
    "mark after clear": Request("bangumi", "PATCH", EPISODES.format(MUSHISHI), skip=1),
    "mark": Request("bangumi", "PATCH", EPISODES.format(CLANNAD)),
    "confirm": Request("bangumi", "GET", EPISODES.format(CLANNAD), skip=1),
    "complete": Request("bangumi", "PATCH", ENTRY.format(CLANNAD)),
}
"""What the first sync of the suite's world sends."""

LATER_RUN = {
    "window of plays": Request("trakt", "GET", "^/sync/history"),
    "map of episodes": Request("trakt", "GET", "^/sync/watched/episodes"),
    "map of movies": Request("trakt", "GET", "^/sync/watched/movies"),
    "window of a late play": Request("trakt", "GET", "^/sync/history", skip=1),
    "entry": Request("bangumi", "GET", r"/v0/users/alice/collections/\d+$"),
}
"""What a later run sends besides, when a play was added late."""

RENEWALS = {
    "renewal at Trakt": Request("trakt", "POST", "^/oauth/token"),
    "renewal at Bangumi": Request("bangumi", "POST", "^/oauth/access_token"),
}


def status(code: int, body: Any = "", **headers: str) -> dict[str, Any]:
    return {"kind": "status", "status": code, "body": body, "headers": headers}


FAULTS: dict[str, dict[str, Any]] = {
    "reset": {"kind": "reset"},
    "hang": {"kind": "hang", "seconds": 5},
    "401": status(401),
    "403 HTML": status(403, CLOUDFLARE, server="cloudflare"),
    "403": status(403, {"error": "forbidden"}, **{"x-runtime": "0.01"}),
    "404": status(404),
    "404 HTML": status(404, "<html><title>404 Not Found</title></html>"),
    "409": status(409),
    "420": status(420),
    "423": status(423),
    "426": status(426),
    "429": status(429),
    "429 with Retry-After": status(429, **{"retry-after": "600"}),
    "500": status(500),
    "500 after the effect": {"kind": "after_effect", "status": 500},
    "reset after the effect": {"kind": "after_effect", "status": None},
    "502": status(502, "<html>Bad gateway</html>"),
    "503": status(503),
    "503 with Retry-After": status(503, **{"retry-after": "120"}),
    "520": status(520, "<html>Web server is returning an unknown error</html>"),
    "HTML": {"kind": "html200"},
    "truncated": {"kind": "truncated"},
    "wrong types": {"kind": "wrong_types"},
    "duplicate page": {"kind": "duplicate_page"},
    "shifting page": {"kind": "shifting_page"},
}
PAGES_ONLY = {"duplicate page", "shifting page"}
"""Faults of lists that are read in pages."""

ONCE, THROUGHOUT = 1, None


def makes_sense(request: Request, fault: str) -> bool:
    """Tell whether a fault can strike a request and be noticed within two runs.

    A window in which something new appears hides a late play until the weekly comparison, which has a test of its own.
    """
    if fault == "shifting page" and request == LATER_RUN["window of plays"]:
        return False
    return fault not in PAGES_ONLY or (request.method == "GET" and ("history" in request.path or "$" in request.path))
