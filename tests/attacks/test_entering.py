"""Coming in without having the right to: by guessing, by a planted session, by another's consent."""

from __future__ import annotations

import re
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bgmsync.people.entering import MOST_PASSWORDS
from bgmsync.processes import free_port, wait_for_port, web
from tests.attacks.conftest import MINE, Visitor


@pytest.fixture
def second(target):
    """Another web process of the same installation, behind a proxy that speaks https."""
    port = free_port("127.0.0.1", 0)
    env = {
        **target.installation.env,
        "BASE_URL": "https://sync.example.org",
        "DJANGO_SETTINGS_MODULE": "bgmsync.settings",
    }
    process = subprocess.Popen(web("127.0.0.1", port), env=env)
    assert wait_for_port("127.0.0.1", port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(30)


def is_in(visitor) -> bool:
    return visitor.http.get("/me/").status_code == 200


def test_guessing_is_stopped_also_where_many_guess_at_once(target, visitor):
    token = visitor.token()
    start = threading.Barrier(8)

    def guess(number: int) -> int:
        start.wait(20)
        data = {"username": MINE, "password": f"guess {number}", "csrfmiddlewaretoken": token}
        codes = [visitor.http.post("/admin/login/", data=data).status_code for _ in range(3)]
        return codes.count(200)

    with ThreadPoolExecutor(8) as pool:
        looked_at = sum(pool.map(guess, range(8)))

    assert looked_at == MOST_PASSWORDS
    assert visitor.log_in(MINE).status_code == 429
    assert not is_in(visitor)


def test_what_one_process_counted_holds_in_another_and_the_proxy_says_who_it_is(target, visitor, second):
    def come(address: str, password: str) -> httpx.Response:
        proxied = {"Host": "sync.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": f"10.9.9.9, {address}"}
        with httpx.Client(base_url=second, headers={**proxied, "Referer": "https://sync.example.org/"}) as http:
            page = http.get("/admin/login/")
            token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
            cookie = f"__Host-csrftoken={page.cookies['__Host-csrftoken']}"
            data = {"username": MINE, "password": password, "csrfmiddlewaretoken": token}
            return http.post("/admin/login/", data=data, headers={"Cookie": cookie})

    for _ in range(MOST_PASSWORDS + 1):
        visitor.log_in(MINE, "wrong")

    assert come("127.0.0.1", "wrong").status_code == 429
    entered = come("192.0.2.9", "correct horse battery")
    assert entered.status_code == 302
    assert target.query("SELECT address FROM people_session WHERE user_id NOT NULL ORDER BY began_at DESC")[0] == (
        "192.0.2.9",
    )
    cookies = entered.headers.get_list("set-cookie")
    assert {text.partition("=")[0] for text in cookies} == {"__Host-sessionid", "__Host-csrftoken", "__Host-device"}
    assert all("Secure" in text and "Path=/" in text and "Domain" not in text for text in cookies)
    assert entered.headers["strict-transport-security"] == "max-age=3600"


def test_plain_http_is_sent_on_to_https_and_health_checks_are_not(second):
    with httpx.Client(base_url=second, headers={"Host": "sync.example.org"}) as http:
        sent_on = http.get("/admin/", headers={"X-Forwarded-Proto": "http"})
        assert (sent_on.status_code, sent_on.headers["location"]) == (301, "https://sync.example.org/admin/")
        assert http.get("/healthz").status_code == 200


def test_a_planted_session_is_not_the_one_that_is_logged_in(target, visitor):
    visitor.post("/language", {"language": "en"})
    visitor.http.cookies.set("sessionid", "a" * 32)
    visitor.log_in(MINE)
    own = visitor.http.cookies.get("sessionid", domain="127.0.0.1") or list(visitor.http.cookies.jar)[-1].value

    attacker = Visitor(target.address)
    attacker.http.cookies.set("sessionid", "a" * 32)
    assert own != "a" * 32
    assert not is_in(attacker)


def test_what_the_database_holds_of_a_session_opens_nothing(target, mia):
    assert is_in(mia)
    for (stored,) in target.query("SELECT session_key FROM people_session"):
        attacker = Visitor(target.address)
        attacker.http.cookies.set("sessionid", stored)
        assert not is_in(attacker)


def test_a_session_that_was_logged_out_opens_nothing(target, mia):
    cookie = mia.http.cookies["sessionid"]
    mia.post("/admin/logout/")
    attacker = Visitor(target.address)
    attacker.http.cookies.set("sessionid", cookie)

    assert not is_in(attacker)


def leave(visitor) -> str:
    """Set off for Trakt, and return the address there."""
    return visitor.post("/trakt/authorize").headers["refresh"].partition("url=")[2]


def agree(address: str) -> str:
    """Agree at the stand-in, and return the way back."""
    page = httpx.get(address, headers={"User-Agent": "a browser"})
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    user = re.findall(r"<option>([^<]+)</option>", page.text)[0]
    data = {**fields, "user": user, "decision": "allow"}
    answer = httpx.post(address, data=data, headers={"User-Agent": "a browser"})
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"


def connection_of(target, name: str) -> list[tuple]:
    columns = "access_token, refresh_token, state, username"
    return target.query(f"SELECT {columns} FROM trakt_config WHERE user_id = ?", target.id_of(name))  # noqa: S608  # names of our own


def test_a_consent_that_was_used_is_used_up(target, noah):
    back = agree(leave(noah))
    assert noah.http.get(back).status_code == 302
    connected = connection_of(target, "noah")

    assert noah.http.get(back).status_code == 400
    assert connection_of(target, "noah") == connected


def test_nobody_is_connected_to_an_attackers_account_by_a_link(target, noah, mia):
    """The attacker sets off and agrees, and has the victim open the way back."""
    before = connection_of(target, MINE)
    back = agree(leave(noah))

    assert mia.http.get(back).status_code == 400
    assert connection_of(target, MINE) == before


def test_a_victims_consent_does_not_connect_the_attacker(target, noah, mia):
    before = connection_of(target, "noah")
    back = agree(leave(mia))

    assert noah.http.get(back).status_code == 400
    assert connection_of(target, "noah") == before


@pytest.mark.parametrize("state", ["", "x", "*", "0" * 43, "{}", "__proto__"])
def test_a_state_that_nobody_asked_for_is_refused(target, noah, state):
    before = connection_of(target, "noah")
    leave(noah)

    for where in ("/trakt/callback", "/bangumi/callback"):
        assert noah.http.get(where, params={"code": "c", "state": state}).status_code == 400
    assert connection_of(target, "noah") == before


def test_a_session_that_is_logged_in_anew_does_not_go_on_with_the_consent_of_the_one_before(target, noah):
    """Two people at one browser: what the first began, the second does not finish."""
    back = agree(leave(noah))
    before = connection_of(target, MINE)
    noah.post("/admin/logout/")
    noah.log_in(MINE)

    assert noah.http.get(back).status_code == 400
    assert connection_of(target, MINE) == before


def test_the_address_that_trakt_is_told_to_come_back_to_is_not_the_visitors_to_say(noah, target):
    forged = {"X-Forwarded-Host": "evil.example", "Origin": target.address}
    answer = noah.post("/trakt/authorize", {"redirect_uri": "https://evil.example/"}, headers=forged)
    query = parse_qs(urlsplit(answer.headers["refresh"].partition("url=")[2]).query)

    assert query["redirect_uri"] == [f"{target.address}/trakt/callback"]
