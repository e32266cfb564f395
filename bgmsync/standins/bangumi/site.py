"""The Bangumi stand-in: who may ask what, and where the answers come from."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bgmsync.standins.agents import is_default_agent
from bgmsync.standins.bangumi.catalogue import Catalogue
from bgmsync.standins.bangumi.collections import Collections
from bgmsync.standins.bangumi.oauth import OAuth
from bgmsync.standins.bangumi.problems import Problem, written_problem
from bgmsync.standins.bangumi.shelf import Shelf
from bgmsync.standins.bangumi.subjects import Subjects
from bgmsync.standins.exchange import Answer, Exchange, Service, exchange_of
from bgmsync.standins.journal import WRITES, is_collection_write
from bgmsync.standins.limits import Limits
from bgmsync.standins.tokens import TokenStore

if TYPE_CHECKING:
    from starlette.requests import Request

    from bgmsync.standins.hub import Hub

CODE_LIFETIME = 60
NSFW_AGE = timedelta(days=60)
JSON_TYPES = {"application/json", "application/json; charset=UTF-8"}
OWN_PATHS = re.compile(r"/v0/me$|/v0/users/-/")
BANNED_AGENTS = re.compile(
    r"(?:undici|database|node-fetch)$"
    r"|Java/|axios/|okhttp/|go-resty/|Faraday v|node-fetch/|Go-http-client/|python-requests/|Apache-HttpClient/"
)


class BangumiSite:
    name: Service = "bangumi"

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.world = hub.world.bangumi
        self.catalogue = Catalogue(self.world)
        self.shelves = {user.username: Shelf(user, hub.clock) for user in self.world.users}
        self.limits = Limits(hub.clock)
        self.tokens = TokenStore(hub.clock, self.world.apps, self.world.token_lifetime, CODE_LIFETIME)
        for user in self.world.users:
            self.tokens.seed(user.username, user.access_token, user.refresh_token)
        parts = (OAuth(self), Subjects(self), Collections(self))
        self.app = Starlette(
            routes=[route for part in parts for route in part.routes],
            exception_handlers={Problem: refuse, HTTPException: unrouted},
        )
        self.app.router.redirect_slashes = False

    def shelf(self, request: Request) -> Shelf:
        """Return what belongs to the user whose token came with a request."""
        exchange = exchange_of(request)
        return self.shelves[exchange.user or ""]

    def sees_nsfw(self, request: Request) -> bool:
        """Say whether the reader's account is old enough for what is not safe for work."""
        exchange = exchange_of(request)
        shelf = self.shelves.get(exchange.user or "")
        return shelf is not None and self.hub.clock.now() - shelf.user.reg_time >= NSFW_AGE

    def waits_itself(self, exchange: Exchange) -> bool:
        return is_collection_write(exchange.method, exchange.path)

    def shift(self, exchange: Exchange) -> None:
        """Let the user touch what they touched longest ago, so that it moves to the first page."""
        shelf = self.shelves.get(exchange.user or "")
        if shelf and shelf.rows:
            shelf.store_row(min(shelf.rows.values(), key=lambda row: row.updated_at))

    def gate(self, exchange: Exchange) -> Answer | None:
        try:
            self._check(exchange)
        except Problem as problem:
            return written_problem(problem, exchange)
        return None

    def _check(self, exchange: Exchange) -> None:
        """Refuse by user agent, then content type, token and rate, in the server's own order."""
        agent = exchange.headers.get("user-agent", "")
        if is_default_agent(agent):
            self.hub.journal.breach(exchange, "default_user_agent", agent)
        if not exchange.path.startswith("/v0/"):
            return
        if not agent:
            raise Problem(403, "Please set a 'User-Agent'")
        if BANNED_AGENTS.match(agent):
            raise Problem(403, "using HTTP request library's default User-Agent is forbidden")
        exchange.user = self._user(exchange)
        if self.limits.wait(exchange.user or "anonymous"):
            raise Problem(429, "too many request, you have be rate limited", title="Too Many Request")
        is_write = exchange.method in WRITES and exchange.path.startswith("/v0/users/")
        if is_write and exchange.headers.get("content-type") not in JSON_TYPES:
            raise Problem(415, "request body must be application/json")
        if exchange.user is None and OWN_PATHS.match(exchange.path):
            raise Problem(401, "this API need authorization")

    def _user(self, exchange: Exchange) -> str | None:
        """Return whose token was sent, None without one; a bad one is refused even where none is needed."""
        header = exchange.headers.get("authorization")
        if header is None:
            return None
        scheme, space, token = header.partition(" ")
        if not space or not token:
            raise Problem(401, "invalid http Authorization header, missing scope or missing token")
        if scheme != "Bearer":
            raise Problem(401, "http Authorization header has wrong scope")
        user = self.tokens.owner(token)
        if user is None:
            raise Problem(401, "access token has been expired or doesn't exist")
        return user


async def refuse(request: Request, error: Exception) -> Response:
    """Write a refusal as Bangumi does."""
    problem = error if isinstance(error, Problem) else Problem(500, str(error))
    answer = written_problem(problem, exchange_of(request))
    return Response(answer.body, answer.status, answer.headers)


async def unrouted(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return await refuse(
        request, Problem(status, "This is default response, if you see this response, check your request")
    )
