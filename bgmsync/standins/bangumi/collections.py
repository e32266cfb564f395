"""Bangumi's users, what they collected, and the marks on episodes: reading and writing both."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bgmsync.standins.bangumi import bodies
from bgmsync.standins.bangumi.catalogue import slim, written_episode
from bgmsync.standins.bangumi.problems import Problem, page, path_number, whole
from bgmsync.standins.bangumi.shelf import Shelf, marked, states
from bgmsync.standins.bangumi.subjects import episode_type
from bgmsync.standins.clock import bangumi_time
from bgmsync.standins.exchange import exchange_of
from bgmsync.standins.world import Collected, Mark

if TYPE_CHECKING:
    from starlette.requests import Request

    from bgmsync.standins.bangumi.catalogue import Listed
    from bgmsync.standins.bangumi.site import BangumiSite
    from bgmsync.standins.exchange import Exchange
    from bgmsync.standins.world import BangumiSubject, BangumiUser

SHORTEST_GAP = 0.002
MOST_ROWS = 100
MOST_MARKS = 1000
DOING = 3

NOT_COLLECTED = "you need to add subject to your collection first"


class Collections:
    def __init__(self, site: BangumiSite) -> None:
        self._site = site
        self._catalogue = site.catalogue
        self._journal = site.hub.journal
        own = "/v0/users/-/collections"
        self.routes = [
            Route("/v0/me", self.me),
            Route(f"{own}/-/episodes/{{id}}", self.mark, methods=["GET"]),
            Route(f"{own}/-/episodes/{{id}}", self.put_mark, methods=["PUT"]),
            Route(f"{own}/{{id}}/episodes", self.marks, methods=["GET"]),
            Route(f"{own}/{{id}}/episodes", self.patch_marks, methods=["PATCH"]),
            Route(f"{own}/{{id}}", self.write_row, methods=["POST", "PATCH"]),
            Route("/v0/users/{username}/collections", self.rows, methods=["GET"]),
            Route("/v0/users/{username}/collections/{id:path}", self.row, methods=["GET"]),
        ]

    async def me(self, request: Request) -> Response:
        return JSONResponse(written_user(self._site.shelf(request).user))

    # reading

    async def rows(self, request: Request) -> Response:
        """List a user's collection, what changed last first. Subjects that are gone leave holes in the pages."""
        shelf = self._shelf_of(request)
        limit, offset = page(request, default=30, maximum=MOST_ROWS)
        subject_type = whole(request, "subject_type", 0)
        kind = whole(request, "type", 0)
        own = self._is_own(request, shelf)
        rows = [
            row
            for row in sorted(shelf.rows.values(), key=lambda row: (row.updated_at, row.subject_id), reverse=True)
            if (own or not row.private) and subject_type in {0, row.subject_type} and kind in {0, row.type}
        ]
        if offset > len(rows):
            raise Problem(400, "offset should be less than or equal to total")
        data = [
            written_row(row, subject)
            for row in rows[offset : offset + limit]
            if (subject := self._catalogue.subjects.get(row.subject_id))
        ]
        return JSONResponse({"data": data, "total": len(rows), "limit": limit, "offset": offset})

    async def row(self, request: Request) -> Response:
        shelf = self._shelf_of(request)
        subject = self._seen(request, path_number(request, "id"))
        row = shelf.rows.get(subject.id)
        if row is None or (row.private and not self._is_own(request, shelf)):
            raise Problem(404, "subject is not collected by user")
        return JSONResponse(written_row(row, subject))

    async def marks(self, request: Request) -> Response:
        """List a subject's episodes with the user's states; ``data`` is null when there are none."""
        limit, offset = page(request, default=100, maximum=MOST_MARKS)
        kind = episode_type(request, "episode_type")
        subject = self._seen(request, path_number(request, "id"))
        states_of = self._marks(request, subject.id)
        rows = [row for row in self._catalogue.lists[subject.id] if kind in {None, row.episode.type}]
        data = [written_mark(row, states_of) for row in rows[offset : offset + limit]]
        return JSONResponse({"data": data or None, "total": len(rows), "limit": limit, "offset": offset})

    async def mark(self, request: Request) -> Response:
        row = self._episode(request)
        return JSONResponse(written_mark(row, self._marks(request, row.subject_id)))

    # writing

    async def write_row(self, request: Request) -> Response:
        """Collect a subject (POST) or change what is collected (POST or PATCH)."""
        exchange = exchange_of(request)
        subject_id = path_number(request, "id")
        with self._journal.write(exchange, subject_id):
            shelf = self._site.shelf(request)
            if shelf.user.banned:
                raise Problem(403, "you are not allowed to do this")
            subject = self._collectable(request, subject_id)
            changes = bodies.collection_changes(exchange.body, subject.type)
            before = shelf.rows.get(subject_id)
            if before is None and request.method == "PATCH":
                raise Problem(404, "subject not collected")
            after = shelf.with_changes(before or new_row(subject, shelf), changes)
            await self._gap()
            shelf.store_row(after)
            self._judge_row(exchange, before, after, changes)
            if "type" in changes and not after.private:
                shelf.happened("collection", subject_id=subject_id, type=after.type, comment=changes.get("comment", ""))
        return Response(status_code=202 if request.method == "POST" else 204)

    async def patch_marks(self, request: Request) -> Response:
        """Mark many episodes of a subject; one that belongs elsewhere refuses them all."""
        exchange = exchange_of(request)
        subject_id = path_number(request, "id")
        with self._journal.write(exchange, subject_id):
            subject = self._seen(request, subject_id)
            ids, state, explicit = bodies.batch(exchange.body)
            self._check_explicit(exchange, explicit=explicit)
            known = {row.episode.id for row in self._catalogue.lists[subject.id]}
            for foreign in [episode_id for episode_id in ids if episode_id not in known]:
                self._journal.breach(exchange, "foreign_episode", f"{foreign} is not of subject {subject.id}")
                raise Problem(400, f"invalid input: episode {foreign} is not episodes of subject {subject.id}")
            await self._store(request, subject.id, ids, state)
        return Response(status_code=204)

    async def put_mark(self, request: Request) -> Response:
        exchange = exchange_of(request)
        row = self._episode(request)
        with self._journal.write(exchange, row.subject_id):
            state, explicit = bodies.single(exchange.body)
            self._check_explicit(exchange, explicit=explicit)
            await self._store(request, row.subject_id, [row.episode.id], state)
        return Response(status_code=204)

    async def _store(self, request: Request, subject_id: int, ids: list[int], state: int) -> None:
        """Read the states, wait, write them back: of two at once the later forgets what the earlier wrote."""
        shelf = self._site.shelf(request)
        if subject_id not in shelf.rows:
            raise Problem(400, NOT_COLLECTED)
        before = dict(shelf.rows[subject_id].marks)
        after = marked(before, ids, state, int(self._site.hub.clock.timestamp()))
        await self._gap()
        shelf.store_marks(subject_id, after)
        self._judge_marks(exchange_of(request), ids, before, after)
        main = [episode_id for episode_id in ids if self._catalogue.episodes[episode_id].episode.type == 0]
        if state and main:
            shelf.happened("progress", subject_id=subject_id, type=state, episode_id=main[-1])

    async def _gap(self) -> None:
        await asyncio.sleep(max(SHORTEST_GAP, self._site.hub.latency["bangumi"]))

    # judging

    def _check_explicit(self, exchange: Exchange, *, explicit: bool) -> None:
        if not explicit:
            self._journal.breach(exchange, "batch_without_type", "a missing type un-marks everything listed")

    def _judge_row(
        self, exchange: Exchange, before: Collected | None, after: Collected, changes: dict[str, Any]
    ) -> None:
        if before is None:
            if "type" not in changes:
                self._journal.breach(exchange, "collect_without_type", "always send type when collecting")
            return
        if shown(before) == shown(after):
            self._journal.breach(exchange, "write_that_changes_nothing", str(changes))
        elif "type" in changes and before.type == after.type:
            self._journal.breach(exchange, "timeline_without_change", "type was sent although it did not change")

    def _judge_marks(self, exchange: Exchange, ids: list[int], before: dict[int, Mark], after: dict[int, Mark]) -> None:
        same = [episode_id for episode_id in ids if before.get(episode_id) == after.get(episode_id)]
        if states(before) == states(after):
            self._journal.breach(exchange, "write_that_changes_nothing", f"{len(ids)} episodes")
        elif same:
            self._journal.breach(exchange, "partly_redundant_write", f"{same[:5]} stayed as they were")

    # finding

    def _shelf_of(self, request: Request) -> Shelf:
        shelf = self._site.shelves.get(request.path_params["username"])
        if shelf is None:
            raise Problem(404, "user doesn't exist or has been removed")
        return shelf

    def _is_own(self, request: Request, shelf: Shelf) -> bool:
        exchange = exchange_of(request)
        return exchange.user == shelf.user.username

    def _seen(self, request: Request, subject_id: int) -> BangumiSubject:
        return self._catalogue.seen(subject_id, nsfw=self._site.sees_nsfw(request))

    def _collectable(self, request: Request, subject_id: int) -> BangumiSubject:
        subject = self._catalogue.subjects.get(subject_id)
        if subject is None or (subject.nsfw and not self._site.sees_nsfw(request)):
            raise Problem(404, "subject not found")
        if subject.locked or subject.merged_into:
            raise Problem(404, "subject locked or merged")
        return subject

    def _episode(self, request: Request) -> Listed:
        row = self._catalogue.episodes.get(path_number(request, "id"))
        if row is None:
            raise Problem(404, "episode not found")
        self._seen(request, row.subject_id)
        return row

    def _marks(self, request: Request, subject_id: int) -> dict[int, Mark]:
        row = self._site.shelf(request).rows.get(subject_id)
        return row.marks if row else {}


def new_row(subject: BangumiSubject, shelf: Shelf) -> Collected:
    """Return what a subject is collected as when nothing is said: doing."""
    return Collected(subject_id=subject.id, type=DOING, subject_type=subject.type, updated_at=shelf.clock.now())


def shown(row: Collected) -> dict[str, Any]:
    return row.model_dump(exclude={"updated_at", "marks"}) | {"comment": row.comment or ""}


def written_row(row: Collected, subject: BangumiSubject) -> dict[str, Any]:
    return {
        "updated_at": bangumi_time(row.updated_at),
        "comment": row.comment or None,
        "tags": row.tags,
        "subject": slim(subject),
        "subject_id": row.subject_id,
        "vol_status": 0,
        "ep_status": len(row.marks),
        "subject_type": row.subject_type,
        "type": row.type,
        "rate": row.rate,
        "private": row.private,
    }


def written_mark(row: Listed, marks: dict[int, Mark]) -> dict[str, Any]:
    mark = marks.get(row.episode.id, Mark(type=0))
    return {"episode": written_episode(row), "type": mark.type, "updated_at": mark.updated_at}


def written_user(user: BangumiUser) -> dict[str, Any]:
    return {
        "avatar": dict.fromkeys(("large", "medium", "small"), ""),
        "sign": "",
        "url": f"https://bgm.tv/user/{user.username}",
        "username": user.username,
        "nickname": user.nickname or user.username,
        "id": user.id,
        "user_group": 10,
        "reg_time": bangumi_time(user.reg_time),
        "email": f"{user.username}@example.org",
        "time_offset": 8,
    }
