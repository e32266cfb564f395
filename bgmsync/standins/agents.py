"""User agents that say nothing about who asks."""

from __future__ import annotations

LIBRARIES = (
    "python-httpx/",
    "python-requests/",
    "python-urllib/",
    "python-urllib3/",
    "aiohttp/",
    "go-http-client/",
    "go-resty/",
    "okhttp/",
    "axios/",
    "apache-httpclient/",
    "java/",
    "node-fetch",
    "undici",
    "curl/",
    "wget/",
    "reqwest",
)


def is_default_agent(agent: str) -> bool:
    """Say whether a program sent none, or its library's own."""
    lowered = agent.strip().lower()
    return not lowered or lowered.startswith(LIBRARIES) or (lowered.startswith("python/") and "aiohttp" in lowered)
