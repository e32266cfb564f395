"""The real data beside the project, ../shared/data, read for tests and for making worlds of it."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

ISO_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
EUROPEAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
JAPANESE_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")

BROADCAST_DAY = timedelta(hours=9 - 5)
"""Added to a UTC instant, it gives the Japanese broadcast day, which lasts until 05:00."""


@dataclass(frozen=True)
class Known:
    """One bangumi-data item: a Bangumi subject under a TMDB key, such as ``tv/1429/season/3``."""

    key: str
    subject_id: int
    title: str
    english: str | None
    chinese: list[str]
    begin: datetime | None
    kind: str
    language: str


@dataclass
class Data:
    subjects: dict[int, dict[str, Any]]
    truth: list[dict[str, Any]]
    known: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))

    def of_show(self, tmdb: int) -> list[Known]:
        """Return what bangumi-data has under a show, specials included."""
        keys = [key for key in self.known if key == f"tv/{tmdb}" or key.startswith(f"tv/{tmdb}/")]
        return [item for key in keys for item in self.known[key]]


@cache
def load() -> Data:
    """Read subjects, truth and bangumi-data (some seconds)."""
    data = Data({row["id"]: row for row in lines("bangumi-subjects")}, list(lines("mapping-truth")))
    with gzip.open(DATA / "bangumi-data.json.gz", "rt", encoding="utf-8") as file:
        items = json.load(file)["items"]
    for item in items:
        sites = {site["site"]: site["id"] for site in item["sites"] if "id" in site}
        if {"bangumi", "tmdb"} <= sites.keys():
            data.known[sites["tmdb"]].append(known(item, sites))
    return data


def known(item: dict[str, Any], sites: dict[str, str]) -> Known:
    translated = item.get("titleTranslate", {})
    return Known(
        key=sites["tmdb"],
        subject_id=int(sites["bangumi"]),
        title=item["title"],
        english=next(iter(translated.get("en", [])), None),
        chinese=translated.get("zh-Hans", []),
        begin=datetime.fromisoformat(item["begin"]) if item["begin"] else None,
        kind=item["type"],
        language=item["lang"],
    )


def lines(name: str) -> Any:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def parse_day(text: str) -> date | None:
    """Read an air date in any of the forms in which people wrote whole dates; None for anything else."""
    for pattern in (ISO_DAY, JAPANESE_DAY):
        if match := pattern.fullmatch(text):
            return calendar_day(int(match[1]), int(match[2]), int(match[3]))
    if match := EUROPEAN_DAY.fullmatch(text):
        return calendar_day(int(match[3]), int(match[2]), int(match[1]))
    return None


def calendar_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def aired(day: date, hour: time) -> datetime:
    """Return the UTC instant with this time of day whose Japanese broadcast day is *day*."""
    at = datetime.combine(day, hour, UTC)
    while (at + BROADCAST_DAY).date() > day:
        at -= timedelta(days=1)
    while (at + BROADCAST_DAY).date() < day:
        at += timedelta(days=1)
    return at
