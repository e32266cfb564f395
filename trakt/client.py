"""Trakt's API, as far as it is read: https://developer.trakt.tv/docs. Knows no Django."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import ValidationError

from bgmsync.shared.http import ServerTrouble, with_token
from bgmsync.shared.http.fields import Answered, first_problem
from trakt.schemas import (
    CollectionRow,
    HiddenRow,
    HistoryRow,
    LastActivities,
    Movie,
    Page,
    RatingRow,
    Season,
    Settings,
    Show,
    WatchedMap,
    WatchlistRow,
    parse_rows,
    parse_watched,
    parse_watched_shows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bgmsync.shared.http import Answer, Tokens, Transport

PAGE_LIMIT = 250
"""Trakt's maximum; it silently clamps what is above."""

LONGEST_COUNT = 9
"""Digits of a believable page or item count."""

MOST_PAGES = 10_000
"""Two and a half million rows. A garbled page count must not set off more requests than that."""

R = TypeVar("R", bound=Answered)
M = TypeVar("M")
J = TypeVar("J", list, dict)

CollectionKind = Literal["movies", "shows", "episodes"]
WatchedKind = Literal["movies", "shows", "episodes"]
HiddenSection = Literal["calendar", "progress_watched", "progress_collected", "recommendations", "dropped"]


class Trakt:
    """One user's view of Trakt. All calls raise :class:`bgmsync.shared.http.RemoteError` and nothing else.

    All requests carry the user's token: they are billed to the user's own allowance, not to the one that all
    users of this address share.
    """

    def __init__(self, transport: Transport, tokens: Tokens, client_id: str) -> None:
        self._transport = transport
        self._tokens = tokens
        self._headers = {
            "Content-Type": "application/json",  # on GET as well: without it Trakt answers 412
            "trakt-api-key": client_id,
            "trakt-api-version": "2",
        }

    async def last_activities(self) -> LastActivities:
        return await self._object("/sync/last_activities", LastActivities.from_answer)

    async def history_page(
        self,
        page: int,
        *,
        start_at: datetime | None = None,
        end_at: datetime | None = None,
        limit: int = PAGE_LIMIT,
    ) -> Page[HistoryRow]:
        """Return a page of plays, newest first, with full media. The window is about the time of watching.

        Plays added while one pages shift rows to later pages: tell rows by their id.
        """
        window = {"start_at": start_at, "end_at": end_at}
        asked = {name: _instant(moment) for name, moment in window.items() if moment}
        return await self._page("/sync/history", HistoryRow, page, limit, window=asked)

    async def ratings_page(self, page: int, *, limit: int = PAGE_LIMIT) -> Page[RatingRow]:
        return await self._page("/sync/ratings/all", RatingRow, page, limit)

    async def collection_page(self, kind: CollectionKind, page: int, *, limit: int = PAGE_LIMIT) -> Page[CollectionRow]:
        return await self._page(
            f"/sync/collection/{kind}", CollectionRow, page, limit, default_type=kind.removesuffix("s")
        )

    async def watchlist_page(self, page: int, *, limit: int = PAGE_LIMIT) -> Page[WatchlistRow]:
        return await self._page("/sync/watchlist", WatchlistRow, page, limit)

    async def hidden_page(self, section: HiddenSection, page: int, *, limit: int = PAGE_LIMIT) -> Page[HiddenRow]:
        return await self._page(f"/users/hidden/{section}", HiddenRow, page, limit)

    async def watched_map(self, kind: WatchedKind) -> WatchedMap:
        """Return all plays in one compact answer, back-dated ones and those of unknown date included."""
        params = {"extended": "min"}
        if kind != "movies":
            params["specials"] = "true"
        if kind == "shows":
            params["season_numbers"] = "true"
        answer = await self._read(f"/sync/watched/{kind}", dict, params)
        return parse_watched_shows(answer.data) if kind == "shows" else parse_watched(answer.data)

    async def seasons(self, show_id: int) -> list[Season]:
        """Return all seasons, specials (0) included, with their episodes. All of them or an error: they are counted."""
        answer = await self._read(f"/shows/{show_id}/seasons", list, {"extended": "full,episodes"})
        return [self._model(Season.model_validate, row) for row in answer.data]

    async def show(self, show_id: int) -> Show:
        return await self._object(f"/shows/{show_id}", Show.model_validate, extended="full")

    async def movie(self, movie_id: int) -> Movie:
        return await self._object(f"/movies/{movie_id}", Movie.model_validate, extended="full")

    async def settings(self) -> Settings:
        return await self._object("/users/settings", Settings.model_validate)

    async def _page(  # noqa: PLR0913  # what tells the lists apart
        self,
        path: str,
        model: type[R],
        page: int,
        limit: int,
        *,
        window: dict[str, str] | None = None,
        default_type: str = "",
    ) -> Page[R]:
        asked = {"extended": "full", "page": page, "limit": limit, **(window or {})}
        answer = await self._read(path, list, asked)
        page_count = _told(answer, "page-count", page)
        if page_count > MOST_PAGES:
            raise ServerTrouble(self._transport.service, "a list without a believable page count")
        rows, rejected = parse_rows(model, answer.data, default_type)
        return Page(
            rows=rows,
            rejected=rejected,
            page=_told(answer, "page", page),
            page_count=page_count,
            item_count=_header(answer, "item-count"),
            limit=_told(answer, "limit", limit) or limit,
        )

    async def _object(self, path: str, build: Callable[[dict[str, Any]], M], **params: str) -> M:
        answer = await self._read(path, dict, params)
        return self._model(build, answer.data)

    async def _read(self, path: str, expects: type[J], params: dict[str, Any]) -> Answer[J]:
        async def send(token: str | None) -> Answer[J]:
            return await self._transport.read(path, expects, params=params, headers=self._headers, bearer=token)

        return await with_token(self._tokens, send)

    def _model(self, build: Callable[[Any], M], data: Any) -> M:
        try:
            return build(data)
        except ValidationError as error:
            problem = first_problem(error)
        raise ServerTrouble(self._transport.service, f"an answer of another shape: {problem}")


def _told(answer: Answer, name: str, otherwise: int) -> int:
    number = _header(answer, name)
    return otherwise if number is None else number


def _header(answer: Answer, name: str) -> int | None:
    """Read a pagination header; None when it is absent or no number, as for lists that are not paged."""
    value = answer.headers.get(f"x-pagination-{name}", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= LONGEST_COUNT else None


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
