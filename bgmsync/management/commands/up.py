"""Everything on one machine: migrate, first user, web server, workers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from bgmsync.processes import Processes, Stop, free_port, manage, stop_on_signals, wait_for_port, web
from bgmsync.shared import keyproof, schema
from bgmsync.shared.command import ProductCommand

if TYPE_CHECKING:
    from argparse import ArgumentParser

FIRST_USER = "admin"


class Command(ProductCommand):
    help = (
        "Migrates the database, makes the first superuser if there is none (its password is printed once), starts the "
        "web server and the workers, and stops them all on Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, help="port to listen on (default: that of BASE_URL, or 8000)")

    def handle(self, *_args: Any, **options: Any) -> None:
        stop_on_signals()
        with schema.one_at_a_time():
            call_command("migrate", verbosity=0, interactive=False)
            password = self._first_user()
        keyproof.leave()
        host, port = options["host"], options["port"] or urlsplit(settings.BASE_URL).port or 8000
        if free_port(host, port) != port:
            raise CommandError(
                f"Port {port} on {host} is taken. Stop what listens there, or choose another: --port 8001 "
                f"(and set BASE_URL to the address that people use)."
            )
        processes = Processes()
        try:
            processes.start("web server", web(host, port))
            processes.start("workers", manage("qcluster"))
            wait_for_port(host, port)
            self._announce(host, port, password, as_json=options["json"])
            ended = processes.wait()
        except Stop:
            self.say("Stopping: what is being written is finished first.")
        else:
            raise CommandError(f"The {ended} ended by itself; all else was stopped. Its log above says why.")
        finally:
            processes.stop()

    def _first_user(self) -> str:
        """Make the first superuser and return its password; empty when there is one already."""
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            return ""
        password = secrets.token_urlsafe(12)
        users.create_superuser(FIRST_USER, email=None, password=password)
        return password

    def _announce(self, host: str, port: int, password: str, *, as_json: bool) -> None:
        address = f"http://{host}:{port}/admin/"
        data = {"address": address} | ({"user": FIRST_USER, "password": password} if password else {})
        lines = ["", f"  bgmsync is running at {address}"]
        if password:
            lines += [f"  Log in as {FIRST_USER} with the password {password}", "  (it is not shown again)"]
        self.result(data, "\n".join([*lines, "  Ctrl-C stops it.", ""]), as_json=as_json)
        self.stdout.flush()
