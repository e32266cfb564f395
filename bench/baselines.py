"""Two clients that others could have written, to compare with: one request an episode, and one request at a time.

Both know every answer beforehand (which episode of which subject each play is), so that matching costs them nothing;
both do what is asked for: read the list, add what is missing, tick what was watched, and read back that it is there.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bgmsync.standins import StandIns, World
    from tests.worlds import Truth

PAGE = 250
LIST_PAGE = 100
IN_FLIGHT = 8
PATIENCE = 60
DOING, WATCHED = 3, 2


class KnowingClient:
    """Carries over a world whose every match it was told."""

    def __init__(self, world: World, truth: Truth, standins: StandIns, *, at_once: int, batches: bool) -> None:
        self._world = world
        self._marks = truth.marks()
        self._standins = standins
        self._turns = asyncio.Semaphore(at_once)
        self._batches = batches
        self.requests: Counter[str] = Counter()

    async def sync(self) -> float:
        """Carry everything over; return the seconds it took."""
        trakt_user, bangumi_user = self._world.trakt.users[0], self._world.bangumi.users[0]
        trakt = {
            "Authorization": f"Bearer {trakt_user.access_token}",
            "trakt-api-key": self._world.trakt.apps[0].client_id,
            "trakt-api-version": "2",
            "Content-Type": "application/json",
        }
        bangumi = {"Authorization": f"Bearer {bangumi_user.access_token}"}
        agent = {"User-Agent": "bench/1.0 (a client to compare with)"}
        limits = httpx.Limits(max_connections=IN_FLIGHT)
        started = time.monotonic()
        async with (
            httpx.AsyncClient(
                base_url=self._standins.trakt_url, headers=trakt | agent, timeout=PATIENCE, limits=limits
            ) as source,
            httpx.AsyncClient(
                base_url=self._standins.bangumi_url, headers=bangumi | agent, timeout=PATIENCE, limits=limits
            ) as target,
        ):
            await self._read_history(source)
            listed = await self._read_list(target, bangumi_user.username)
            await self._together(self._write(target, subject, subject in listed) for subject in self._marks)
        return time.monotonic() - started

    async def _together(self, work: Iterable[Any]) -> None:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)

    async def _ask(self, client: httpx.AsyncClient, method: str, path: str, **request: Any) -> httpx.Response:
        async with self._turns:
            self.requests["trakt" if path.startswith("/sync") else "bangumi"] += 1
            return (await client.request(method, path, **request)).raise_for_status()

    async def _read_history(self, client: httpx.AsyncClient) -> None:
        await self._ask(client, "GET", "/sync/last_activities")
        page = {"limit": PAGE, "extended": "full"}
        first = await self._ask(client, "GET", "/sync/history", params=page | {"page": 1})
        pages = int(first.headers["x-pagination-page-count"])
        await self._together(
            self._ask(client, "GET", "/sync/history", params=page | {"page": n}) for n in range(2, pages + 1)
        )

    async def _read_list(self, client: httpx.AsyncClient, username: str) -> set[int]:
        path, listed, total = f"/v0/users/{username}/collections", set(), 1
        while len(listed) < total:
            params = {"subject_type": 2, "limit": LIST_PAGE, "offset": len(listed)}
            answer = (await self._ask(client, "GET", path, params=params)).json()
            total = answer["total"]
            listed |= {row["subject_id"] for row in answer["data"]}
            if not answer["data"]:
                break
        return listed

    async def _write(self, client: httpx.AsyncClient, subject: int, is_listed: bool) -> None:  # noqa: FBT001  # a fact
        path, episodes = f"/v0/users/-/collections/{subject}", sorted(self._marks[subject])
        if self._batches:
            await self._ask(client, "GET", f"{path}/episodes", params={"limit": 1000})
        if not is_listed:
            await self._ask(client, "POST", path, json={"type": DOING})
        if self._batches and episodes:
            await self._ask(client, "PATCH", f"{path}/episodes", json={"episode_id": episodes, "type": WATCHED})
        elif not self._batches:
            for episode in episodes:
                await self._ask(client, "PUT", f"/v0/users/-/collections/-/episodes/{episode}", json={"type": WATCHED})
        await self._ask(client, "GET", f"{path}/episodes", params={"limit": 1000})


def compare(world: World, truth: Truth, standins: StandIns, *, at_once: int, batches: bool) -> dict[str, Any]:
    """Run one of them; return what it cost."""
    client = KnowingClient(world, truth, standins, at_once=at_once, batches=batches)
    seconds = asyncio.run(client.sync())
    return {"requests": client.requests.total(), "seconds": seconds}
