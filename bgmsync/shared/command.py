"""What every command of the program has in common: ``--json``, a database that is there, and honest exit statuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

if TYPE_CHECKING:
    from argparse import ArgumentParser

TAG = "bgmsync"
"""Marks the checks of the settings (see ``bgmsync.checks``)."""
SCHEMA = "bgmsync_schema"
"""Marks the check that the database is not newer than the program."""
KEYS = "bgmsync_keys"
"""Marks the check that this machine has the installation's keys."""


class ProductCommand(BaseCommand):
    """A command with ``--json``: standard output then carries JSON alone, and all else goes to standard error.

    Only the settings, and that the database is not newer and its secrets can be read, are checked before it runs:
    checking every admin page and address as well costs a second and 30 MB, and ``manage.py check`` and the tests do it.
    """

    requires_system_checks: Any = (TAG, SCHEMA, KEYS)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON alone on standard output")

    def say(self, text: str) -> None:
        """Tell the person at the terminal something that is not the result."""
        self.stderr.write(text, ending="\n", style_func=str)

    def result(self, data: Any, text: str, *, as_json: bool) -> None:
        self.stdout.write(json.dumps(data, ensure_ascii=False, default=str) if as_json else text)

    def prepare_database(self) -> None:
        """Make the tables of an empty database; refuse to work on one that is older than the program."""
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return
        if executor.loader.applied_migrations:
            raise CommandError(
                "The database is older than the program. Nothing was changed. Make a copy of it, then run: "
                "manage.py migrate"
            )
        call_command("migrate", verbosity=0, interactive=False, stdout=OutputWrapper(self.stderr._out))  # noqa: SLF001  # the stream below the wrapper


def user_named(name: str) -> Any:
    """Return the user, or say how to make one."""
    model = get_user_model()
    try:
        return model.objects.get_by_natural_key(name)
    except model.DoesNotExist:
        raise CommandError(f"There is no user {name!r}. `manage.py status` lists them all.") from None
