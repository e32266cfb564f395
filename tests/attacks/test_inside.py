"""What reaches inside by what the program fetches, or takes out of its own stores."""

from __future__ import annotations

import base64
import os
import pickle
import socket
import threading

import pytest
from django.core import signing

from tests.attacks.conftest import wait_until


class Runs:
    """Unpickled, it makes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (self.path,))


def forged(kind: str, path: str) -> str:
    text = base64.urlsafe_b64encode(pickle.dumps(Runs(path))).decode()
    if kind == "signed with another key":
        return signing.TimestampSigner(key="a guess", salt="bgmsync").sign(text)
    return {"bare": text, "with half a signature": f"{text}:", "signed by nobody": f"{text}:1abcde:{'A' * 43}"}[kind]


def test_a_forged_job_is_thrown_away_unread_and_the_queue_goes_on(target, noah, tmp_path):
    kinds = ["bare", "with half a signature", "signed by nobody", "signed with another key"]
    for kind in kinds:
        target.execute(
            "INSERT INTO django_q_ormq (key, payload, lock) VALUES ('bgmsync', ?, '2020-01-01 00:00:00')",
            forged(kind, str(tmp_path / kind)),
        )
    noah.post("/admin/sync/parityreport/compare/")

    assert wait_until(lambda: not target.query("SELECT 1 FROM django_q_ormq WHERE lock < '2021-01-01'"))
    assert wait_until(lambda: not target.query("SELECT 1 FROM django_q_ormq"))
    assert list(tmp_path.iterdir()) == []


def test_a_forged_session_is_nobodys(target, visitor, tmp_path):
    """Sessions are signed JSON: who can write to their table but has no key puts nothing in that is believed."""
    stored = "0" * 64
    for kind in ("bare", "signed by nobody"):
        target.execute(
            "INSERT OR REPLACE INTO people_session (session_key, session_data, expire_date, seen_at, address, agent) "
            "VALUES (?, ?, '2099-01-01', '2026-01-01', '', '')",
            stored,
            forged(kind, str(tmp_path / kind)),
        )
        visitor.http.cookies.set("sessionid", "0" * 32)
        assert visitor.http.get("/me/").status_code == 302
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def listener():
    """Something on this machine that nobody outside may reach: it counts who comes."""
    came = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        done = threading.Event()

        def accept():
            while not done.is_set():
                try:
                    connection, peer = server.accept()
                except TimeoutError:
                    continue
                came.append(peer)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], came
        done.set()
        thread.join()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0", "127.1", "localtest.me@127.0.0.1"],
)
def test_a_notification_reaches_nothing_on_this_machine(target, mia, listener, host):
    port, came = listener
    for kind, address in (("ping", f"http://{host}:{port}/"), ("message", f"json://{host}:{port}/")):
        data = {"name": f"{kind} {host}", "kind": kind, "new_address": address, "events": ["failed"], "enabled": "on"}
        mia.post("/admin/sync/notificationchannel/add/", data)
    mine = target.query("SELECT id FROM sync_notificationchannel WHERE name LIKE ?", f"%{host}")
    for (channel,) in mine:
        mia.post(f"/admin/sync/notificationchannel/{channel}/test/")

    assert came == []
