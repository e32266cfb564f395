"""Requests that no browser would send by itself: to be led elsewhere, to forge headers and lines, to fill the disk."""

from __future__ import annotations

import io
import socket
import zipfile
from urllib.parse import quote, urlsplit

import pytest

from tests.attacks.conftest import MINE, wait_until

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://127.0.0.1@evil.example/",
    "/%0d%0aLocation:%20https://evil.example",
    "/\r\nLocation: https://evil.example",
    "\u3000//evil.example",
)
EVIL = "evil.example"
HEADERS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def leads_here(answer) -> bool:
    """Tell whether a browser that follows *answer* stays with us."""
    if not answer.is_redirect:
        return EVIL not in answer.headers.get("refresh", "")
    found = urlsplit(answer.headers["location"].replace("\\", "/"))
    return (found.scheme, found.netloc) == ("", "") and not found.path.startswith("//")


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_nobody_is_led_elsewhere(target, visitor, wanted):
    answers = [
        visitor.log_in(MINE, next=wanted),
        visitor.post("/language", {"language": "en", "next": wanted}),
        visitor.http.get("/admin/login/", params={"next": wanted}),
        visitor.http.get("/trakt/callback", params={"next": wanted}),
        visitor.post("/trakt/authorize", {"next": wanted}),
        visitor.http.get("/bangumi/token", params={"next": wanted}),
        visitor.post("/me/sessions/end/", {"next": wanted}),
    ]

    for answer in answers:
        assert answer.status_code < 500
        assert leads_here(answer)
        assert "location: https://evil" not in str(answer.headers).lower()
        assert wanted.startswith(("/%", "/\r")) or f'href="{wanted}"' not in answer.text  # those two stay with us


def test_after_the_second_step_nobody_is_led_elsewhere_either(visitor):
    assert visitor.http.get("/me/code/", params={"next": "//evil.example"}).headers["location"] == "/admin/login/"


@pytest.mark.parametrize("path", ["/admin/login/", "/", "/healthz", "/admin/"])
def test_another_name_is_not_answered_to(visitor, path):
    answer = visitor.http.get(path, headers={"Host": EVIL})

    assert answer.status_code == 400
    assert EVIL not in answer.text


def test_a_name_that_a_proxy_would_pass_on_is_not_believed(mia):
    forged = {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "Forwarded": f"host={EVIL}", "X-Host": EVIL}
    for where in ("/admin/", "/me/", "/people/invitations/", "/no/such/"):
        answer = mia.http.get(where, headers=forged)
        assert EVIL not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    "where", ["/admin/login/", "/admin/", "/healthz", "/no/such/", "/static/bgmsync/theme.css", "/readyz", "/join/x/"]
)
def test_every_answer_forbids_frames_and_strange_scripts(visitor, where):
    answer = visitor.http.get(where)

    if where.startswith("/static/"):
        assert answer.headers["x-content-type-options"] == "nosniff"
    else:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "camera=()" in answer.headers["permissions-policy"]


def test_cookies_are_kept_from_scripts_and_other_sites(visitor):
    answer = visitor.log_in(MINE)
    set_cookies = answer.headers.get_list("set-cookie")

    assert {text.partition("=")[0] for text in set_cookies} >= {"sessionid", "csrftoken", "device"}
    assert all("HttpOnly" in text and "SameSite=Lax" in text for text in set_cookies)


@pytest.mark.parametrize(
    "forged", ["\r\nFORGED 1999 root logged in", "\nFORGED", "\x85FORGED", "\u2028FORGED", "\x1b[2JFORGED"]
)
def test_no_line_of_the_log_is_forged(target, visitor, forged):
    visitor.log_in(f"x{forged}", "wrong")
    visitor.http.get("/no/such/", params={"q": forged})
    visitor.http.get(f"/no{quote(forged)}/such/")
    raw(target, b"GET /no%0d%0aFORGED%0a/such HTTP/1.1\r\nHost: localhost\r\nUser-Agent: x\r\n\r\n")
    raw(target, b"GET /admin/ HTTP/1.1\r\nHost: evil%0aFORGED\r\n\r\n")

    lines = target.log().splitlines()
    assert not [line for line in lines if line.lstrip("\x1b[2J ").startswith("FORGED")]
    assert "\x1b[2J" not in target.log()


@pytest.mark.parametrize("text", ["x\r\nSet-Cookie: planted=1", "x\nX-Planted: 1", "x%0d%0aSet-Cookie:%20planted=1"])
def test_no_header_is_forged(visitor, text):
    for answer in (
        visitor.post("/language", {"language": "en", "next": f"/{text}"}),
        visitor.http.get("/admin/", params={"next": text}),
        visitor.http.get(f"/admin/{quote(text)}"),
        visitor.http.get("/admin/trakt/traktconfig/trakt-export", params={"x": text}),
    ):
        assert "planted" not in answer.cookies
        assert "x-planted" not in answer.headers


def raw(target, request: bytes) -> bytes:
    """Say something over a bare connection, and return the first that is answered."""
    host = urlsplit(target.address)
    with socket.create_connection((host.hostname, host.port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(target):
    for where in (b"/admin/login/", b"/language", b"/me/"):
        answer = raw(target, b"POST " + where + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n")
        assert b" 413 " in answer.split(b"\r\n")[0]


def test_who_is_not_logged_in_uploads_nothing(target, visitor):
    token = visitor.token()
    files = {"archive": ("x.zip", b"\0" * 2_000_000)}
    before = set(target.folder.rglob("*"))

    answer = visitor.http.post(
        "/admin/trakt/traktconfig/trakt-export/", data={"csrfmiddlewaretoken": token}, files=files
    )

    assert answer.status_code == 302
    assert {path for path in target.folder.rglob("*") if "sqlite" not in path.name} <= before


def bomb(of: str) -> bytes:
    """Return an archive that is small and unpacks to very much, or whose insides are not what they say."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        if of == "zeros":
            archive.writestr("watched-history-1.json", b"[" + b" " * 300_000_000 + b"]")
        elif of == "files":
            for number in range(5000):
                archive.writestr(f"watched-history-{number}.json", b"[]")
        elif of == "depth":
            archive.writestr("watched-history-1.json", b"[" * 2_000_000)
        else:
            archive.writestr("../../../../tmp/planted.json", b"[]")
            archive.writestr("/etc/planted.json", b"[]")
    return made.getvalue()


@pytest.mark.parametrize("of", ["zeros", "files", "depth", "names"])
def test_a_bomb_is_refused_and_leaves_nothing(target, mia, of):
    runs = target.query("SELECT count(*) FROM sync_syncrun")
    data = {"csrfmiddlewaretoken": mia.token("/me/")}

    answer = mia.http.post(
        "/admin/trakt/traktconfig/trakt-export/", data=data, files={"archive": ("x.zip", bomb(of), "application/zip")}
    )

    assert answer.status_code == 400
    assert target.query("SELECT count(*) FROM sync_syncrun") == runs
    assert wait_until(lambda: not list(target.folder.rglob("*.zip*")))  # it goes with the answer, not before it
    assert mia.http.get("/healthz").status_code == 200
