"""Which addresses may be spoken to, and what may be shown of one."""

from __future__ import annotations

import pytest

from sync.notifying.addresses import SERVICES, is_public, is_web, label_of, names_private_host, with_signal
from sync.notifying.guard import Blocked, Guard

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104  # an address to be refused
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:7f00:1::",
    "localhost",
    "",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_this_machine_or_of_a_private_network_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::9.9.9.9"])
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "json://127.0.0.1/x",
        "jsons://u:p@[::1]:8443/x",
        "http://169.254.169.254/latest",
        "ntfy://localhost",
        "https://nas.local./x",
        "https://metadata.google.internal/",
    ],
)
def test_an_address_that_says_itself_that_it_is_private_is_known_without_a_look_up(address):
    assert names_private_host(address)


@pytest.mark.parametrize("address", ["https://hc-ping.com/x", "tgram://123456:abc/1", "json://9.9.9.9", "nonsense"])
def test_any_other_address_is_judged_when_it_is_connected_to(address):
    assert not names_private_host(address)


@pytest.mark.parametrize("event", ["socket.connect", "socket.sendto", "socket.sendmsg"])
@pytest.mark.parametrize("address", [("127.0.0.1", 80), ("::1", 80, 0, 0), ("example.com", 80), "/run/docker.sock"])
def test_the_guard_lets_nothing_connect_but_to_a_public_numeric_address(event, address):
    guard = Guard(private=False, roots=())

    with pytest.raises(Blocked):
        guard(event, (None, address))

    assert guard.refused


def test_the_guard_lets_the_internet_be_connected_to():
    Guard(private=False, roots=())("socket.connect", (None, ("9.9.9.9", 443)))


def test_the_operator_may_allow_private_addresses():
    Guard(private=True, roots=())("socket.connect", (None, ("127.0.0.1", 80)))


@pytest.mark.parametrize("event", ["subprocess.Popen", "os.system", "os.exec", "os.fork"])
def test_the_guard_lets_no_program_be_started(event):
    with pytest.raises(Blocked):
        Guard(private=True, roots=())(event, ())


@pytest.mark.parametrize("path", ["/etc/passwd", b"/etc/passwd", "/usr/lib/../../etc/passwd", ".env"])
def test_the_guard_lets_no_file_be_read_but_pythons_own(path):
    with pytest.raises(Blocked):
        Guard(private=True, roots=("/usr/lib/",))("open", (path, "r", 0))


def test_the_guard_lets_python_load_its_modules():
    Guard(private=True, roots=("/usr/lib/",))("open", ("/usr/lib/python3/json/__init__.py", "r", 0))


@pytest.mark.parametrize(
    "name", ["file", "syslog", "rsyslog", "dbus", "glib", "gnome", "windows", "macosx", "irc", "mqtt"]
)
def test_services_of_the_machine_itself_are_not_among_those_that_are_allowed(name):
    assert name not in SERVICES


@pytest.mark.parametrize(
    "address",
    ["tgram://123:key/1", "https://hc-ping.com/key", "mailtos://me:key@example.com", "https://u:key@example.com/key"],
)
def test_a_label_shows_nothing_of_where_the_address_leads(address):
    shown = label_of(address, "Service")

    assert "key" not in shown
    assert "." not in shown


@pytest.mark.parametrize(
    ("signal", "where"),
    [
        ("start", "https://hc.example/ping/key/start?create=1"),
        ("fail", "https://hc.example/ping/key/fail?create=1"),
        ("success", "https://hc.example/ping/key?create=1"),
        ("test", "https://hc.example/ping/key?create=1"),
    ],
)
def test_a_monitor_is_told_by_the_suffix_of_its_address(signal, where):
    assert with_signal("https://hc.example/ping/key?create=1", signal) == where


@pytest.mark.parametrize("address", ["ftp://example.com", "example.com", "https://", "https://[::1", "http://x:99999"])
def test_a_monitor_is_reached_by_the_web_alone(address):
    assert not is_web(address)
