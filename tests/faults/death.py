"""The death of a process at any instant, inside the test's own process: from then on nothing it does has an effect.

It stands for kill -9 where thousands of them are tried; tests/faults/test_kills.py sends real ones.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx
from django.db import connection

from bgmsync.shared.alive import this_machine
from sync.models import SyncRun

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

NOBODY = f"{this_machine()}|4194305|0"
"""A process that can't be: its number is beyond the largest that Linux gives."""

UNDOING = ("ROLLBACK", "SAVEPOINT", "RELEASE")
"""What the database does by itself when a client is gone; the open transaction of the dead ends in a rollback."""

READING = ("SELECT", *UNDOING)


class Dead(BaseException):
    """The process is gone. No handler of the program may catch it, and whatever runs on its way out fails as well."""


@dataclass
class Death:
    """It comes at the so-manieth instant: before a request, after its answer, or before a statement that writes."""

    instants: int
    came: bool = False

    def pass_by(self) -> None:
        """Come, if it is time; once it is there, it stays."""
        self.instants -= 1
        if self.instants < 0:
            self.came = True
            raise Dead

    def at_statement(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001  # Django calls it so
        context: dict[str, Any],
    ) -> Any:
        if self.came and not sql.startswith(UNDOING):
            raise Dead
        if not sql.startswith(READING):
            self.pass_by()
        return execute(sql, params, many, context)


@contextmanager
def dying_after(instants: int) -> Generator[Death]:
    """Let the run inside die after so many *instants*, and leave its row as the operating system would."""
    death = Death(instants)
    send = httpx.AsyncClient.send

    async def mortal(client: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
        death.pass_by()
        response = await send(client, request, **options)
        death.pass_by()
        return response

    try:
        with patch.object(httpx.AsyncClient, "send", mortal), connection.execute_wrapper(death.at_statement):
            yield death
    except Dead:
        SyncRun.objects.filter(status=SyncRun.Status.RUNNING).update(owner=NOBODY)
