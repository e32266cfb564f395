"""What a container asks about itself: does the web server answer, and do the workers work."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from bgmsync.shared.command import SCHEMA, TAG, ProductCommand
from sync import alive

if TYPE_CHECKING:
    from argparse import ArgumentParser

PATIENCE = 5.0
"""Seconds that the web server may take to answer."""


class Command(ProductCommand):
    requires_system_checks = (TAG, SCHEMA)  # not that of the keys: it needs none
    help = (
        "Tells by its exit status whether what runs on this machine does its work: the web server answers, the workers "
        "of this machine are all there, and jobs are taken up. Without options it looks at both."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--web", action="store_true", help="look at the web server alone")
        parser.add_argument("--workers", action="store_true", help="look at the workers alone")
        parser.add_argument("--port", type=int, default=8000, help="port of the web server (default: %(default)s)")

    def handle(self, *_args: Any, **options: Any) -> None:
        both = options["web"] == options["workers"]
        found: dict[str, bool] = {}
        if both or options["web"]:
            found["web"] = _web_answers(options["port"])
        if both or options["workers"]:
            found |= _workers()
        healthy = all(found.values())
        text = ", ".join(f"{name}: {'ok' if good else 'NOT OK'}" for name, good in found.items())
        self.result({"healthy": healthy, **found}, text, as_json=options["json"])
        if not healthy:
            raise CommandError(MEANING)


MEANING = (
    "web: the web server answers. database: it can be asked. cluster: the workers of this machine said within three "
    "minutes that none of them is missing. jobs: a worker took one up within three minutes, or is at one. What is not "
    "ok is mended by starting it anew; nothing is lost by that."
)


def _web_answers(port: int) -> bool:
    """Ask as somebody would who knows its public name: other names are refused, plain http may be sent on."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status in {200, 301}
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _workers() -> dict[str, bool]:
    try:
        return {"database": True, "cluster": alive.this_cluster_runs(), "jobs": alive.look().is_there}
    except DatabaseError:
        return {"database": False, "cluster": False, "jobs": False}
