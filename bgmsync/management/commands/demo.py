"""The whole program against stand-ins of Trakt and Bangumi: no account, no network, every screen has something."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import CommandError

from bgmsync import demo
from bgmsync.processes import Processes, Stop, free_port, manage, stop_on_signals, wait_for_port, web
from bgmsync.shared.command import ProductCommand

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

USER, PASSWORD = "demo", "demo"
HOST = "127.0.0.1"


class Command(ProductCommand):
    help = (
        "Starts stand-ins of Trakt and Bangumi on this machine, makes a user with a history, runs the first sync and "
        "prints what became of it, then serves until Ctrl-C. It has a database of its own, which is new each time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", help="stop after the first sync and its summary")
        parser.add_argument("--port", type=int, default=8000, help="port of the web server (default: %(default)s)")

    def handle(self, *_args: Any, **options: Any) -> None:
        stop_on_signals()
        port = free_port(HOST, options["port"])
        base_url = f"http://localhost:{port}"
        processes = Processes()
        standins: subprocess.Popen[str] | None = None
        try:
            self.say("Starting stand-ins of Trakt and Bangumi …")
            standins, urls = demo.start_standins()
            env = demo.environment(demo.fresh_folder(settings.VAR_DIR), urls, base_url)
            self._prepare(env)
            processes.start("web server", web(HOST, port), env)
            processes.start("workers", manage("qcluster"), env)
            if not wait_for_port(HOST, port):
                raise CommandError("The web server did not start; what it said stands above.")
            self.say("Running the first sync through the queue …")
            summary = self._first_sync(env)
            self._announce(summary, base_url, as_json=options["json"])
            if not options["once"]:
                ended = processes.wait()
                raise CommandError(f"The {ended} ended by itself; all else was stopped.")
        except Stop:
            self.say("Stopping.")
        finally:
            processes.stop(grace=10)
            if standins is not None:
                standins.terminate()
                standins.wait(10)

    def _prepare(self, env: Mapping[str, str]) -> None:
        """Make the database, the user, and the connections, by the commands that anybody would use."""
        self._run(env, "migrate", "--verbosity", "0")
        self._run(
            dict(env) | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD},
            *("createsuperuser", "--noinput", "--username", USER, "--email", ""),
        )
        tokens = demo.tokens_of()
        self._run(env, "connect", USER, "trakt", stdin=json.dumps(dict(tokens.trakt)))
        self._run(env, "connect", USER, "bangumi", stdin=json.dumps(dict(tokens.bangumi)))

    def _first_sync(self, env: Mapping[str, str]) -> dict[str, Any]:
        summary = json.loads(self._run(env, "queue_sync", USER, "--json"))
        if not summary["read"]:
            raise CommandError(f"The first sync read nothing: {summary['status']} {summary['reason']}.")
        return summary

    def _run(self, env: Mapping[str, str], *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(  # noqa: S603  # our own commands
            manage(*arguments), env=dict(env), input=stdin, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CommandError(f"{arguments[0]} failed:\n{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _announce(self, summary: dict[str, Any], base_url: str, *, as_json: bool) -> None:
        address = f"{base_url}/admin/"
        text = "\n".join(
            [
                "",
                summary["text"],
                "",
                f"  bgmsync is running at {address}",
                f"  Log in as {USER} with the password {PASSWORD}",
                "  Ctrl-C stops it.",
                "",
            ]
        )
        data = {"address": address, "user": USER, "password": PASSWORD, "sync": summary}
        self.result(data, text, as_json=as_json)
        self.stdout.flush()
