"""An installation inside the test's own process and database: the same commands, without starting Python for each."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.management import CommandError, call_command
from django.db import connection

from sync.models import SyncRun
from tests.e2e.installation import Installation

if TYPE_CHECKING:
    from typing import Any

NUMBERS = {"RETRY_SCALE": float, "TRAKT_RATE": float, "BANGUMI_RATE": float, "JOB_LIMIT": int}
KEPT_OUT = {"VAR_DIR", "LOG_LEVEL"}
"""What only a process of its own can be told."""


@dataclass
class InProcess(Installation):
    """Like :class:`Installation`; *settings* is pytest-django's, through which the environment is told."""

    settings: Any = None

    def configure(self) -> InProcess:
        for name, value in self.settings_of_env().items():
            setattr(self.settings, name, NUMBERS.get(name, str)(value))
        return self

    def manage(self, *arguments: str, stdin: str = "", ok: bool | None = True) -> str:
        out, err, before = io.StringIO(), io.StringIO(), sys.stdin
        sys.stdin = io.StringIO(stdin)
        try:
            # A command's help wraps the streams that it finds when it is loaded, so both ways are taken.
            with redirect_stdout(out), redirect_stderr(err):
                call_command(*arguments, stdout=out, stderr=err)
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        except CommandError as error:
            err.write(str(error))
            status = 1
        finally:
            sys.stdin = before
        assert not SyncRun.objects.filter(reason="internal").exists(), "a run met an error of our own"
        self.errors = err.getvalue()
        if ok is not None:
            assert (status == 0) is ok, f"{arguments}: {status}\n{out.getvalue()}\n{err.getvalue()}"
        return out.getvalue()

    def query(self, sql: str) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
