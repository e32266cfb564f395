"""A remote host that says what a test wants it to say, and a clock that does not make anyone wait."""

from __future__ import annotations

import asyncio
import json

import httpx

from bgmsync.shared.http import LocalBudget, Transport, user_agent

HTML = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
EDGE = {"Content-Type": "text/html; charset=UTF-8", "Server": "cloudflare"}


def answer(status=200, body=None, headers=None):
    content = b"" if body is None else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers={"Content-Type": "application/json", **(headers or {})})


def html(status=200, headers=None):
    return httpx.Response(status, text=HTML, headers={**EDGE, **(headers or {})})


class FakeTime:
    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class SpyBudget(LocalBudget):
    def __init__(self, service, **options):
        super().__init__(service, **options)
        self.told = []

    async def put_off(self, seconds, why):
        self.told.append(("put_off", seconds, why))
        await super().put_off(seconds, why)

    async def succeeded(self):
        self.told.append(("succeeded",))

    async def failed(self, error):
        self.told.append(("failed", error.code))


class Remote:
    """Answers in turn: a response, an httpx error to raise, or a function of the request. The last one stays."""

    def __init__(self, *answers, service="trakt"):
        self.answers = list(answers)
        self.service = service
        self.requests = []
        self.time = FakeTime()
        self.budget = SpyBudget(service, clock=self.time.clock, sleep=self.time.sleep)

    def respond(self, request):
        self.requests.append(request)
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, Exception):
            raise said
        if callable(said):
            return said(request)
        return httpx.Response(said.status_code, content=said.content, headers=said.headers)

    def transport(self, **options):
        return Transport(
            httpx.AsyncClient(transport=httpx.MockTransport(self.respond)),
            service=self.service,
            base_url="https://remote.test",
            headers={"User-Agent": user_agent(self.service)},
            budget=self.budget,
            clock=self.time.clock,
            sleep=self.time.sleep,
            **options,
        )

    @property
    def bodies(self):
        return [json.loads(request.content) for request in self.requests]


def run(coroutine):
    return asyncio.run(coroutine)


def error_of(coroutine):
    """Return the error that awaiting raises."""
    try:
        run(coroutine)
    except Exception as error:  # noqa: BLE001  # the caller asserts which
        return error
    raise AssertionError("No error was raised.")
