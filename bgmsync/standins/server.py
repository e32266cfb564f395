"""Running both stand-ins in a thread of their own."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from bgmsync.standins.bangumi.site import BangumiSite
from bgmsync.standins.front import Front
from bgmsync.standins.hub import Hub, Observer
from bgmsync.standins.remote import control
from bgmsync.standins.surface import Control
from bgmsync.standins.trakt.site import TraktSite

if TYPE_CHECKING:
    from types import TracebackType

    from bgmsync.standins.world import World

DEMO_WORLD = Path(__file__).with_name("demo-world.json")
LOOPBACK = "127.0.0.1"
BACKLOG = 256
STARTED = 10
"""Seconds that both servers have to come up."""


class StandIns:
    """Both stand-ins, answering as long as the context lasts.

    >>> with StandIns(World.load(DEMO_WORLD)) as standins:
    ...     standins.control("latency", {"ms": 100})

    The *world* is copied: what clients change is seen through :meth:`control`. Port 0 takes a free one. Another *host*
    than loopback is for tests that put several machines on a network of their own.
    """

    def __init__(  # noqa: PLR0913  # what may differ from one use to another, each by its name
        self,
        world: World,
        *,
        trakt_port: int = 0,
        bangumi_port: int = 0,
        host: str = LOOPBACK,
        latency_ms: float = 0,
        observer: Observer | None = None,
    ) -> None:
        self.hub = Hub(world.model_copy(deep=True), observer)
        self.hub.latency.update({"trakt": latency_ms / 1000, "bangumi": latency_ms / 1000})
        self._sockets = [listening(host, trakt_port), listening(host, bangumi_port)]
        self.trakt_url, self.bangumi_url = (f"http://{host}:{s.getsockname()[1]}" for s in self._sockets)
        self._servers: list[uvicorn.Server] = []
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-ins", daemon=True)

    @property
    def urls(self) -> dict[str, str]:
        """The addresses under the names that the settings give them; each service has one for both its hosts."""
        return {
            "trakt_api": self.trakt_url,
            "trakt_auth": self.trakt_url,
            "bangumi_api": self.bangumi_url,
            "bangumi_auth": self.bangumi_url,
        }

    def control(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Steer them: see :mod:`bgmsync.standins.surface` for the paths."""
        return control(self.trakt_url, path, body, method)

    def start(self) -> Self:
        """Start serving; raise ``RuntimeError`` when that fails."""
        self._thread.start()
        if not self._up.wait(STARTED):
            raise RuntimeError("the stand-ins did not start")
        return self

    def stop(self) -> None:
        """Stop at once; requests that hang are dropped."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    __enter__ = start

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        trakt, bangumi = TraktSite(self.hub), BangumiSite(self.hub)
        steering = Control(self.hub, trakt, bangumi).app
        self._servers = [
            uvicorn.Server(
                uvicorn.Config(
                    Front(site, self.hub, steering),
                    access_log=False,
                    log_level="warning",
                    log_config=None,
                    lifespan="off",
                    proxy_headers=False,
                    ws="none",
                    backlog=BACKLOG,
                )
            )
            for site in (trakt, bangumi)
        ]
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        pairs = zip(self._servers, self._sockets, strict=True)
        serving = [asyncio.create_task(server.serve(sockets=[listener])) for server, listener in pairs]
        while not all(server.started for server in self._servers):  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        self._up.set()
        await self._stopping.wait()
        for task in serving:  # uvicorn's own way out takes a fifth of a second
            task.cancel()
        for server in self._servers:
            drop(server)


def drop(server: uvicorn.Server) -> None:
    """Stop listening and cut all connections."""
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.transport.abort()


def listening(host: str, port: int) -> socket.socket:
    """Listen there. Named as TCP outright, else asyncio leaves Nagle's algorithm on: 40 ms an answer."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener
