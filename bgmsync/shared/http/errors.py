"""What can go wrong between us and a remote service, as one small tree.

Whoever catches :class:`RemoteError` needs two answers only: is it ``permanent`` or may it be tried later, and was
a write perhaps applied? The second is "perhaps" for :class:`OutcomeUnknown` alone; after any other error of this
tree a write was surely *not* applied.
"""

# ruff: noqa: N818  # each name says what happened; "Error" is said once, by their common base

from __future__ import annotations

from typing import ClassVar


class RemoteError(Exception):
    """A request that brought no usable answer.

    ``service`` is "trakt" or "bangumi"; ``status`` the HTTP status, if one came; ``retry_after`` the seconds until
    another try makes sense, already multiplied by the installation's retry scale, where that is known; ``detail`` a
    short text that is safe to show: no token, no address, no HTML.
    """

    code: ClassVar[str]
    permanent: ClassVar[bool] = False

    def __init__(
        self, service: str, detail: str = "", *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(service, detail)
        self.service = service
        self.detail = detail
        self.status = status
        self.retry_after = retry_after

    @property
    def reason(self) -> str:
        """Name the service and what happened, such as ``trakt_unreachable``."""
        return f"{self.service}_{self.code}"

    def __str__(self) -> str:
        status = f" ({self.status})" if self.status else ""
        return f"{self.reason}{status}: {self.detail}" if self.detail else f"{self.reason}{status}"


class Unreachable(RemoteError):
    """No answer: the name, the connection or the wait for it failed. A write had not been sent."""

    code = "unreachable"


class ServerTrouble(RemoteError):
    """The service is out of order: 5xx, or HTML, nothing, garbage or another shape where JSON was due."""

    code = "server_trouble"


class RateLimited(RemoteError):
    """Asked too much. ``blocked`` tells that the address of this machine is meant, not one account."""

    code = "rate_limited"

    def __init__(
        self,
        service: str,
        detail: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        blocked: bool = False,
    ) -> None:
        super().__init__(service, detail, status=status, retry_after=retry_after)
        self.blocked = blocked


class PutOff(RemoteError):
    """Not even sent: the host is put off for another ``retry_after`` seconds. Raised by a budget."""

    code = "put_off"


class OutcomeUnknown(RemoteError):
    """A write was sent and no trustworthy answer came: read back before repeating it."""

    code = "outcome_unknown"


class Unauthorized(RemoteError):
    """The service refuses the user's token or grant for good: the user must connect again."""

    code = "reconnect"
    permanent = True


class AppRefused(RemoteError):
    """The service refuses the operator's app, hence all users."""

    code = "app_refused"
    permanent = True


class Forbidden(RemoteError):
    """The token's scope, or the account's standing, does not allow this."""

    code = "forbidden"
    permanent = True


class NeedsVip(RemoteError):
    """Trakt keeps this to VIP members."""

    code = "vip_only"
    permanent = True


class AccountLocked(RemoteError):
    """Trakt has locked or deactivated the user's account."""

    code = "account_locked"
    permanent = True


class AccountLimit(RemoteError):
    """The account is full: Trakt limits how many items it may hold."""

    code = "account_limit"
    permanent = True


class NotFound(RemoteError):
    """No such record, or one that this user may not see; ``detail`` is the service's own description."""

    code = "not_found"
    permanent = True


class Rejected(RemoteError):
    """The service understood the request and declined it; ``detail`` is its own description."""

    code = "rejected"
    permanent = True
