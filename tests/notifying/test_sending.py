"""Over real HTTP, by the real process: what arrives, what does not, and that the address is told to nobody."""

from __future__ import annotations

import logging
import os

import pytest

from sync.models.channel import Event, Signal
from sync.notifying import sending
from sync.notifying.sending import Outcome
from sync.notifying.words import WORDS, Message
from tests.notifying.conftest import KEY

HELLO = Message("Title", "Body\nof two lines")


def test_a_message_arrives_as_it_was_worded(receiver, channel):
    outcome = sending.send(channel(f"json://{receiver.host}/{KEY}"), HELLO)

    assert outcome == Outcome()
    (note,) = receiver.notes
    assert (note["title"], note["message"]) == ("Title", "Body\nof two lines")


@pytest.mark.parametrize(("signal", "suffix"), [("start", "/start"), ("success", ""), ("fail", "/fail"), ("test", "")])
def test_a_monitor_is_called_at_the_address_of_the_signal(receiver, channel, signal, suffix):
    outcome = sending.send(channel(f"http://{receiver.host}/{KEY}", kind="ping"), HELLO, signal)

    assert outcome == Outcome()
    assert receiver.got == [("POST", f"/{KEY}{suffix}", "Body\nof two lines")]


def test_a_monitor_that_takes_no_post_is_asked_by_get(receiver, channel):
    outcome = sending.send(channel(f"http://{receiver.host}/get-only", kind="ping"), HELLO, "success")

    assert outcome == Outcome()
    assert [method for method, _path, _text in receiver.got] == ["POST", "GET"]


@pytest.mark.parametrize(("kind", "scheme"), [("message", "json"), ("ping", "http")])
@pytest.mark.parametrize("status", [401, 500])
def test_a_refusal_is_told_with_its_status(receiver, channel, kind, scheme, status):
    outcome = sending.send(channel(f"{scheme}://{receiver.host}/{KEY}/{status}", kind=kind), HELLO, "success")

    assert outcome == Outcome("refused", status)


@pytest.mark.parametrize(("kind", "scheme"), [("message", "json"), ("ping", "http")])
def test_a_service_that_is_not_there_is_unreachable(receiver, channel, kind, scheme):
    assert sending.send(channel(f"{scheme}://127.0.0.1:9/", kind=kind), HELLO) == Outcome("unreachable")


@pytest.mark.parametrize(("kind", "scheme"), [("message", "json"), ("ping", "http")])
def test_a_service_that_never_answers_is_left_after_a_while(receiver, channel, monkeypatch, kind, scheme):
    monkeypatch.setattr(sending, "DEADLINE", 3.0)

    assert sending.send(channel(f"{scheme}://{receiver.host}/hang", kind=kind), HELLO) == Outcome("unreachable")


@pytest.mark.parametrize(("kind", "scheme"), [("message", "json"), ("ping", "http")])
def test_an_address_on_this_machine_is_not_spoken_to_unless_the_operator_allows_it(
    receiver, channel, settings, kind, scheme
):
    settings.NOTIFY_PRIVATE = False

    for host in (receiver.host, receiver.host.replace("127.0.0.1", "localhost")):
        assert sending.send(channel(f"{scheme}://{host}/{KEY}", kind=kind), HELLO) == Outcome("private")

    assert not receiver.got


def test_a_monitor_that_sends_elsewhere_is_not_followed(receiver, channel):
    outcome = sending.send(channel(f"http://{receiver.host}/to-metadata", kind="ping"), HELLO)

    assert outcome == Outcome("refused", 302)


@pytest.mark.parametrize("address", ["syslog://", "dbus://", "windows://", "file:///etc/passwd", "nonsense", "json://"])
def test_what_is_no_service_that_may_be_used_is_not_sent_to(channel, address):
    assert sending.send(channel(address), HELLO) == Outcome("invalid")


def test_looking_at_an_address_tells_its_service_and_sends_nothing(receiver):
    assert sending.look(f"json://{receiver.host}/x").service == "JSON"
    assert sending.look("tgram://123456789:abcdefg_hijklmnop/12315544/").service == "Telegram"
    assert not receiver.got


def test_the_process_that_sends_knows_no_key_of_the_installation(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "s")
    monkeypatch.setenv("TOKEN_KEYS", "t")
    monkeypatch.setenv("DATABASE_URL", "d")

    assert not {"SECRET_KEY", "TOKEN_KEYS", "DATABASE_URL"} & sending._environment().keys()


def test_a_proxy_that_would_hide_where_a_connection_goes_is_used_only_where_all_is_allowed(monkeypatch, settings):
    monkeypatch.setenv("https_proxy", "http://proxy.example")

    settings.NOTIFY_PRIVATE = False
    assert "https_proxy" not in sending._environment()
    settings.NOTIFY_PRIVATE = True
    assert "https_proxy" in sending._environment()


@pytest.mark.parametrize("where", [f"{scheme}/{status}" for scheme in ("json", "http") for status in (200, 404, 500)])
def test_no_log_names_the_address(receiver, channel, caplog, capfd, where):
    scheme, _slash, status = where.partition("/")
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "httpx", "httpcore", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    kind = "ping" if scheme == "http" else "message"

    sending.send(channel(f"{scheme}://{receiver.host}/{KEY}/{status}", kind=kind), HELLO, "fail")

    assert receiver.got
    printed = capfd.readouterr()
    assert KEY not in caplog.text + printed.out + printed.err


def test_no_other_process_can_read_the_address_while_it_is_sent(receiver, channel, monkeypatch):
    """Arguments and environment of a process are there for others to read; its standard input is not."""
    seen = []
    run = sending.subprocess.run

    def spy(command, **options):
        seen.extend([*command, *options["env"].values()])
        return run(command, **options)

    monkeypatch.setattr(sending.subprocess, "run", spy)
    sending.send(channel(f"http://{receiver.host}/{KEY}", kind="ping"), HELLO)

    assert receiver.got
    assert seen
    assert not [text for text in seen if KEY in text]


def test_a_process_that_breaks_is_no_trouble_but_for_the_note(channel, monkeypatch, caplog):
    monkeypatch.setattr(sending.sys, "executable", os.devnull)

    assert sending.send(channel(), HELLO) == Outcome("unreachable")
    assert KEY not in caplog.text


def test_every_kind_of_note_can_be_worded():
    assert set(WORDS) == {*Event, *Signal}
