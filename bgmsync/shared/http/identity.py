"""Who we say we are. Both services turn away default library names, Trakt's edge with an HTML page."""

from __future__ import annotations

from bgmsync import __version__

HOME = "https://github.com/bgmsync/bgmsync"

TRAKT_USER_AGENT = f"bgmsync/{__version__} (+{HOME})"
BANGUMI_USER_AGENT = f"bgmsync/bgmsync/{__version__} ({HOME})"
"""Bangumi asks for developer/app/version (address)."""


def user_agent(service: str) -> str:
    return {"trakt": TRAKT_USER_AGENT, "bangumi": BANGUMI_USER_AGENT}[service]
