"""Waiting for several requests at once, without leaving any behind."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

T = TypeVar("T")


async def together(coroutines: Iterable[Coroutine[Any, Any, T]], *, at_once: int | None = None) -> list[T]:
    """Run all, and return their results in order. The first error stops the others and is raised as it is.

    *at_once* bounds how many have begun and not ended: what each holds in memory is held that often.
    """
    turns = asyncio.Semaphore(at_once) if at_once else nullcontext()

    async def in_turn(coroutine: Coroutine[Any, Any, T]) -> T:
        async with turns:
            return await coroutine

    started = [in_turn(coroutine) for coroutine in coroutines]
    tasks = [asyncio.ensure_future(coroutine) for coroutine in started]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
