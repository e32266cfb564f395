"""Bangumi's subjects and episodes: who sees which, and writing them as Bangumi does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bgmsync.standins.bangumi.problems import Problem

if TYPE_CHECKING:
    from bgmsync.standins.world import BangumiEpisode, BangumiSubject, BangumiWorld

MAIN = 0
PICTURES = "https://lain.bgm.tv"
WIDTHS = {"small": "/r/200", "grid": "/r/100", "large": "", "medium": "/r/800", "common": "/r/400"}


@dataclass(frozen=True, slots=True)
class Listed:
    """An episode in its subject's list, with the ``ep`` that Bangumi computes."""

    subject_id: int
    episode: BangumiEpisode
    ep: float


class Catalogue:
    def __init__(self, world: BangumiWorld) -> None:
        self.subjects = {subject.id: subject for subject in world.subjects}
        self.lists = {subject.id: listed(subject) for subject in world.subjects}
        self.episodes = {row.episode.id: row for rows in self.lists.values() for row in rows}

    def seen(self, subject_id: int, *, nsfw: bool) -> BangumiSubject:
        """Return a subject that this reader may see; raise a 404 otherwise."""
        subject = self.subjects.get(subject_id)
        if subject is None or (subject.nsfw and not nsfw):
            raise Problem(404, "resource can't be found in the database or has been removed")
        return subject


def listed(subject: BangumiSubject) -> list[Listed]:
    """Order a subject's episodes by disc, type and sort, and number the main ones from the first one's sort."""
    rows = sorted(subject.episodes, key=lambda episode: (episode.disc, episode.type, episode.sort))
    first = next((episode.sort for episode in rows if episode.type == MAIN), 0)
    return [
        Listed(subject.id, episode, round(episode.sort - first + 1, 4) if episode.type == MAIN else 0)
        for episode in rows
    ]


def number(value: float) -> float:
    """Write 3.0 as 3, as a Go server does."""
    return int(value) if float(value).is_integer() else value


def written_episode(row: Listed) -> dict[str, Any]:
    episode = row.episode
    return {
        "airdate": episode.airdate,
        "name": episode.name,
        "name_cn": episode.name_cn,
        "duration": episode.duration,
        "desc": "",
        "ep": number(row.ep),
        "sort": number(episode.sort),
        "id": episode.id,
        "subject_id": row.subject_id,
        "comment": 0,
        "type": episode.type,
        "disc": episode.disc,
        "duration_seconds": seconds(episode.duration),
    }


def seconds(duration: str) -> int:
    """Read ``24m``; 0 for what the service can't read either."""
    minutes = duration.removesuffix("m")
    return int(minutes) * 60 if duration.endswith("m") and minutes.isdigit() else 0


def written_subject(subject: BangumiSubject) -> dict[str, Any]:
    return {
        "id": subject.id,
        "type": subject.type,
        "name": subject.name,
        "name_cn": subject.name_cn,
        "summary": subject.summary,
        "date": subject.date,
        "platform": subject.platform,
        "images": images(subject),
        "infobox": infobox(subject),
        "eps": subject.eps,
        "total_episodes": len(subject.episodes),
        "volumes": 0,
        "series": False,
        "locked": subject.locked,
        "nsfw": subject.nsfw,
        "rating": {"rank": 0, "total": 0, "count": {str(n): 0 for n in range(1, 11)}, "score": 0},
        "collection": dict.fromkeys(("wish", "collect", "doing", "on_hold", "dropped"), 0),
        "tags": tags(subject),
        "meta_tags": [],
    }


def images(subject: BangumiSubject) -> dict[str, str]:
    """Write the addresses of a subject's picture in its sizes; all are empty where it has none."""
    return {
        size: f"{PICTURES}{width}/pic/cover/l/{subject.cover}" if subject.cover else ""
        for size, width in WIDTHS.items()
    }


def infobox(subject: BangumiSubject) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{"key": "中文名", "value": subject.name_cn}]
    if subject.aliases:
        rows.append({"key": "别名", "value": [{"v": alias} for alias in subject.aliases]})
    return rows


def tags(subject: BangumiSubject) -> list[dict[str, Any]]:
    return [{"name": tag, "count": 1, "total_count": 1} for tag in subject.tags]


def slim(subject: BangumiSubject) -> dict[str, Any]:
    return {
        "date": subject.date,
        "images": images(subject),
        "name": subject.name,
        "name_cn": subject.name_cn,
        "short_summary": subject.summary[:120],
        "tags": tags(subject)[:10],
        "score": 0,
        "type": subject.type,
        "id": subject.id,
        "eps": subject.eps,
        "volumes": 0,
        "collection_total": 0,
        "rank": 0,
    }
