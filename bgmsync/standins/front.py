"""The front of each stand-in: logs, delays and spoils requests before and after its service answers them."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from bgmsync.standins import faults
from bgmsync.standins.exchange import Answer, Exchange, Service

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from bgmsync.standins.hub import Hub
    from bgmsync.standins.journal import Entry

CONTROL = "/_standin/"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Site(Protocol):
    """One service behind its front."""

    name: Service

    @property
    def app(self) -> ASGIApp: ...

    def gate(self, exchange: Exchange) -> Answer | None:
        """Refuse a request before it is routed, or name its user and let it pass."""
        ...

    def waits_itself(self, exchange: Exchange) -> bool:
        """Say whether the latency is spent inside, between reading and writing."""
        ...

    def shift(self, exchange: Exchange) -> None:
        """Let this request's user do something that moves the pages of their lists."""
        ...


@dataclass
class Front:
    site: Site
    hub: Hub
    control: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(CONTROL):
            await self.control(scope, receive, send)
            return
        exchange = await self._read(scope, receive)
        self._observe(exchange)
        with self.hub.journal.request(exchange) as entry:
            answer = await self._answer(exchange, scope, entry)
            if answer is None:
                reset_connection(send)
                return
            entry.status = answer.status
            await deliver(answer, send)

    async def _read(self, scope: Scope, receive: Receive) -> Exchange:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return Exchange(
            service=self.site.name,
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
        )

    def _observe(self, exchange: Exchange) -> None:
        for problem in self.hub.observer(exchange) if self.hub.observer else ():
            self.hub.journal.breach(exchange, "openapi", problem)

    async def _answer(self, exchange: Exchange, scope: Scope, entry: Entry) -> Answer | None:
        """Answer a request, spoilt by a fault where one is due; None resets the connection."""
        if not self.site.waits_itself(exchange):
            await asyncio.sleep(self.hub.latency[self.site.name])
        fault = self.hub.faults.take(exchange)
        if fault is None:
            return await self._perform(exchange, scope)
        entry.fault = fault.action.kind
        return await self._spoil(fault.action, exchange, scope)

    async def _spoil(self, action: faults.Action, exchange: Exchange, scope: Scope) -> Answer | None:
        match action:
            case faults.Status() | faults.Html200():
                return action.answer()
            case faults.Reset():
                return None
            case faults.Hang():
                await asyncio.sleep(action.seconds)
                return None
            case faults.Delay():
                await asyncio.sleep(action.seconds)
            case faults.DuplicatePage():
                faults.step_back(exchange)
            case faults.ShiftingPage():
                self.site.gate(exchange)
                self.site.shift(exchange)
        return spoilt(action, await self._perform(exchange, scope))

    async def _perform(self, exchange: Exchange, scope: Scope) -> Answer:
        """Let the service answer, and take its answer whole."""
        refused = self.site.gate(exchange)
        if refused is not None:
            return refused
        answer = Answer(500)

        async def receive() -> Message:
            return {"type": "http.request", "body": exchange.body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        inner = {**scope, "query_string": exchange.query.encode("latin-1"), "state": {"exchange": exchange}}
        await self.site.app(inner, receive, send)
        return answer


def spoilt(action: faults.Action, answer: Answer) -> Answer | None:
    """Spoil an answer that was earned; None resets the connection."""
    match action:
        case faults.AfterEffect():
            return None if action.status is None else faults.Status(kind="status", status=action.status).answer()
        case faults.Truncated():
            return faults.truncated(answer)
        case faults.WrongTypes():
            return faults.wrong_types(answer)
    return answer


async def deliver(answer: Answer, send: Send) -> None:
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-length"}
    if answer.status not in {204, 304}:
        headers["content-length"] = str(len(answer.body))
    raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


def reset_connection(send: Send) -> None:
    """Reset the TCP connection of a request. ASGI has no word for it: uvicorn's own transport is reached for."""
    transport = cast("asyncio.Transport", getattr(send, "__self__").transport)  # noqa: B009 - unknown to the type Send
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()
