"""Handing an address and a text to the process that sends it, and hearing how it went. Nothing here ever raises."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from sync.models.channel import NotificationChannel, Trouble

if TYPE_CHECKING:
    from sync.notifying.words import Message

logger = logging.getLogger(__name__)

DEADLINE = 40.0
"""Seconds for one delivery, the start of its process and a slow service included."""
LEFT_TO_IT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "SYSTEMROOT")
"""What the process may know of the environment: never the keys and passwords that the settings come from."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery went; *service* is what Apprise calls the address's service."""

    trouble: str = ""
    status: int | None = None
    service: str = ""


def send(channel: NotificationChannel, message: Message, signal: str = "") -> Outcome:
    """Deliver *message*, or to a monitor *signal* with the message as its note."""
    texts = {"title": message.title, "body": message.body, "signal": signal}
    return _ask(task="send", kind=channel.kind, address=channel.address, **texts)


def look(address: str) -> Outcome:
    """Find out which service *address* is of, without sending anything."""
    return _ask(task="look", kind=NotificationChannel.Kind.MESSAGE, address=address)


def _ask(**order: Any) -> Outcome:
    order |= {"private": settings.NOTIFY_PRIVATE, "site": settings.BASE_URL}
    try:
        done = subprocess.run(  # our own program; the secret goes in by its standard input alone
            [sys.executable, "-m", "sync.notifying.child"],
            input=json.dumps(order),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback may quote the address
            timeout=DEADLINE,
            env=_environment(),
            text=True,
            check=True,
        )
        return Outcome(**json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return Outcome(Trouble.UNREACHABLE)
    except (subprocess.CalledProcessError, OSError, ValueError, TypeError) as error:
        logger.warning("the process that sends a note failed: %s", type(error).__name__)
        return Outcome(Trouble.UNREACHABLE)


def _environment() -> dict[str, str]:
    """Return the process's environment.

    A proxy looks names up by itself, where the guard can't see it; so it is used only where all addresses are allowed.
    """
    kept = set(LEFT_TO_IT)
    if settings.NOTIFY_PRIVATE:
        kept |= {*PROXIES, *(name.upper() for name in PROXIES)}
    given = {name: value for name, value in os.environ.items() if name in kept}
    return given | {"PYTHONPATH": str(settings.PACKAGE_DIR.parent)}
