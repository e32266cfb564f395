"""What is logged: whose run it is about, in whichever thread; no secret; and no line that somebody else has written."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys

import httpx
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import Client
from tenacity import before_sleep_log, retry, stop_after_attempt

from bgmsync.shared.encryption import decrypt, encrypt
from bgmsync.shared.logs import about
from bgmsync.shared.logs.forms import Json, Line
from bgmsync.shared.logs.redaction import MOST, keep_out, redact
from bgmsync.shared.logs.topic import Filter
from bgmsync.watching.requests import request_id
from sync.engine import run as engine
from sync.models import SyncRun

logger = logging.getLogger("sync.tested")
FORGED = "2026-01-01 00:00:00,000 CRITICAL root all is lost"
LINE_ENDS = ("\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2K\r")


class Heard:
    """A handler as ours are: the filter, and one of the two forms."""

    def __init__(self, form):
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.addFilter(Filter())
        self.handler.setFormatter(form)

    @property
    def text(self):
        return self.stream.getvalue()

    @property
    def rows(self):
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def heard(request):
    """Hear the root logger in the form that the test asks for: ``Line`` or ``Json``."""
    root, found = logging.getLogger(), Heard(getattr(request, "param", Json)())
    before = root.level
    root.addHandler(found.handler)
    root.setLevel(logging.DEBUG)
    yield found
    root.removeHandler(found.handler)
    root.setLevel(before)


both = pytest.mark.parametrize("heard", [Line, Json], indirect=True)


def fail(error):
    raise error


# what it is about


def test_every_record_of_a_run_names_the_run_and_its_user_in_whichever_thread_it_is_made(heard):
    async def stages():
        logger.info("in the loop")
        await sync_to_async(logger.info)("in asgiref's thread")
        await asyncio.gather(*(asyncio.to_thread(logger.info, "in a thread of the loop") for _n in range(2)))
        await asyncio.ensure_future(later())

    async def later():
        logging.getLogger("somebody.else").warning("in a task")

    with about(run=5, user=2):
        async_to_sync(stages)()
    logger.info("after it")

    rows = [row for row in heard.rows if row["logger"] != "asyncio"]
    assert [(row["run"], row["user"]) for row in rows[:-1]] == [(5, 2)] * 5
    assert "run" not in rows[-1]


def test_records_of_tenacity_and_httpx_name_the_run_as_well(heard, caplog):
    for name in ("httpx", "tenacity"):
        caplog.set_level(logging.DEBUG, logger=name)

    @retry(stop=stop_after_attempt(2), reraise=True, before_sleep=before_sleep_log(logging.getLogger("tenacity"), 10))
    def ask():
        with httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(503))) as client:
            client.get("https://api.test/v0/me?access_token=abc123", headers={"Authorization": "Bearer abc123"})
        raise ConnectionError

    with about(run=7), pytest.raises(ConnectionError):
        ask()

    assert {row["logger"] for row in heard.rows} >= {"httpx", "tenacity"}
    assert {row["run"] for row in heard.rows} == {7}
    assert "abc123" not in heard.text


def test_a_run_that_fails_by_a_fault_of_ours_is_logged_with_its_ids(alice, heard, monkeypatch):
    monkeypatch.setattr(engine, "current_index", lambda: {}["no index"])
    run = SyncRun.objects.create(user=alice, trigger="button")

    engine.work(run.pk)

    row = next(row for row in heard.rows if row["level"] == "ERROR")
    assert (row["run"], row["user"], row["event"]) == (run.pk, alice.pk, "run %s failed")
    assert "KeyError" in row["trace"]


def test_two_runs_at_once_are_not_mixed_up(heard):
    async def one(number):
        with about(run=number):
            await asyncio.sleep(0)
            logger.info("%s", number)

    async def all_of_them():
        await asyncio.gather(*(one(number) for number in range(1, 20)))

    async_to_sync(all_of_them)()

    assert all(row["message"] == str(row["run"]) for row in heard.rows if "run" in row)


# requests of browsers


def test_a_request_has_an_id_that_its_lines_and_its_answer_carry(db, heard):
    answer = Client().get("/admin/login/")

    row = next(row for row in heard.rows if row["logger"] == "bgmsync.web")
    assert row["request"] == answer.headers["X-Request-ID"]
    assert "admin/login/" in row["message"]


@pytest.mark.parametrize(
    ("given", "trusted", "taken"),
    [
        ("abc-123_DEF.456", True, True),
        ("abc-123_DEF.456", False, False),
        ("x" * 65, True, False),
        ("short", True, False),
        (f"id-0123\n{FORGED}", True, False),
        ("id-0123 user=1] ", True, False),
        ("１２３４５６７８", True, False),
    ],
)
def test_an_id_is_taken_from_a_header_only_of_a_proxy_and_only_if_it_is_one(given, trusted, taken, rf, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if trusted else None

    assert (request_id(rf.get("/", headers={"X-Request-ID": given})) == given) is taken


def test_the_line_of_a_request_shows_neither_an_invitation_nor_what_was_asked_for(db, heard):
    Client().get("/join/the-link-of-somebody-0123456789/?next=secret-place")

    assert "the-link-of-somebody" not in heard.text
    assert "secret-place" not in heard.text


# lines


@both
@pytest.mark.parametrize("end", LINE_ENDS)
def test_no_value_can_write_a_line_of_its_own(heard, end):
    try:
        fail(ValueError(f"x{end}{FORGED}"))
    except ValueError:
        logger.exception("what came was %s", f"y{end}{FORGED}", stack_info=True)
    logging.getLogger(f"name{end}{FORGED}").warning(f"z{end}{FORGED}")  # noqa: G004  # as libraries do

    for line in heard.text.splitlines():
        assert not line.startswith(FORGED)
    assert not any(char in heard.text for char in LINE_ENDS if char not in {"\n", "\r\n"})


# secrets


SPOKEN = "correct horse battery"  # a secret that looks like none
URLS = (
    "postgres://bgmsync:pa55word@db.test:5432/bgmsync",
    "redis://:pa55word@cache.test/0",
    "https://me:pa55word@hooks.test/services/T000/B000/pa55word?token=pa55word#pa55word",
    "tgram://123456:pa55word/42",
    "mailto://me:pa55word@mail.test?to=you@there.test",
    "https://ntfy.test/pa55word",
    "/trakt/callback?code=pa55word&state=pa55word",
)
HEADERS = (
    "Authorization: Bearer pa55word-pa55word",
    "'authorization': 'Basic pa55word=='",
    "Cookie: sessionid=pa55word",
)
FIELDS = ("access_token=pa55word", '{"refresh_token": "pa55word"}', "client_secret: pa55word", "PASSWORD='pa55word'")
LOOKS = ("9f8e7d6c5b4a39281706f5e4d3c2b1a0aabbccddeeff00112233445566778899", "gAAAAABmX0pa55word0123456789abcdef==")


@both
@pytest.mark.parametrize("text", [*URLS, *HEADERS, *FIELDS, *LOOKS])
def test_what_looks_like_a_secret_is_not_logged(heard, text):
    class Odd:
        def __repr__(self):
            return text

    try:
        fail(httpx.ConnectError(f"failed: {text}"))
    except httpx.ConnectError:
        logger.exception("what came was %s", text)
        logger.warning("%r %s", Odd(), {"deep": [text]}, extra={"deep": {"deeper": [text]}, "odd": Odd()})
        logging.getLogger("django-q").critical(f"Failed 'job' - {text}")  # noqa: G004  # as django-q2 does

    assert "pa55word" not in heard.text
    assert not any(text in heard.text for text in LOOKS)


@both
def test_a_secret_that_was_read_is_not_logged_whatever_it_looks_like(heard):
    stored = encrypt(SPOKEN)
    logger.warning("it is %s", decrypt(stored))
    try:
        fail(RuntimeError(f"refused: {SPOKEN}!"))
    except RuntimeError:
        logger.exception("so it was")

    assert SPOKEN not in heard.text


@both
def test_the_installations_own_secrets_are_not_logged(heard, settings):
    for secret in (settings.SECRET_KEY, *settings.TOKEN_KEYS):
        logger.warning("a=%s", secret)
        assert secret not in heard.text


@both
def test_what_is_called_a_secret_is_not_logged_as_a_field(heard):
    logger.warning("x", extra={"api_key": "abc", "deep": {"password": "xyz"}})

    assert "abc" not in heard.text
    assert "xyz" not in heard.text


def test_only_the_last_secrets_are_remembered_and_the_installations_own_always():
    keep_out("kept for ever", always=True)
    keep_out(*(f"secret number {number}!" for number in range(MOST + 10)))

    assert "kept for ever" not in redact("it was kept for ever")
    assert redact("secret number 3!") == "secret number 3!"
    assert redact(f"secret number {MOST + 3}!") != f"secret number {MOST + 3}!"


@pytest.mark.parametrize(
    "text",
    [
        "run 5 failed",
        "GET admin/login/ 200 12 ms",
        'File "/srv/bgmsync/sync/engine/run.py", line 120, in _see_through',
        "state succeeded, reason bangumi_server_trouble, 12 of 13",
        "bangumi_rate_limited (429): asked too much",
        "mapping data was not refreshed: anibridge: HTTP 404",
    ],
)
def test_what_is_no_secret_stays_readable(text):
    assert redact(text) == text


def test_a_long_text_costs_no_more_than_its_length():
    for text in ("a1" * 200_000, "token" * 50_000, "x@" * 100_000, "_" * 300_000, "http://" * 40_000):
        redact(text)  # a pattern that backtracks would not come back


# the settings


def test_both_forms_are_chosen_by_a_setting_and_the_file_is_json(tmp_path):
    import os  # noqa: PLC0415  # of use here alone
    import subprocess  # noqa: PLC0415  # likewise

    program = (
        "import django; django.setup(); import logging; from bgmsync.shared.logs import about\n"
        "with about(run=3): logging.getLogger('sync.x').warning('hello %s', 'you')"
    )
    for form in ("line", "json"):
        env = {**os.environ, "VAR_DIR": str(tmp_path), "LOG_FORMAT": form, "LOG_FILE": str(tmp_path / form)}
        env["DJANGO_SETTINGS_MODULE"] = "bgmsync.settings"
        done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
        kept = json.loads((tmp_path / form).read_text())
        assert (kept["event"], kept["message"], kept["run"]) == ("hello %s", "hello you", 3)
        if form == "json":
            assert json.loads(done.stderr) == kept
        else:
            assert done.stderr.rstrip().endswith("WARNING sync.x [run=3] hello you")
