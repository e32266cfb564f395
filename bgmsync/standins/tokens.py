"""OAuth as both services do it: codes and refresh tokens that work once, access tokens that expire."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bgmsync.standins.clock import Clock
    from bgmsync.standins.world import App


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to, waiting to be exchanged."""

    user: str
    client_id: str
    redirect_uri: str
    expires: float
    challenge: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    access: str
    refresh: str
    user: str
    created: int
    expires_in: int


class Refused(Exception):  # noqa: N818 - it reads as what happened: raise Refused("invalid_grant")
    """The answer is an OAuth error; the argument is its code, such as ``invalid_grant``."""

    @property
    def code(self) -> str:
        return str(self.args[0])


@dataclass
class TokenStore:
    clock: Clock
    apps: list[App]
    lifetime: int
    code_lifetime: int
    codes: dict[str, Consent] = field(default_factory=dict)
    access: dict[str, tuple[str, float]] = field(default_factory=dict)
    refresh: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def seed(self, user: str, access: str, refresh: str | None) -> None:
        """Hand out the tokens that a world gives a user; any app may refresh them."""
        self.access[access] = (user, self.clock.timestamp() + self.lifetime)
        if refresh:
            self.refresh[refresh] = (user, None)

    def app(self, client_id: str | None) -> App | None:
        """Find a registered app that is not gone."""
        return next((app for app in self.apps if app.client_id == client_id and not app.gone), None)

    def owner(self, access: str) -> str | None:
        """Return whose token this is, or None when it is unknown or expired."""
        user, expires = self.access.get(access, (None, 0.0))
        return user if expires > self.clock.timestamp() else None

    def consent(self, user: str, client_id: str, redirect_uri: str, challenge: str | None) -> str:
        """Return a code for what a person agreed to."""
        code = secrets.token_hex(16)
        expires = self.clock.timestamp() + self.code_lifetime
        self.codes[code] = Consent(user, client_id, redirect_uri, expires, challenge)
        return code

    def spend_code(self, code: str, client_id: str, redirect_uri: str) -> Consent:
        """Take a code, which works once and for the address it was asked for."""
        consent = self.codes.pop(code, None)
        if (
            consent is None
            or consent.expires <= self.clock.timestamp()
            or (consent.client_id, consent.redirect_uri) != (client_id, redirect_uri)
        ):
            raise Refused("invalid_grant")
        return consent

    def spend_refresh(self, token: str, client_id: str) -> str:
        """Take a refresh token, which works once; return whose it was."""
        user, owner = self.refresh.get(token, (None, None))
        if user is None or owner not in {None, client_id}:
            raise Refused("invalid_grant")
        del self.refresh[token]
        return user

    def issue(self, user: str, client_id: str) -> Pair:
        now = self.clock.timestamp()
        pair = Pair(secrets.token_hex(32), secrets.token_hex(32), user, int(now), self.lifetime)
        self.access[pair.access] = (user, now + self.lifetime)
        self.refresh[pair.refresh] = (user, client_id)
        return pair

    def revoke(self, token: str) -> None:
        self.access.pop(token, None)
        self.refresh.pop(token, None)

    def expire(self, user: str, *, access: bool, refresh: bool) -> None:
        """End a user's tokens: those for access as time would, those for refreshing as a revocation does."""
        if access:
            self.access = {token: held for token, held in self.access.items() if held[0] != user}
        if refresh:
            self.refresh = {token: held for token, held in self.refresh.items() if held[0] != user}


def redirect_allowed(app: App, redirect_uri: str) -> bool:
    return redirect_uri in app.redirect_uris if app.redirect_uris else bool(redirect_uri)
