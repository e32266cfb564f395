"""What a supervisor is told: that a cluster froze, that the broker is away, and not that workers are merely busy."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from bgmsync.shared.models import Heartbeat
from sync import alive, tasks
from sync.models import SyncRun

REPLIES = {b"HELLO": b"%1\r\n$5\r\nproto\r\n:3\r\n", b"PING": b"+PONG\r\n", b"LLEN": b":3\r\n", b"": b"+OK\r\n"}
LONG_AGO = timedelta(minutes=5)


@pytest.fixture
def broker(settings):
    """A server that answers what Redis answers to PING and LLEN."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    while asked := connection.recv(4096):
                        for command in asked.upper().split(b"*")[1:]:
                            connection.sendall(next(reply for word, reply in REPLIES.items() if word in command))

        threading.Thread(target=serve, daemon=True).start()
        settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield server


def ready(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_it_is_ready_when_a_job_arrived_lately(db, client):
    tasks.alive.beat()

    assert ready(client) == (200, dict.fromkeys(("ready", "database", "migrations", "broker", "worker"), True))


def test_a_frozen_cluster_is_noticed_though_its_processes_are_all_there(db, client):
    Heartbeat.objects.create(name="dispatch", at=timezone.now() - LONG_AGO)

    status, found = ready(client)

    assert (status, found["worker"], found["database"]) == (503, False, True)


@pytest.mark.parametrize(("beat", "status"), [(timedelta(seconds=3), 200), (LONG_AGO, 503)])
def test_workers_that_are_all_at_a_long_run_are_alive_for_as_long_as_the_run_is(beat, status, alice, client):
    Heartbeat.objects.create(name="dispatch", at=timezone.now() - LONG_AGO)
    SyncRun.objects.create(user=alice, trigger="full", status="running", heartbeat_at=timezone.now() - beat)

    assert ready(client)[0] == status


def test_a_run_that_is_over_proves_nothing(alice, client):
    SyncRun.objects.create(user=alice, trigger="command", status="succeeded", heartbeat_at=timezone.now())

    assert ready(client)[0] == 503


def test_a_broker_that_answers_is_reachable(broker, db, client):
    alive.beat()

    assert ready(client)[0] == 200


def test_a_broker_that_is_away_is_noticed(db, client, settings):
    alive.beat()
    settings.REDIS_URL = "redis://:a-password@127.0.0.1:9/0"

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["broker"]) == (503, False)
    assert b"a-password" not in answer.content


def test_a_machine_that_is_gone_is_forgotten(db):
    Heartbeat.objects.create(name="machine old", at=timezone.now() - timedelta(days=2))
    Heartbeat.objects.create(name="machine new", at=timezone.now())

    assert list(alive.machines()) == ["new"]
    alive.forget_old()
    assert not Heartbeat.objects.filter(name="machine old").exists()


def test_life_is_told_without_the_database(client):
    assert client.get("/healthz").json() == {"alive": True}
