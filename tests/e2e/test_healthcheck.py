"""Whether a container is well, as it asks itself."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from bgmsync.shared.models import Heartbeat
from sync import alive, dispatch
from sync.models import SyncRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def web_server():
    """Serve /healthz, and keep what was asked; yield the port and the requests."""
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Host"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format, *args):  # noqa: A002  # the base names it so
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


def looked(*options):
    """Return what the command says, and whether it succeeds."""
    out = StringIO()
    try:
        call_command("healthcheck", "--json", *options, stdout=out)
    except CommandError:
        return json.loads(out.getvalue()), False
    return json.loads(out.getvalue()), True


def beat(name, *, ago=timedelta(0)):
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now() - ago})


def test_it_is_well_when_the_web_server_answers_and_the_workers_work(web_server):
    port, asked = web_server
    beat(alive.WORKERS)
    beat(alive.this_cluster())
    found, good = looked("--port", str(port))
    assert good
    assert found == {"healthy": True, "web": True, "database": True, "cluster": True, "jobs": True}
    assert asked == [("/healthz", "localhost")]


def test_a_web_server_is_asked_by_its_public_name(web_server, settings):
    settings.BASE_URL = "https://sync.example.org"
    port, asked = web_server
    assert looked("--web", "--port", str(port))[1]
    assert asked == [("/healthz", "sync.example.org")]


def test_a_web_server_that_does_not_answer_is_not_well(web_server):
    port, _asked = web_server
    assert looked("--web", "--port", str(port))[1]
    assert looked("--web", "--port", "1") == ({"healthy": False, "web": False}, False)


def test_workers_of_another_machine_do_not_speak_for_those_of_this_one():
    beat(alive.WORKERS)
    beat(f"{alive.CLUSTER}elsewhere")
    found, good = looked("--workers")
    assert not good
    assert (found["cluster"], found["jobs"]) == (False, True)


def test_workers_that_take_up_no_job_are_not_well_though_their_processes_are_there():
    beat(alive.WORKERS, ago=alive.LATE)
    beat(alive.this_cluster())
    found, good = looked("--workers")
    assert not good
    assert (found["cluster"], found["jobs"]) == (True, False)


def test_workers_that_are_all_at_long_runs_are_well(django_user_model):
    beat(alive.WORKERS, ago=alive.LATE)
    beat(alive.this_cluster())
    user = django_user_model.objects.create_user("alice")
    run = SyncRun.objects.create(user=user, trigger="schedule", status="running", heartbeat_at=timezone.now())
    assert looked("--workers")[1]
    assert Client().get("/readyz").json()["worker"] is True

    SyncRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - alive.LATE)
    assert not looked("--workers")[1]
    assert Client().get("/readyz").status_code == 503


def test_machines_that_are_long_gone_are_forgotten():
    beat(f"{alive.CLUSTER}gone", ago=timedelta(days=2))
    beat(alive.this_cluster())
    dispatch.prune_daily()
    names = set(Heartbeat.objects.values_list("name", flat=True))
    assert names == {alive.this_cluster(), "prune"}
