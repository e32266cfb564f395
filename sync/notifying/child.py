"""The process that talks to addresses of users' making: reads one order from standard input, answers in one line.

A process of its own, so that a service that never answers, answers without end, or breaks its library takes nothing
with it; that Apprise with its hundred services is never in a worker's memory; and that :mod:`sync.notifying.guard` can
hold it to the public internet. It knows neither Django nor the database, and what it prints quotes no address.
"""

from __future__ import annotations

import json
import logging
import mimetypes
import re
import resource
import sys
from typing import TYPE_CHECKING, Any

from sync.notifying import guard
from sync.notifying.addresses import SERVICES, with_signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apprise import NotifyBase

MOST_MEMORY = 1 << 30
"""Bytes of address space: an answer without end fails here, not on the machine."""
CONNECT, READ = 5.0, 10.0
"""Seconds. Whoever started this process ends it when all of it takes too long."""
STATUS = re.compile(r"error=(\d{3})\b")
"""How Apprise's log names the status of an answer; it says no more than yes or no to its caller."""
GOOD = range(200, 300)
GET_ONLY = 405

REFUSED, UNREACHABLE, PRIVATE, INVALID = "refused", "unreachable", "private", "invalid"

Answer = dict[str, Any]


class Heard(logging.Handler):
    """Keeps the status that the log names, and nothing else of it: it quotes addresses."""

    status: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if found := STATUS.search(record.getMessage()):
            self.status = int(found[1])


def listen() -> Heard:
    """Have nothing logged, and the status of answers heard."""
    heard = Heard(logging.WARNING)
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    logger = logging.getLogger("apprise")
    logger.handlers.clear()
    logger.addHandler(heard)
    logger.propagate = False
    return heard


def main(order: Mapping[str, Any]) -> Answer:
    """Do what *order* says; ``trouble`` of the answer is empty where it went well."""
    heard = listen()
    mimetypes.init()  # reads files of the system, which the guard would refuse
    talk = _ping if order["kind"] == "ping" else _message
    return talk(order, heard)


def _message(order: Mapping[str, Any], heard: Heard) -> Answer:
    import apprise  # noqa: PLC0415  # half a second that a ping need not wait for

    apprise.Apprise.instantiate("json://localhost")  # loads all services, while files may still be opened
    held = guard.arm(private=order["private"])
    asset = apprise.AppriseAsset(app_id="bgmsync", app_desc="bgmsync", app_url=order["site"], async_mode=False)
    service = apprise.Apprise.instantiate(order["address"], asset=asset, suppress_exceptions=True)
    if service is None or not _names(service) & SERVICES:
        return {"trouble": INVALID}
    if order["task"] == "look":
        return {"trouble": "", "service": str(service.service_name)}
    service.socket_connect_timeout, service.socket_read_timeout = CONNECT, READ
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    if sender.notify(body=order["body"], title=order["title"], body_format=apprise.NotifyFormat.TEXT):
        return {"trouble": ""}
    if held.refused:
        return {"trouble": PRIVATE}
    return {"trouble": REFUSED if heard.status else UNREACHABLE, "status": heard.status}


def _names(service: NotifyBase) -> set[str]:
    names: set[str] = set()
    for given in (service.protocol, service.secure_protocol):
        names |= {given} if isinstance(given, str) else set(given or ())
    return names


def _ping(order: Mapping[str, Any], _heard: Heard) -> Answer:
    import httpx  # noqa: PLC0415  # a message need not wait for it

    held = guard.arm(private=order["private"])
    where = with_signal(order["address"], order["signal"])
    try:
        with httpx.Client(timeout=httpx.Timeout(READ, connect=CONNECT), follow_redirects=False) as http:
            status = _status(http, "POST", where, order["body"])
            if status == GET_ONLY:
                status = _status(http, "GET", where)
    except httpx.InvalidURL:
        return {"trouble": INVALID}
    except httpx.HTTPError:
        return {"trouble": PRIVATE if held.refused else UNREACHABLE}
    return {"trouble": ""} if status in GOOD else {"trouble": REFUSED, "status": status}


def _status(http: Any, method: str, where: str, body: str = "") -> int:
    """Ask, and look at nothing but the status: the answer's body may have no end."""
    with http.stream(method, where, content=body.encode()) as answer:
        return answer.status_code


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    print(json.dumps(main(json.load(sys.stdin))))  # noqa: T201  # the answer
