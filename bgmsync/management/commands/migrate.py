"""Django's own command, one at a time: several machines may be started together."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from bgmsync.shared import schema


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with schema.one_at_a_time(options["database"]):
            super().handle(*args, **options)
