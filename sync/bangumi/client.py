"""Bangumi's API v0, as far as it is used: https://github.com/bangumi/api. Knows no Django."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from bgmsync.shared.http import NotFound, ServerTrouble, together, with_token
from bgmsync.shared.http.fields import Answered, first_problem
from sync.bangumi.schemas import (
    CollectionRow,
    CollectionType,
    EpisodeRow,
    EpisodeState,
    EpisodeStatus,
    KeptRow,
    Me,
    Related,
    Subject,
    SubjectType,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from bgmsync.shared.http import Answer, Tokens, Transport

COLLECTION_LIMIT = 100
STATE_LIMIT = 1000
EPISODE_LIMIT = 200
SEARCH_LIMIT = 20
"""The largest pages that the service gives; above its own limits it answers 400."""

MARK_LIMIT = 200
"""Episodes for one call of ``mark_episodes``. One call is one PATCH, with one outcome."""

LARGEST_TOTAL = 200_000
"""Rows in a believable list. A garbled total must not set off millions of requests."""

READINGS = 3
"""How often a list is read anew because it moved while it was read."""

NOT_COLLECTED = "not collected"
"""In the description of the 404 for a subject that exists and is not in the list."""

READ_OR_MOVED = frozenset({200, 302})
MOVED = 302
LONGEST_TRAIL = 3
"""Merges of merged subjects to follow."""

SUBJECT_PATH = re.compile(r"/v0/subjects/([0-9]{1,18})/?$")

M = TypeVar("M", bound=Answered)
C = TypeVar("C", bound=CollectionRow)
J = TypeVar("J", list, dict)


class Bangumi:
    """One user's view of Bangumi. All calls raise :class:`bgmsync.shared.http.RemoteError` and nothing else.

    Writes of one user to one subject must not overlap: the server reads, changes and stores without a lock.
    All requests carry the user's token, so that users do not share the allowance of one address.
    """

    def __init__(self, transport: Transport, tokens: Tokens) -> None:
        self._transport = transport
        self._tokens = tokens

    async def me(self) -> Me:
        answer = await self._read("/v0/me", dict)
        return self._model(Me, answer.data)

    async def collections(
        self, username: str, subject_type: SubjectType | None = SubjectType.ANIME
    ) -> list[CollectionRow]:
        """Return the user's whole list of a type (None: of all types), latest change first.

        A change while the list is being read shifts its rows over the pages: it shows as a row seen twice or as
        another total, and the list is read anew.
        """
        params = {} if subject_type is None else {"subject_type": int(subject_type)}
        return await self._steady_list(username, params, CollectionRow)

    async def everything(self, username: str) -> list[KeptRow]:
        """Return the user's whole list of all types, each row with all that was answered of it."""
        return await self._steady_list(username, {}, KeptRow)

    async def _steady_list(self, username: str, params: dict[str, Any], model: type[C]) -> list[C]:
        path = f"/v0/users/{quote(username, safe='')}/collections"
        for _ in range(READINGS):
            rows = await self._all_rows(path, params, model, limit=COLLECTION_LIMIT, key=lambda row: row.subject_id)
            if rows is not None:
                return rows
        raise ServerTrouble(self._transport.service, "the list kept changing while it was read")

    async def collection(self, username: str, subject_id: int) -> CollectionRow | None:
        """Return the user's entry, or None when there is none. :class:`NotFound`: no such subject or user."""
        try:
            answer = await self._read(f"/v0/users/{quote(username, safe='')}/collections/{subject_id}", dict)
        except NotFound as error:
            if NOT_COLLECTED in error.detail:
                return None
            raise
        return self._model(CollectionRow, answer.data)

    async def episode_states(self, subject_id: int) -> list[EpisodeState]:
        """Return the subject's episodes with what the user says of each; works for uncollected subjects too."""
        path = f"/v0/users/-/collections/{subject_id}/episodes"
        return await self._rows_once(path, {}, EpisodeState, STATE_LIMIT, lambda row: row.episode.id)

    async def episodes(self, subject_id: int) -> list[EpisodeRow]:
        params = {"subject_id": subject_id}
        return await self._rows_once("/v0/episodes", params, EpisodeRow, EPISODE_LIMIT, lambda row: row.id)

    async def subject(self, subject_id: int) -> Subject:
        """Return the subject; of one that was merged into another the other, whose ``id`` then differs."""
        for _ in range(LONGEST_TRAIL + 1):
            answer = await self._read(f"/v0/subjects/{subject_id}", dict, accept_statuses=READ_OR_MOVED)
            if answer.status != MOVED:
                return self._model(Subject, answer.data)
            subject_id = self._moved_to(answer)
        raise ServerTrouble(self._transport.service, "a subject that is merged in a circle")

    async def related(self, subject_id: int) -> list[Related]:
        answer = await self._read(f"/v0/subjects/{subject_id}/subjects", list)
        return [self._model(Related, row) for row in answer.data]

    async def search(  # noqa: PLR0913  # the filters that the service has, each by its name
        self,
        keyword: str,
        types: Sequence[SubjectType] = (SubjectType.ANIME,),
        *,
        air_date: Sequence[str] = (),
        sort: str = "match",
        limit: int = SEARCH_LIMIT,
        offset: int = 0,
    ) -> list[Subject]:
        """Return what resembles *keyword*: titles are matched loosely, so verify what comes.

        *air_date* holds conditions that all must hold, such as ``">=2020-07-01"`` with all digits written out.
        """
        conditions: dict[str, Any] = {"type": [int(kind) for kind in types]}
        if air_date:
            conditions["air_date"] = list(air_date)
        answer = await self._read(
            "/v0/search/subjects",
            dict,
            method="POST",
            params={"limit": limit, "offset": offset},
            json={"keyword": keyword, "sort": sort, "filter": conditions},
        )
        return [self._model(Subject, row) for row in self._data(answer)]

    async def create_collection(  # noqa: PLR0913  # the fields of an entry, each by its name
        self,
        subject_id: int,
        type: CollectionType,  # noqa: A002  # the service's own word
        *,
        rate: int | None = None,
        private: bool | None = None,
        tags: Sequence[str] | None = None,
        comment: str | None = None,
    ) -> None:
        """Add the subject to the user's list, or change its entry. None leaves a field as it is."""
        entry = _entry(type, rate, private, tags, comment)
        await self._write("POST", f"/v0/users/-/collections/{subject_id}", entry)

    async def update_collection(  # noqa: PLR0913  # the fields of an entry, each by its name
        self,
        subject_id: int,
        *,
        type: CollectionType | None = None,  # noqa: A002  # the service's own word
        rate: int | None = None,
        private: bool | None = None,
        tags: Sequence[str] | None = None,
        comment: str | None = None,
    ) -> None:
        """Change an entry that exists; None leaves a field as it is. *rate* 0 removes the rating.

        Sending *type* shows in the user's public timeline even if it is what it was: send what differs.
        """
        entry = _entry(type, rate, private, tags, comment)
        if not entry:
            raise ValueError("Nothing to change, yet the service would note a change.")
        await self._write("PATCH", f"/v0/users/-/collections/{subject_id}", entry)

    async def mark_episodes(
        self,
        subject_id: int,
        episode_ids: Sequence[int],
        *,
        type: EpisodeStatus,  # noqa: A002  # the service's own word
    ) -> None:
        """Set the state of up to ``MARK_LIMIT`` episodes of a collected subject, all or none.

        Going from one state to another that is not NONE must go through NONE: the server forgets it otherwise.
        """
        if not 0 < len(episode_ids) <= MARK_LIMIT:
            raise ValueError(f"Mark 1 to {MARK_LIMIT} episodes at a time, not {len(episode_ids)}.")
        marks = {"episode_id": list(episode_ids), "type": int(type)}
        await self._write("PATCH", f"/v0/users/-/collections/{subject_id}/episodes", marks)

    async def _rows_once(
        self, path: str, params: dict[str, Any], model: type[M], limit: int, key: Callable[[M], Hashable]
    ) -> list[M]:
        rows = await self._all_rows(path, params, model, limit=limit, key=key)
        if rows is None:
            raise ServerTrouble(self._transport.service, "pages that do not fit together")
        return rows

    async def _all_rows(
        self, path: str, params: dict[str, Any], model: type[M], *, limit: int, key: Callable[[M], Hashable]
    ) -> list[M] | None:
        """Read the first page, then all others at once; None when they do not fit together.

        Pages may be short, or null, before the last one: the service leaves out what it can't show. Beyond the
        total it answers 400.
        """

        async def page(offset: int) -> tuple[list[M], int]:
            answer = await self._read(path, dict, params={**params, "limit": limit, "offset": offset})
            return [self._model(model, row) for row in self._data(answer)], self._total(answer)

        first, total = await page(0)
        others = await together([page(offset) for offset in range(limit, total, limit)])
        rows = [*first, *(row for more, _ in others for row in more)]
        whole = all(other_total == total for _, other_total in others)
        return rows if whole and len({key(row) for row in rows}) == len(rows) else None

    def _data(self, answer: Answer[dict]) -> list[Any]:
        if "data" not in answer.data:
            raise ServerTrouble(self._transport.service, "a list without its data")
        data = [] if answer.data["data"] is None else answer.data["data"]
        if not isinstance(data, list):
            raise ServerTrouble(self._transport.service, "a list of another shape")
        return data

    def _total(self, answer: Answer[dict]) -> int:
        total = answer.data.get("total")
        if not isinstance(total, int) or isinstance(total, bool) or not 0 <= total <= LARGEST_TOTAL:
            raise ServerTrouble(self._transport.service, "a list without a believable total")
        return total

    def _moved_to(self, answer: Answer[dict]) -> int:
        """Read the new id. The address itself is not followed: it must not lead to another host with our token."""
        moved = SUBJECT_PATH.search(answer.headers.get("location", ""))
        if moved is None:
            raise ServerTrouble(self._transport.service, "a redirect to no subject")
        return int(moved[1])

    async def _read(self, path: str, expects: type[J], **request: Any) -> Answer[J]:
        async def send(token: str | None) -> Answer[J]:
            return await self._transport.read(path, expects, bearer=token, **request)

        return await with_token(self._tokens, send)

    async def _write(self, method: str, path: str, body: dict[str, Any]) -> None:
        async def send(token: str | None) -> None:
            await self._transport.send(method, path, json=body, bearer=token)

        await with_token(self._tokens, send)

    def _model(self, model: type[M], data: Any) -> M:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            problem = first_problem(error)
        raise ServerTrouble(self._transport.service, f"an answer of another shape: {problem}")


def _entry(
    kind: CollectionType | None,
    rate: int | None,
    private: bool | None,  # noqa: FBT001  # a field of the entry
    tags: Sequence[str] | None,
    comment: str | None,
) -> dict[str, Any]:
    """Return only what is given: the service refuses unknown keys, and keeps what is not sent."""
    entry = {
        "type": None if kind is None else int(kind),
        "rate": rate,
        "private": private,
        "tags": None if tags is None else list(tags),
        "comment": comment,
    }
    return {name: value for name, value in entry.items() if value is not None}
