"""The one place for retries, pauses, Retry-After, budget and concurrency of requests to a service."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx
from tenacity import AsyncRetrying, RetryCallState

from bgmsync.shared.http.answers import error_for, is_html, json_of
from bgmsync.shared.http.backoff import pause_after
from bgmsync.shared.http.errors import (
    OutcomeUnknown,
    PutOff,
    RateLimited,
    RemoteError,
    ServerTrouble,
    Unauthorized,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bgmsync.shared.http.budget import Budget

logger = logging.getLogger("bgmsync.http")

T = TypeVar("T")
J = TypeVar("J", list, dict)
Value = str | int | float | bool | None

TIMEOUT = httpx.Timeout(30, connect=10, pool=None)
DEADLINE = 90.0
"""Seconds for one whole exchange: an answer that trickles never meets the read timeout."""

OK = frozenset({200, 201, 202, 204})
READ_OK = frozenset({200})

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


def new_client(*, timeout: httpx.Timeout = TIMEOUT, connections: int = 20, **options: Any) -> httpx.AsyncClient:
    """Return a client to build transports on: close it when done. It keeps connections, and no cookies.

    Cookies would carry one user's session at Bangumi's log-in host over to the next user's request.
    """
    return httpx.AsyncClient(
        timeout=timeout,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        **options,
    )


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A decoded answer. An accepted redirect has empty ``data``."""

    status: int
    headers: httpx.Headers
    data: T


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    accept: frozenset[int]
    repeatable: bool
    params: Mapping[str, Value] | None = None
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)

    def secrets(self) -> list[str]:
        body = {**(self.form or {}), **(self.json if isinstance(self.json, dict) else {})}
        return [value for value in (self.bearer, *body.values()) if isinstance(value, str)]


class Transport:
    """Requests to one host of one service.

    Reads are tried again in place after a lost connection, a 5xx, or garbage; writes only when they were surely
    not applied: never sent, or refused with 429. A write without a trustworthy answer raises
    :class:`OutcomeUnknown`. Waits of up to 30 s are waited for, by all requests of this transport together;
    longer ones are told to the budget and raised. All pauses are multiplied by *retry_scale*.

    ``requests`` counts what was really sent, repetitions included; *count* is called for each of them, with the
    status of its answer, None where none came, and the seconds that it took.
    """

    def __init__(  # noqa: PLR0913  # what a host needs, each by its name
        self,
        client: httpx.AsyncClient,
        *,
        service: str,
        base_url: str,
        headers: Mapping[str, str],
        budget: Budget,
        retry_scale: float = 1.0,
        in_flight: int = 8,
        count: Callable[[int | None, float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if "user-agent" not in httpx.Headers(headers):
            raise ValueError("Both services turn away default user agents: set one.")
        self.service = service
        self.requests = 0
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._headers = httpx.Headers(headers)
        self._budget = budget
        self._retry_scale = retry_scale
        self._slots = asyncio.Semaphore(in_flight)
        self._count = count
        self._clock = clock
        self._sleep = sleep
        self._paused_until = 0.0

    async def send(  # noqa: PLR0913  # what a request may carry, each by its name
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Value] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        repeatable: bool | None = None,
        accept_statuses: frozenset[int] = OK,
    ) -> httpx.Response:
        """Send one request and return the answer, whose status is one of *accept_statuses*; else raise.

        *repeatable* says that sending twice does no harm; by default that holds for GET alone.
        """
        repeatable = method == "GET" if repeatable is None else repeatable
        request = _Request(method, path, accept_statuses, repeatable, params, json, form, headers, bearer)
        return await self._persist(request, lambda response: response)

    async def read(  # noqa: PLR0913  # what a request may carry, each by its name
        self,
        path: str,
        expects: type[J],
        *,
        method: str = "GET",
        params: Mapping[str, Value] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        accept_statuses: frozenset[int] = READ_OK,
    ) -> Answer[J]:
        """Ask for JSON of the type *expects*. Any other body is :class:`ServerTrouble`, after retries."""

        def decode(response: httpx.Response) -> Answer[J]:
            data = json_of(response, expects, self.service) if response.is_success else expects()
            return Answer(response.status_code, response.headers, data)

        request = _Request(method, path, accept_statuses, True, params, json, None, headers, bearer)  # noqa: FBT003  # repeatable: it only asks
        return await self._persist(request, decode)

    async def _persist(self, request: _Request, understand: Callable[[httpx.Response], T]) -> T:
        retrying = AsyncRetrying(
            retry=lambda state: self._pause_after(state) is not None,
            wait=lambda state: self._pause_after(state) or 0.0,
            sleep=self._pause_all,
        )
        try:
            return await retrying(self._attempt, request, understand)
        except RemoteError as error:
            await self._give_up(error)
            raise

    async def _attempt(self, request: _Request, understand: Callable[[httpx.Response], T]) -> T:
        if (pause := self._paused_until - self._clock()) > 0:
            await self._sleep(pause)
        async with self._slots:
            await self._budget.take()
            response = await self._exchange(request)
        try:
            result = understand(self._accepted(request, response))
        except ServerTrouble as error:
            if request.repeatable:
                raise
            failure = OutcomeUnknown(self.service, error.detail, status=error.status, retry_after=error.retry_after)
        except RemoteError as error:
            if error.permanent:
                await self._budget.succeeded()
            raise
        else:
            await self._budget.succeeded()
            return result
        raise failure

    def _accepted(self, request: _Request, response: httpx.Response) -> httpx.Response:
        if response.status_code not in request.accept:
            raise error_for(response, self.service, self._retry_scale, request.secrets())
        if response.is_success and is_html(response):
            raise ServerTrouble(self.service, "HTML page instead of an answer", status=response.status_code)
        return response

    async def _exchange(self, request: _Request) -> httpx.Response:
        """Send once. Errors are raised outside of ``except``: httpx's own hold the request, and so the token."""
        headers = self._headers_of(request)
        started = self._clock()
        try:
            message = self._client.build_request(
                request.method,
                self._base_url + request.path,
                params=request.params,
                json=request.json,
                data=request.form,
                headers=headers,
            )
            async with asyncio.timeout(DEADLINE):
                response = await self._client.send(message, follow_redirects=False)
        except NEVER_SENT as error:
            failure: RemoteError = Unreachable(self.service, _in_words(error))
        except (httpx.RequestError, TimeoutError) as error:
            self._sent(None, started)
            failure = self._no_answer(request, error)
        else:
            self._sent(response.status_code, started)
            self._log(request, str(response.status_code), started)
            return response
        self._log(request, failure.detail, started)
        raise failure

    def _headers_of(self, request: _Request) -> httpx.Headers:
        headers = httpx.Headers(self._headers)
        headers.update(request.headers)
        if request.bearer is not None:
            if not (request.bearer.isascii() and request.bearer.isprintable()):
                raise Unauthorized(self.service, "what is stored as a token can't be one")
            headers["Authorization"] = f"Bearer {request.bearer}"
        return headers

    def _no_answer(self, request: _Request, error: Exception) -> RemoteError:
        if not request.repeatable:
            return OutcomeUnknown(self.service, _in_words(error))
        if isinstance(error, httpx.DecodingError):
            return ServerTrouble(self.service, _in_words(error))
        return Unreachable(self.service, _in_words(error))

    def _sent(self, status: int | None, started: float) -> None:
        self.requests += 1
        if self._count:
            self._count(status, self._clock() - started)

    def _log(self, request: _Request, outcome: str, started: float) -> None:
        logger.debug("%s %s %s %.2fs", request.method, request.path, outcome, self._clock() - started)

    def _pause_after(self, state: RetryCallState) -> float | None:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, RemoteError):
            return None
        return pause_after(error, state.attempt_number, self._retry_scale)

    async def _pause_all(self, seconds: float) -> None:
        """Wait, and have the other requests of this transport wait: what one was told, the others need not hear."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        await self._sleep(seconds)

    async def _give_up(self, error: RemoteError) -> None:
        if isinstance(error, PutOff) or error.permanent:
            return
        if error.retry_after is None:
            await self._budget.failed(error)
            return
        await self._budget.put_off(error.retry_after, _why(error))


def _why(error: RemoteError) -> str:
    if isinstance(error, RateLimited):
        return "blocked" if error.blocked else "rate_limited"
    return "server_trouble"


def _in_words(error: Exception) -> str:
    """Describe by type: the text of httpx's errors may quote headers."""
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "no connection in time"
        case httpx.ConnectError():
            return "no connection"
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return "the service's address is not one"
        case httpx.TimeoutException() | TimeoutError():
            return "no answer in time"
        case httpx.DecodingError():
            return "an answer that can't be unpacked"
    return "the connection was lost"
