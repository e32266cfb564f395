"""Faults that tests order: which requests they hit, and what becomes of those."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bgmsync.standins.exchange import Answer, Exchange, Service, html_answer

MAINTENANCE = "<!DOCTYPE html><html><body>Be right back</body></html>"


class Action(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Status(Action):
    """Answer so, and do nothing. A ``body`` that is not text is sent as JSON."""

    kind: Literal["status"]
    status: int
    headers: dict[str, str] = {}
    body: Any = ""

    def answer(self) -> Answer:
        if isinstance(self.body, str):
            kind = "text/html; charset=UTF-8" if self.body.startswith("<") else "text/plain; charset=utf-8"
            return Answer(self.status, {"content-type": kind, **self.headers}, self.body.encode())
        return Answer(self.status, {"content-type": "application/json", **self.headers}, json.dumps(self.body).encode())


class Reset(Action):
    """Reset the connection, and do nothing."""

    kind: Literal["reset"]


class Hang(Action):
    """Say nothing for so long, then reset the connection."""

    kind: Literal["hang"]
    seconds: float = 3600


class Delay(Action):
    """Do as asked, but later."""

    kind: Literal["delay"]
    seconds: float


class AfterEffect(Action):
    """Do as asked, then answer with an error, or reset the connection when ``status`` is null."""

    kind: Literal["after_effect"]
    status: int | None = 500


class Html200(Action):
    """Answer 200 with a web page, and do nothing."""

    kind: Literal["html200"]

    def answer(self) -> Answer:
        return html_answer(200, MAINTENANCE)


class Truncated(Action):
    """Do as asked, and send the first half of the answer."""

    kind: Literal["truncated"]


class WrongTypes(Action):
    """Do as asked, and put every value of the answer into a list."""

    kind: Literal["wrong_types"]


class DuplicatePage(Action):
    """Answer with the page before the one that was asked for."""

    kind: Literal["duplicate_page"]


class ShiftingPage(Action):
    """Let the user watch something between two pages: a play again of what they watched last."""

    kind: Literal["shifting_page"]


class Fault(BaseModel):
    """A rule: the requests it fits, less the first ``skip``, and no more than ``times`` (null: for ever).

    ``path`` is searched for as a regular expression; ``service`` and ``method`` null fit any.
    """

    model_config = ConfigDict(extra="forbid")

    action: Annotated[
        Status | Reset | Hang | Delay | AfterEffect | Html200 | Truncated | WrongTypes | DuplicatePage | ShiftingPage,
        Field(discriminator="kind"),
    ]
    service: Service | None = None
    method: str | None = None
    path: str = ""
    skip: int = 0
    times: int | None = 1
    hits: int = 0

    def fits(self, exchange: Exchange) -> bool:
        return (
            self.service in {None, exchange.service}
            and self.method in {None, exchange.method}
            and re.search(self.path, exchange.path) is not None
        )

    def spent(self) -> bool:
        return self.times is not None and self.hits >= self.times


class Faults:
    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def take(self, exchange: Exchange) -> Fault | None:
        """Return the first rule that this request is due to, and count it."""
        for rule in self.rules:
            if rule.spent() or not rule.fits(exchange):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            rule.hits += 1
            return rule
        return None


def truncated(answer: Answer) -> Answer:
    """Cut a body in half; its length header fits, so that only a parser notices."""
    return Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2])


def wrong_types(answer: Answer) -> Answer:
    try:
        content = json.loads(answer.body)
    except ValueError:
        return answer
    return Answer(answer.status, answer.headers, json.dumps(boxed(content)).encode())


def boxed(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: boxed(value) for key, value in content.items()}
    if isinstance(content, list):
        return [boxed(value) for value in content]
    return [content]


def step_back(exchange: Exchange) -> None:
    """Ask for the page before the one that is asked for, by Trakt's page number or Bangumi's offset."""
    params = exchange.params
    if "page" in params and params["page"].isdigit():
        exchange.with_param("page", max(1, int(params["page"]) - 1))
    elif "offset" in params and params["offset"].isdigit():
        limit = params.get("limit", "30")
        exchange.with_param("offset", max(0, int(params["offset"]) - int(limit if limit.isdigit() else 30)))
