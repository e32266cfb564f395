"""What is sent to Sentry, as a real server on loopback receives it: that something failed, where, and nothing else."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bgmsync.watching import checks, errors

KEY = "0123456789abcdef0123456789abcdef"
TITLE, NAME, SECRET = "葬送のフリーレン", "alice-the-member", "AT-that-nobody-may-see"
PROGRAM = f"""
import logging, django
django.setup()
import sentry_sdk
from django.test import Client
from django.urls import path
from bgmsync import urls
from bgmsync.shared.logs import about

def fails(request, name):
    title, token = {TITLE!r}, {SECRET!r}
    logging.getLogger("sync").warning("a breadcrumb with %s", title)
    raise RuntimeError(f"{{title}} of {NAME} with {{token}}")

urls.urlpatterns.append(path("fails/<str:name>/", fails))
client = Client(raise_request_exception=False, headers={{"Authorization": "Bearer {SECRET}", "Cookie": "c={SECRET}"}})
client.post("/fails/{NAME}/?token={SECRET}", {{"title": {TITLE!r}}})
with about(run=42, user=7):
    try:
        raise ValueError("{TITLE} {SECRET}")
    except ValueError:
        logging.getLogger("sync.engine.run").exception("run %s failed of %s", 42, {TITLE!r})
    logging.getLogger("django-q").error("Failed {TITLE} {SECRET}")
sentry_sdk.flush(10)
"""


class Sentry(ThreadingHTTPServer):
    """Keeps the envelopes that it is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[str] = []

    @property
    def dsn(self):
        return f"http://{KEY}@127.0.0.1:{self.server_port}/1"

    def events(self):
        """Return the events of all envelopes: after the first line, a header and a body by turns."""
        parts = [json.loads(line) for envelope in self.received for line in envelope.strip().splitlines()]
        return [part for part in parts if "level" in part]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):  # the library's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        received: Any = self.server
        received.received.append(body.decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format, *args):  # noqa: A002  # the library's name
        pass


@pytest.fixture
def sentry():
    with Sentry() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def run(program, tmp_path, **env):
    kept = {**os.environ, "DJANGO_SETTINGS_MODULE": "bgmsync.settings", "VAR_DIR": str(tmp_path)}
    kept |= {"ALLOWED_HOSTS": "testserver", **env}
    return subprocess.run([sys.executable, "-c", program], env=kept, capture_output=True, text=True, check=True)


def test_errors_are_sent_without_a_title_a_name_or_a_secret(sentry, tmp_path):
    run(PROGRAM, tmp_path, SENTRY_DSN=sentry.dsn)

    everything = "\n".join(sentry.received)
    for hidden in (TITLE, json.dumps(TITLE)[1:-1], NAME, SECRET, KEY, "cookie", "breadcrumb", str(tmp_path)):
        assert hidden.lower() not in everything.lower()
    by_logger = {event["logger"]: event for event in sentry.events()}
    ours = by_logger["sync.engine.run"]
    assert ours["logentry"] == {"message": "run %s failed of %s"}
    assert ours["tags"] == {"run": "42"}
    error = ours["exception"]["values"][-1]
    assert error["type"] == "ValueError"
    assert "value" not in error
    assert error["stacktrace"]["frames"][-1]["lineno"]
    assert "logentry" not in by_logger["django-q"]


def test_a_page_that_fails_is_sent_by_its_pattern(sentry, tmp_path):
    run(PROGRAM, tmp_path, SENTRY_DSN=sentry.dsn)

    page = next(event for event in sentry.events() if event.get("transaction", "").startswith("/fails/"))
    assert page["transaction"] == "/fails/{name}/"
    assert page["exception"]["values"][-1]["type"] == "RuntimeError"
    assert page["tags"]["request"]
    assert not page.keys() & {"request", "user", "breadcrumbs", "extra", "contexts", "server_name", "modules"}


def test_nothing_is_sent_anywhere_without_an_address(tmp_path):
    done = run("import django; django.setup(); import sys; print('sentry_sdk' in sys.modules)", tmp_path, SENTRY_DSN="")

    assert done.stdout.strip() == "False"


def test_a_wrong_address_or_a_missing_library_stops_nothing_and_is_told(tmp_path, settings, monkeypatch):
    run("import django; django.setup()", tmp_path, SENTRY_DSN="not an address")
    settings.SENTRY_DSN = "not an address"
    assert [message.id for message in checks.sentry_dsn()] == ["bgmsync.W005"]

    monkeypatch.setattr(errors, "is_installed", lambda: False)
    assert [message.id for message in checks.sentry_dsn()] == ["bgmsync.W004"]
    assert "not an address" not in checks.sentry_dsn()[0].msg


def test_a_form_of_logs_that_there_is_not_and_a_token_to_be_guessed_are_told(settings):
    settings.LOG_FORMAT, settings.METRICS_TOKEN = "xml", "short"

    assert [message.id for message in (*checks.log_format(), *checks.metrics_token())] == [
        "bgmsync.E006",
        "bgmsync.W003",
    ]
