"""Where a person is logged in: the list, and ending one or all but this one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils import timezone

from bgmsync.people import browsers
from bgmsync.people.models import Session
from bgmsync.people.sessionstore import BROWSER, stored
from bgmsync.people.throttle import address_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

AGENT = 200
"""How much of a browser's description is kept."""


class Line(NamedTuple):
    row: Session
    browser: str
    is_this: bool


def begin(request: HttpRequest) -> None:
    """Note in a session that has just begun which browser it is, and from where it logged in."""
    agent = request.headers.get("User-Agent", "")[:AGENT]
    request.session[BROWSER] = {"address": address_of(request), "agent": agent, "began": time.time()}


def listed(request: HttpRequest) -> list[Line]:
    """Return the sessions of whoever asks, this one first, then the one used last."""
    here = stored(request.session.session_key)
    rows = _of(request.user).filter(expire_date__gt=timezone.now()).order_by("-seen_at")
    lines = [Line(row, browsers.words(row.agent), row.pk == here) for row in rows]
    return sorted(lines, key=lambda line: not line.is_this)


def end(request: HttpRequest, key: str) -> bool:
    """End one of the person's own sessions; False when there is none of that key."""
    return bool(_of(request.user).filter(pk=key).delete()[0])


def end_others(request: HttpRequest) -> int:
    """End all of the person's sessions but this one; return how many."""
    return _of(request.user).exclude(pk=stored(request.session.session_key)).delete()[0]


def end_all(person: Any) -> None:
    _of(person).delete()


def _of(person: Any) -> QuerySet[Session]:
    return Session.objects.filter(user_id=person.pk)
