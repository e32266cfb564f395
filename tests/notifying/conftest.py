"""A user with channels, and a real HTTP receiver on loopback that answers what its address asks for."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.contrib.auth.models import User

from sync import queue
from sync.models import Note, NotificationChannel, SyncRun
from sync.models.channel import CHOSEN
from sync.notifying import outbox, telling
from tests.e2e.conftest import connected, install
from trakt.models import TraktConfig

__all__ = ["connected", "install"]

KEY = "a-key-that-nobody-may-see"


class Receiver:
    """``/KEY/500`` answers 500, ``/KEY/hang`` nothing at all, ``/KEY/to-metadata`` leads on to a cloud's metadata."""

    def __init__(self):
        self.got: list[tuple[str, str, str]] = []
        self.over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                text = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                receiver.got.append((self.command, self.path, text))
                if "/hang" in self.path:
                    receiver.over.wait(60)
                if "/get-only" in self.path and self.command == "POST":
                    self.send_response(405)
                elif "/to-metadata" in self.path:
                    self.send_response(302)
                    self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
                else:
                    self.send_response(next((int(part) for part in self.path.split("/") if part.isdecimal()), 200))
                self.end_headers()

            do_POST = do_GET = answer  # noqa: N815  # the standard library's names

            def log_message(self, format, *args):  # noqa: A002  # its name there
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def paths(self) -> list[str]:
        return [path for _method, path, _text in self.got]

    @property
    def notes(self) -> list[dict]:
        return [json.loads(text) for _method, _path, text in self.got]

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(settings):
    settings.NOTIFY_PRIVATE = True
    found = Receiver()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def queued(monkeypatch):
    """What was handed to the queue, which no worker takes here."""
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "enqueue_note", lambda pk: found.append(("note", pk)))
    monkeypatch.setattr(queue, "enqueue_news", lambda pk: found.append(("news", pk)))
    return found


@pytest.fixture
def alice(db):
    user = User.objects.create_user("alice")
    TraktConfig.objects.create(user=user, timezone="Asia/Shanghai")
    return user


@pytest.fixture
def channel(alice):
    """A channel that wants to know everything; give ``address`` or ``kind`` where they matter."""

    def make(address=f"json://127.0.0.1:9/{KEY}", **more):
        given = {"name": "my phone", "label": "JSON · json://…", "events": [event.value for event in CHOSEN]}
        made = NotificationChannel.objects.create(user=alice, address=address, **{**given, **more})
        telling.begin(alice)
        return made

    return make


@pytest.fixture
def ended(alice, django_capture_on_commit_callbacks):
    """End a run with a status, look whether that is news, and deliver what there is to deliver."""

    def end(status, *, deliver=False, **more):
        given = {"trigger": "schedule", "status": status, "stage": "over", **more}
        run = SyncRun.objects.create(user=alice, **given)
        with django_capture_on_commit_callbacks(execute=True):
            telling.after_run(run.pk)
        if deliver:
            deliver_all()
        return run

    return end


def deliver_all() -> None:
    for pk in list(Note.objects.filter(state="waiting").order_by("pk").values_list("pk", flat=True)):
        outbox.deliver(pk)


def told() -> list[str]:
    return list(Note.objects.order_by("pk").values_list("about", flat=True))
