"""Bangumi's subjects, their relations, their episodes, and the search."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bgmsync.standins.bangumi.catalogue import images, written_episode, written_subject
from bgmsync.standins.bangumi.problems import Problem, page, path_number, whole

if TYPE_CHECKING:
    from starlette.requests import Request

    from bgmsync.standins.bangumi.site import BangumiSite
    from bgmsync.standins.world import BangumiSubject

CACHED = {"Cache-Control": "public, max-age=3600"}
EPISODE_TYPES = {0, 1, 2, 3, 4, 6}
MOST_EPISODES = 1000
MOST_FOUND = 20
SORTS = {"", "match", "heat", "rank", "score"}
AIR_DATE = re.compile(r"(>=|<=|>|<|=)?(\d{4}-\d\d-\d\d)")


class Subjects:
    def __init__(self, site: BangumiSite) -> None:
        self._site = site
        self._catalogue = site.catalogue
        self.routes = [
            Route("/v0/subjects/{id}", self.subject),
            Route("/v0/subjects/{id}/subjects", self.relations),
            Route("/v0/episodes", self.episodes),
            Route("/v0/episodes/{id}", self.episode),
            Route("/v0/search/subjects", self.search, methods=["POST"]),
        ]

    async def subject(self, request: Request) -> Response:
        subject = self._seen(request, path_number(request, "id"))
        if subject.merged_into:
            return RedirectResponse(f"/v0/subjects/{subject.merged_into}", 302)
        return JSONResponse(written_subject(subject), headers={} if subject.nsfw else CACHED)

    async def relations(self, request: Request) -> Response:
        nsfw = self._site.sees_nsfw(request)
        subject = self._seen(request, path_number(request, "id"))
        targets = ((relation, self._catalogue.subjects.get(relation.id)) for relation in subject.relations)
        return JSONResponse(
            [
                {
                    "images": images(target),
                    "name": target.name,
                    "name_cn": target.name_cn,
                    "relation": relation.relation,
                    "type": target.type,
                    "id": target.id,
                }
                for relation, target in targets
                if target and (nsfw or not target.nsfw)
            ],
            headers=CACHED,
        )

    async def episodes(self, request: Request) -> Response:
        limit, offset = page(request, default=100, maximum=MOST_EPISODES)
        kind = episode_type(request, "type")
        subject_id = whole(request, "subject_id", 0)
        if not subject_id:
            raise Problem(400, "subject_id is required")
        self._seen(request, subject_id)
        rows = [row for row in self._catalogue.lists[subject_id] if kind in {None, row.episode.type}]
        if rows and offset > len(rows):
            raise Problem(400, "offset should be less than or equal to total")
        data = [written_episode(row) for row in rows[offset : offset + limit]]
        return JSONResponse({"data": data, "total": len(rows), "limit": limit, "offset": offset})

    async def episode(self, request: Request) -> Response:
        row = self._catalogue.episodes.get(path_number(request, "id"))
        if row is None:
            raise Problem(404, "episode not found")
        self._seen(request, row.subject_id)
        return JSONResponse(written_episode(row))

    async def search(self, request: Request) -> Response:
        """Find by name; how well a title fits decides the order."""
        body = searched(await request.body())
        limit = min(page(request, default=10, maximum=10**9)[0], MOST_FOUND)
        offset = whole(request, "offset", 0)
        wanted = self._filter(request, body.get("filter") or {})
        scored = [
            (score(subject, str(body.get("keyword", ""))), -subject.id, subject)
            for subject in self._catalogue.subjects.values()
            if wanted(subject)
        ]
        found = [row[2] for row in sorted((row for row in scored if row[0]), reverse=True, key=lambda row: row[:2])]
        data = [
            written_subject(subject) | {"image": images(subject)["large"], "total_episodes": subject.eps}
            for subject in found[offset : offset + limit]
        ]
        return JSONResponse({"data": data, "total": len(found), "limit": limit, "offset": offset})

    def _filter(self, request: Request, asked: dict[str, Any]) -> Any:
        types = asked.get("type") or []
        dates = [air_date(text) for text in asked.get("air_date") or []]
        nsfw = self._site.sees_nsfw(request) and asked.get("nsfw") is not False

        def wanted(subject: BangumiSubject) -> bool:
            dated = all(compare(subject.date or "", operator, day) for operator, day in dates)
            shown = (nsfw or not subject.nsfw) and subject.merged_into is None
            return shown and dated and (not types or subject.type in types)

        return wanted

    def _seen(self, request: Request, subject_id: int) -> BangumiSubject:
        return self._catalogue.seen(subject_id, nsfw=self._site.sees_nsfw(request))


def episode_type(request: Request, name: str) -> int | None:
    if not request.query_params.get(name):
        return None
    kind = whole(request, name, 0)
    if kind not in EPISODE_TYPES:
        raise Problem(400, f"{kind} is not a valid episode type")
    return kind


def searched(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Problem(400, "request body can't be parsed", error=str(error), title="JSON Error") from error
    if not isinstance(body, dict) or body.get("sort", "") not in SORTS:
        raise Problem(400, "sort not supported")
    return body


def air_date(text: str) -> tuple[str, str]:
    match = AIR_DATE.fullmatch(text.replace(" ", ""))
    if match is None:
        raise Problem(400, f"{text!r} is not a valid date filter")
    return match[1] or "=", match[2]


def compare(day: str, operator: str, bound: str) -> bool:
    """Compare ISO days; a subject without one fits nothing."""
    results = {"=": day == bound, ">": day > bound, "<": day < bound, ">=": day >= bound, "<=": day <= bound}
    return bool(day) and results[operator]


def score(subject: BangumiSubject, keyword: str) -> float:
    """Say how well a subject's names fit: 1 for the whole name, less for a part of it, 0 for nothing in common."""
    wanted = keyword.strip().lower()
    names = [name.lower() for name in (subject.name, subject.name_cn, *subject.aliases) if name]
    if not wanted:
        return 0
    best = max((len(wanted) / len(name) for name in names if wanted in name), default=0.0)
    words = set(wanted.split())
    shared = max((len(words & set(name.split())) / len(words) for name in names), default=0.0)
    return max(best, shared / 2)
