"""The Trakt stand-in: who may ask what, and where the answers come from."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from bgmsync.standins.agents import is_default_agent
from bgmsync.standins.clock import trakt_time
from bgmsync.standins.exchange import Answer, Exchange, Service, cloudflare, exchange_of, json_answer
from bgmsync.standins.limits import Limits
from bgmsync.standins.tokens import TokenStore
from bgmsync.standins.trakt.catalogue import Catalogue
from bgmsync.standins.trakt.history import History
from bgmsync.standins.trakt.library import Library
from bgmsync.standins.trakt.lists import Lists
from bgmsync.standins.trakt.metadata import Metadata
from bgmsync.standins.trakt.oauth import OAuth

if TYPE_CHECKING:
    from starlette.requests import Request

    from bgmsync.standins.hub import Hub

AUTH_PATHS = ("/oauth/", "/activate")
OWN_PATHS = ("/sync/", "/users/")
PAGED_PATHS = ("/sync/history", "/sync/ratings", "/sync/collection", "/sync/watchlist", "/users/hidden/")
CODE_LIFETIME = 600
BLOCKED = "Sorry, you have been blocked"


class TraktSite:
    name: Service = "trakt"

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.world = hub.world.trakt
        self.catalogue = Catalogue(self.world)
        self.libraries = {user.slug: Library(user, self.catalogue, hub.clock) for user in self.world.users}
        self.limits = Limits(hub.clock)
        self.tokens = TokenStore(hub.clock, self.world.apps, self.world.token_lifetime, CODE_LIFETIME)
        for user in self.world.users:
            self.tokens.seed(user.slug, user.access_token, user.refresh_token)
        parts = (OAuth(self), History(self), Lists(self), Metadata(self))
        self.app = Starlette(routes=[route for part in parts for route in part.routes])
        self.app.router.redirect_slashes = False

    def library(self, request: Request) -> Library:
        """Return what belongs to the user whose token came with a request."""
        exchange = exchange_of(request)
        return self.libraries[exchange.user or ""]

    def waits_itself(self, exchange: Exchange) -> bool:  # noqa: ARG002 - nothing is written here
        return False

    def shift(self, exchange: Exchange) -> None:
        if exchange.user:
            self.libraries[exchange.user].play_again()

    def gate(self, exchange: Exchange) -> Answer | None:
        """Refuse as Cloudflare, the application check and the token check do, in this order."""
        if is_default_agent(exchange.headers.get("user-agent", "")):
            self.hub.journal.breach(exchange, "default_user_agent", exchange.headers.get("user-agent", ""))
            return cloudflare(403, BLOCKED)
        if exchange.path.startswith(AUTH_PATHS):
            return None
        return self._app_refusal(exchange) or self._user_refusal(exchange) or self._limit_refusal(exchange)

    def _app_refusal(self, exchange: Exchange) -> Answer | None:
        if not exchange.headers.get("content-type", "").startswith("application/json"):
            return Answer(412)
        if self.tokens.app(exchange.headers.get("trakt-api-key")) is None:
            return json_answer(403, {"error": "invalid API key or unapproved app"}, **{"x-runtime": "0.004"})
        self._watch_manners(exchange)
        return None

    def _watch_manners(self, exchange: Exchange) -> None:
        if exchange.headers.get("trakt-api-version") != "2":
            self.hub.journal.breach(exchange, "api_version_missing", "trakt-api-version: 2")
        if exchange.method != "GET":
            self.hub.journal.breach(exchange, "write_to_trakt", exchange.method)
        params = exchange.params
        whole = params.get("extended") == "min" or "/minimal/" in exchange.path
        if exchange.path.startswith(PAGED_PATHS) and not whole and not {"page", "limit"} <= params.keys():
            self.hub.journal.breach(exchange, "page_limit_missing", exchange.query)

    def _user_refusal(self, exchange: Exchange) -> Answer | None:
        header = exchange.headers.get("authorization")
        if header is not None:
            exchange.user = self.tokens.owner(header.partition(" ")[2])
        missing = header is None and exchange.path.startswith(OWN_PATHS)
        if missing or (header is not None and exchange.user is None):
            return Answer(401, {"www-authenticate": 'Bearer realm="trakt", error="invalid_token"'})
        return None

    def _limit_refusal(self, exchange: Exchange) -> Answer | None:
        wait = math.ceil(self.limits.wait(exchange.user or "anonymous"))
        if not wait:
            return None
        until = trakt_time(self.hub.clock.now())
        name = "AUTHED_API_GET_LIMIT" if exchange.user else "UNAUTHED_API_GET_LIMIT"
        told = {"name": name, "period": 300, "limit": self.limits.requests or 500, "remaining": 0, "until": until}
        return Answer(429, {"retry-after": str(wait), "x-ratelimit": json.dumps(told)})
