"""Where the clients get their bearer tokens from, and what they do when one is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from bgmsync.shared.http.errors import Unauthorized

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Tokens(Protocol):
    """One user's tokens at one service."""

    async def current(self) -> str | None:
        """Return a token to use now, None to ask as nobody; raise :class:`Unauthorized` when there should be one."""
        ...

    async def renewed(self, rejected: str) -> str:
        """Return a token other than *rejected*, which the service just refused.

        Several requests in flight may be refused together, and each asks: renew only when *rejected* is still
        the current token. Raises :class:`Unauthorized` when the user must connect again.
        """
        ...


@dataclass(frozen=True, slots=True)
class StaticTokens:
    """A token that can't be renewed, such as a personal access token."""

    token: str = field(repr=False)
    service: str = "bangumi"

    async def current(self) -> str:
        return self.token

    async def renewed(self, rejected: str) -> str:  # noqa: ARG002  # the interface names it
        raise Unauthorized(self.service, "the token was refused and can't be renewed", status=401)


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No token at all, for what a service tells everybody."""

    service: str = "bangumi"

    async def current(self) -> None:
        return None

    async def renewed(self, rejected: str) -> str:  # noqa: ARG002  # the interface names it
        raise Unauthorized(self.service, "this is not told to everybody", status=401)


async def with_token(tokens: Tokens, send: Callable[[str | None], Awaitable[T]]) -> T:
    """Send with the user's token; when it is refused, renew it and replay once.

    Right for writes as well: what was refused with 401 was not applied.
    """
    token = await tokens.current()
    try:
        return await send(token)
    except Unauthorized:
        pass
    return await send(await tokens.renewed(token or ""))
