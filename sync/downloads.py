"""Fetching the published data sets. Checking and keeping them is ``sync.matching.datasets``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
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
LONGEST = 300
"""Seconds that one file may take, however slowly it drips."""


class DownloadError(Exception):
    """A data set could not be fetched; the text names it and says why."""


class Fetched(NamedTuple):
    """A file that is another than before, and the ETag that says so the next time."""

    download: Download
    etag: str = ""


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


def download(etags: Mapping[str, str]) -> dict[str, Fetched]:
    """Fetch every data set that is not as it was when it had the ETag in *etags*, by address.

    Raises :class:`DownloadError` for the first that can't be had.
    """
    with httpx.Client(
        verify=settings.TLS, follow_redirects=True, timeout=60, headers={"User-Agent": TRAKT_USER_AGENT}
    ) as client:
        found = {name: _fetch(client, name, address, etags.get(address, "")) for name, address in addresses().items()}
    return {name: fetched for name, fetched in found.items() if fetched}


def _fetch(client: httpx.Client, name: str, address: str, etag: str) -> Fetched | None:
    parts = urlsplit(address)
    if parts.scheme == "file":
        try:
            return Fetched(Download(Path(unquote(parts.path)).read_bytes(), file=address))
        except OSError as error:
            raise DownloadError(f"{name}: {address} can't be read: {error.strerror}.") from error
    if parts.scheme not in {"http", "https"}:
        raise DownloadError(f"{name}: {address!r} is neither an http(s) nor a file address.")
    try:
        return _http(client, name, address, etag)
    except httpx.HTTPError as error:
        raise DownloadError(f"{name}: {address} can't be fetched: {type(error).__name__}.") from error


def _http(client: httpx.Client, name: str, address: str, etag: str) -> Fetched | None:
    until = time.monotonic() + LONGEST
    with client.stream("GET", address, headers={"If-None-Match": etag} if etag else {}) as response:
        if response.status_code == httpx.codes.NOT_MODIFIED and etag:
            return None
        if response.status_code != httpx.codes.OK:
            raise DownloadError(f"{name}: {address} answered {response.status_code}.")
        payload = bytearray()
        for chunk in response.iter_bytes():
            payload += chunk
            if len(payload) > LARGEST:
                raise DownloadError(f"{name}: {address} sends more than {LARGEST} bytes.")
            if time.monotonic() > until:
                raise DownloadError(f"{name}: {address} was not through after {LONGEST} seconds.")
        tag = response.headers.get("etag", "")
        return Fetched(Download(bytes(payload), tag.removeprefix("W/").strip('"'), address), tag)
