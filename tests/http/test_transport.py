from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from bgmsync.shared import http
from bgmsync.shared.http import backoff, transport
from tests.http.remote import Remote, answer, error_of, html, run

LOST = httpx.ReadError("gone")


def read(remote, path="/list", **options):
    return remote.transport(**options).read(path, list)


def write(remote, **options):
    return remote.transport(**options).send("PATCH", "/thing", json={"type": 2})


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch):
    monkeypatch.setattr(backoff.random, "uniform", min)


def test_a_read_returns_its_json_and_headers():
    got = run(read(Remote(answer(200, [1, 2], {"X-Pagination-Page": "1"}))))

    assert (got.data, got.headers["x-pagination-page"]) == ([1, 2], "1")


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("hang"),
        LOST,
        httpx.RemoteProtocolError("reset"),
        answer(500),
        html(520),
        html(200),
        answer(200),
        answer(200, {"not": "a list"}),
        httpx.Response(200, content=b'[{"id":'),
        answer(204),
        httpx.Response(302, headers={"Location": "https://elsewhere.test/"}),
    ],
)
def test_a_read_survives_three_faults(fault):
    remote = Remote(fault, fault, fault, answer(200, [1]))

    assert run(read(remote)).data == [1]
    assert remote.time.slept == [1, 2, 4]


def test_a_read_gives_up_after_four_tries_and_tells_the_budget_once():
    remote = Remote(answer(500))

    error = error_of(read(remote))

    assert (type(error), len(remote.requests)) == (http.ServerTrouble, 4)
    assert remote.budget.told == [("failed", "server_trouble")]


def test_an_overloaded_host_is_asked_once_more_half_a_minute_later():
    remote = Remote(html(503))

    assert type(error_of(read(remote))) is http.ServerTrouble
    assert remote.time.slept == [30]


def test_pauses_are_scaled():
    remote = Remote(answer(500), answer(500), answer(200, []))

    run(read(remote, retry_scale=0.01))

    assert remote.time.slept == pytest.approx([0.01, 0.02])


def test_pauses_are_spread(monkeypatch):
    monkeypatch.setattr(backoff.random, "uniform", max)
    remote = Remote(answer(500), answer(200, []))

    run(read(remote))

    assert remote.time.slept == [1.25]


def test_a_short_retry_after_is_waited_for_in_place():
    remote = Remote(answer(429, None, {"Retry-After": "10"}), answer(200, [1]))

    assert run(read(remote)).data == [1]
    assert remote.time.slept == [10]


def test_a_long_retry_after_is_raised_and_put_off_without_waiting():
    remote = Remote(answer(429, None, {"Retry-After": "31"}))

    error = error_of(read(remote, retry_scale=0.1))

    assert error.retry_after == pytest.approx(3.1)
    assert remote.budget.told == [("put_off", pytest.approx(3.1), "rate_limited")]
    assert remote.time.slept == []


def test_a_block_is_told_as_one():
    remote = Remote(html(403))

    assert error_of(read(remote)).blocked
    assert remote.budget.told == [("put_off", 3600, "blocked")]


def test_an_overloaded_host_that_says_until_when_is_put_off():
    remote = Remote(html(503, {"Retry-After": "120"}))

    assert error_of(read(remote)).retry_after == 120
    assert remote.budget.told == [("put_off", 120, "server_trouble")]


def test_after_a_ban_nothing_is_sent():
    remote = Remote(answer(429, {"description": "too many request"}), service="bangumi")
    told = remote.transport()

    async def twice():
        with pytest.raises(http.RateLimited):
            await told.read("/a", list)
        await told.read("/b", list)

    error = error_of(twice())

    assert type(error) is http.PutOff
    assert (error.retry_after, len(remote.requests)) == (3600, 1)


def test_one_requests_pause_holds_the_others_too():
    remote = Remote(answer(429, None, {"Retry-After": "10"}), answer(200, []))
    shared = remote.transport()

    async def both():
        await shared.read("/a", list)
        remote.time.now -= 4  # as if the first one still had four seconds to sleep
        await shared.read("/b", list)

    run(both())

    assert remote.time.slept == [10, 4]


@pytest.mark.parametrize("status", [400, 401, 404, 420, 423, 426])
def test_a_refusal_is_not_repeated_and_shows_a_host_that_is_well(status):
    remote = Remote(answer(status))

    assert error_of(read(remote)).permanent
    assert (len(remote.requests), remote.budget.told) == (1, [("succeeded",)])


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadTimeout("hang"),
        httpx.WriteError("cut"),
        LOST,
        httpx.RemoteProtocolError("reset"),
        answer(500),
        html(502),
        answer(503),
        answer(504),
        html(520),
        html(200),
        httpx.Response(302, headers={"Location": "/"}),
    ],
)
def test_a_write_that_may_have_been_applied_is_sent_once(fault):
    remote = Remote(fault)

    error = error_of(write(remote))

    assert type(error) is http.OutcomeUnknown
    assert (len(remote.requests), error.permanent) == (1, False)
    assert remote.budget.told == [("failed", "outcome_unknown")]


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("full"),
        answer(429, None, {"Retry-After": "1"}),
    ],
)
def test_a_write_that_was_surely_not_applied_is_repeated(fault):
    remote = Remote(fault, answer(204))

    assert run(write(remote)).status_code == 204
    assert len(remote.requests) == 2


def test_a_write_to_a_host_that_refuses_connections_was_not_sent():
    assert type(error_of(write(Remote(httpx.ConnectError("refused"))))) is http.Unreachable


def test_a_post_that_only_asks_is_repeated():
    remote = Remote(answer(500), answer(200, [1]))

    assert run(remote.transport().read("/search", list, method="POST", json={"keyword": "x"})).data == [1]


def test_an_answer_that_trickles_meets_the_deadline(monkeypatch):
    monkeypatch.setattr(transport, "DEADLINE", 0.001)

    async def hang(_request):
        await asyncio.Event().wait()

    remote = Remote(answer())
    slow = remote.transport()
    slow._client = httpx.AsyncClient(transport=httpx.MockTransport(hang))

    assert type(error_of(slow.send("PATCH", "/thing"))) is http.OutcomeUnknown


def test_what_is_sent_is_counted_and_what_never_left_is_not():
    remote = Remote(httpx.ConnectError("refused"), answer(500), LOST, answer(200, []))
    ticks = []
    counting = remote.transport(count=lambda *answer: ticks.append(answer))

    run(counting.read("/list", list))

    assert counting.requests == len(ticks) == 3


def test_no_more_than_so_many_are_in_flight():
    flying, most = 0, 0

    async def respond(_request):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        flying -= 1
        return answer(200, [])

    remote = Remote(answer())
    narrow = remote.transport(in_flight=3)
    narrow._client = httpx.AsyncClient(transport=httpx.MockTransport(respond))

    async def ten():
        await http.together([narrow.read("/list", list) for _ in range(10)])

    run(ten())

    assert most == 3


def test_redirects_are_not_followed_even_if_the_client_would():
    remote = Remote(httpx.Response(302, headers={"Location": "https://elsewhere.test/"}))
    eager = remote.transport()
    eager._client.follow_redirects = True

    run(eager.send("GET", "/old", accept_statuses=frozenset({302})))

    assert [request.url.host for request in remote.requests] == ["remote.test"]


def test_a_transport_without_a_user_agent_of_ours_is_refused():
    with pytest.raises(ValueError, match="user agent"):
        http.Transport(
            httpx.AsyncClient(),
            service="trakt",
            base_url="https://x.test",
            headers={},
            budget=http.LocalBudget("trakt"),
        )


def test_the_user_agent_is_ours():
    remote = Remote(answer(200, []))

    run(read(remote))

    assert remote.requests[0].headers["user-agent"].startswith("bgmsync/")


def test_a_request_is_logged_without_its_query_and_headers(caplog):
    remote = Remote(answer(200, []))
    with caplog.at_level(logging.DEBUG):
        run(remote.transport().read("/list", list, params={"secret": "query"}, bearer="token-of-alice"))

    said = [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    assert said == ["GET /list 200 0.00s"]


def test_the_client_keeps_no_cookies():
    async def visit():
        async with http.new_client(
            transport=httpx.MockTransport(lambda _: httpx.Response(200, headers={"Set-Cookie": "sid=alice; Path=/"}))
        ) as client:
            await client.get("https://remote.test/")
            return list(client.cookies.jar)

    assert run(visit()) == []


def test_together_stops_the_others_at_the_first_error():
    ended = []

    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def fail():
        await asyncio.sleep(0)
        raise http.NotFound("bangumi")

    async def all_of_them():
        await http.together([wait(), fail(), wait()])

    assert type(error_of(all_of_them())) is http.NotFound
    assert ended == [True, True]
