"""Downloading the mapping data sets. Checking and keeping them is ``sync.matching.datasets``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import httpx
from django.conf import settings

from bgmsync.shared.http import TRAKT_USER_AGENT
from sync.matching.datasets import Download
from sync.matching.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 64 * 1024 * 1024
"""Bytes. The largest published file is an eighth of this."""


class DownloadError(Exception):
    """A data set could not be fetched; the text names it and says why."""


def addresses() -> dict[str, str]:
    """Return where each data set comes from: ``name=address`` or, in the order of the sources, bare addresses."""
    found = {source.name: source.url for source in SOURCES}
    given = settings.MAPPING_SOURCES
    if not given:
        return found
    chosen: dict[str, str] = {}
    for place, entry in enumerate(given):
        name, equals, address = entry.partition("=")
        if equals and name in found:
            chosen[name] = address
        else:
            chosen[_named_by(entry) or list(found)[min(place, len(found) - 1)]] = entry
    return chosen


def _named_by(address: str) -> str:
    """Return the data set that a bare address obviously means, by its file's name."""
    file = urlsplit(address).path.rsplit("/", 1)[-1].lower()
    hints = {"ext-linker": "bangumi-ext-linker", "anime_map": "bangumi-ext-linker", "anibridge": "anibridge"}
    hints |= {"mappings": "anibridge", "bangumi-data": "bangumi-data", "data.json": "bangumi-data"}
    return next((name for hint, name in hints.items() if hint in file), "")


def download() -> Mapping[str, Download]:
    """Fetch every data set; raise :class:`DownloadError` for the first that can't be had."""
    with httpx.Client(
        verify=settings.TLS, follow_redirects=True, timeout=60, headers={"User-Agent": TRAKT_USER_AGENT}
    ) as client:
        return {name: _fetch(client, name, address) for name, address in addresses().items()}


def _fetch(client: httpx.Client, name: str, address: str) -> Download:
    parts = urlsplit(address)
    if parts.scheme == "file":
        try:
            return Download(Path(unquote(parts.path)).read_bytes())
        except OSError as error:
            raise DownloadError(f"{name}: {address} can't be read: {error.strerror}.") from error
    if parts.scheme not in {"http", "https"}:
        raise DownloadError(f"{name}: {address!r} is neither an http(s) nor a file address.")
    try:
        return _http(client, name, address)
    except httpx.HTTPError as error:
        raise DownloadError(f"{name}: {address} can't be fetched: {type(error).__name__}.") from error


def _http(client: httpx.Client, name: str, address: str) -> Download:
    with client.stream("GET", address) as response:
        if response.status_code != httpx.codes.OK:
            raise DownloadError(f"{name}: {address} answered {response.status_code}.")
        payload = bytearray()
        for chunk in response.iter_bytes():
            payload += chunk
            if len(payload) > LARGEST:
                raise DownloadError(f"{name}: {address} sends more than {LARGEST} bytes.")
        return Download(bytes(payload), response.headers.get("etag", "").strip('"'))
