"""The control surface: how tests look into running stand-ins and steer them, under ``/_standin/`` on either port.

| path | what |
|---|---|
| GET state | Bangumi's collections, marks and timeline by user; Trakt's plays by user |
| GET requests, breaches, stats | the log; bad manners; counts and peaks |
| GET tokens, POST expire | the tokens a world gave out; end a user's access or refresh tokens |
| GET, POST, DELETE faults | the rules that spoil requests: one object or a list |
| POST latency, limits, ban, clock | milliseconds; a rate limit; a ban; put the time forward |
| POST, DELETE plays; POST rows | add and remove plays; replace ratings, collection, watchlist or hidden rows |
| POST edit | what a person does by hand on Bangumi |
| POST subject, app | lock, unlock or change a subject; let an app vanish |
| POST clear | forget the log, the breaches and the peaks |
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bgmsync.standins.bangumi.catalogue import listed
from bgmsync.standins.bangumi.shelf import states
from bgmsync.standins.clock import trakt_time
from bgmsync.standins.faults import Fault
from bgmsync.standins.world import BangumiSubject, Collected, Listed, Mark, Play

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from bgmsync.standins.bangumi.shelf import Shelf
    from bgmsync.standins.bangumi.site import BangumiSite
    from bgmsync.standins.hub import Hub
    from bgmsync.standins.trakt.site import TraktSite

    Handler = Callable[[Request], Awaitable[Response]]

FAULTS = TypeAdapter(list[Fault])
ROWS = TypeAdapter(list[Listed])


class Control:
    def __init__(self, hub: Hub, trakt: TraktSite, bangumi: BangumiSite) -> None:
        self._hub = hub
        self._trakt = trakt
        self._bangumi = bangumi
        getters = [self.state, self.requests, self.breaches, self.stats, self.tokens]
        posters = [
            self.expire, self.latency, self.limits, self.ban, self.clock, self.rows,
            self.edit, self.subject, self.app_gone, self.clear,
        ]  # fmt: skip
        routes = [Route(f"/_standin/{getter.__name__}", getter) for getter in getters]
        routes += [Route(f"/_standin/{poster.__name__}", steering(poster), methods=["POST"]) for poster in posters]
        routes += [
            Route("/_standin/faults", steering(self.faults), methods=["GET", "POST", "DELETE"]),
            Route("/_standin/plays", steering(self.plays), methods=["POST", "DELETE"]),
        ]
        self.app = Starlette(routes=routes)

    # looking

    async def state(self, _: Request) -> Response:
        return JSONResponse(
            {
                "bangumi": {name: written_shelf(shelf) for name, shelf in self._bangumi.shelves.items()},
                "trakt": {
                    slug: [{**play.model_dump(exclude={"watched_at"}), "watched_at": trakt_time(play.watched_at)}
                           for play in library.user.plays]
                    for slug, library in self._trakt.libraries.items()
                },
            }
        )  # fmt: skip

    async def requests(self, _: Request) -> Response:
        return JSONResponse(self._hub.journal.dump())

    async def breaches(self, _: Request) -> Response:
        return JSONResponse([asdict(breach) for breach in self._hub.journal.breaches])

    async def stats(self, _: Request) -> Response:
        return JSONResponse(self._hub.journal.summary())

    async def tokens(self, _: Request) -> Response:
        """Answer with the tokens each user has now, the youngest first handed out last."""
        sites = {"trakt": self._trakt, "bangumi": self._bangumi}
        return JSONResponse(
            {
                name: {
                    user: {
                        "access": [token for token, held in site.tokens.access.items() if held[0] == user],
                        "refresh": [token for token, held in site.tokens.refresh.items() if held[0] == user],
                    }
                    for user in (self._trakt.libraries if name == "trakt" else self._bangumi.shelves)
                }
                for name, site in sites.items()
            }
        )

    # steering

    async def faults(self, request: Request) -> Any:
        rules = self._hub.faults.rules
        if request.method == "DELETE":
            rules.clear()
        elif request.method == "POST":
            sent = await request.json()
            rules.extend(FAULTS.validate_python(sent if isinstance(sent, list) else [sent]))
        return FAULTS.dump_python(rules, mode="json")

    async def expire(self, request: Request) -> Any:
        """``{service, user, what}``; ``what`` is access, refresh or both."""
        sent = await request.json()
        what = sent.get("what", "access")
        tokens = self._site(sent).tokens
        tokens.expire(sent["user"], access=what in {"access", "both"}, refresh=what in {"refresh", "both"})

    async def latency(self, request: Request) -> Any:
        """``{ms, service?}``; both services unless one is named."""
        sent = await request.json()
        for service in [sent["service"]] if "service" in sent else ["trakt", "bangumi"]:
            self._hub.latency[service] = sent["ms"] / 1000

    async def limits(self, request: Request) -> Any:
        """``{service, requests|null, seconds, ban_seconds}``."""
        sent = await request.json()
        limits = self._site(sent).limits
        limits.set(sent["requests"], sent.get("seconds", 600), sent.get("ban_seconds", 3600))

    async def ban(self, request: Request) -> Any:
        """``{service, seconds, user?}``; everybody unless one is named; 0 seconds lifts it."""
        sent = await request.json()
        self._site(sent).limits.ban(sent.get("user", "*"), sent["seconds"])

    async def clock(self, request: Request) -> Any:
        """``{seconds}`` to put the stand-ins' time forward."""
        self._hub.clock.advance((await request.json())["seconds"])

    async def plays(self, request: Request) -> Any:
        """POST ``{user, plays}`` (without ids, new ones are made), DELETE ``{user, ids}``."""
        sent = await request.json()
        library = self._trakt.libraries[sent["user"]]
        if request.method == "DELETE":
            library.remove_plays(sent["ids"])
            return None
        now = trakt_time(self._hub.clock.now())
        first = library.next_id()
        plays = [
            Play.model_validate({"id": number, "watched_at": now, **play})
            for number, play in enumerate(sent["plays"], start=first)
        ]
        library.add_plays(plays)
        return {"ids": [play.id for play in plays]}

    async def rows(self, request: Request) -> Any:
        """``{user, list, rows}``; ``list`` is ratings, collection, watchlist or hidden."""
        sent = await request.json()
        self._trakt.libraries[sent["user"]].replace_rows(sent["list"], ROWS.validate_python(sent["rows"]))

    async def edit(self, request: Request) -> Any:
        """``{user, subject_id, type?, rate?, comment?, tags?, private?, marks?: {episode: state}, remove?}``."""
        sent = await request.json()
        shelf = self._bangumi.shelves[sent.pop("user")]
        subject_id = sent.pop("subject_id")
        if sent.pop("remove", False):
            del shelf.rows[subject_id]
            return
        marks = {int(episode_id): state for episode_id, state in sent.pop("marks", {}).items()}
        row = shelf.rows.get(subject_id)
        if row is None:
            row = Collected(
                subject_id=subject_id, subject_type=self._bangumi.catalogue.subjects[subject_id].type, type=3
            )
        shelf.store_row(shelf.with_changes(row, sent))
        now = int(self._hub.clock.timestamp())
        kept = {episode_id: mark for episode_id, mark in row.marks.items() if episode_id not in marks}
        set_now = {episode_id: Mark(type=state, updated_at=now) for episode_id, state in marks.items() if state}
        shelf.store_marks(subject_id, kept | set_now)

    async def subject(self, request: Request) -> Any:
        """``{id, …}``: change a subject's fields, or add one."""
        sent = await request.json()
        catalogue = self._bangumi.catalogue
        known = catalogue.subjects.get(sent["id"])
        subject = BangumiSubject.model_validate({**(known.model_dump() if known else {}), **sent})
        catalogue.subjects[subject.id] = subject
        catalogue.lists[subject.id] = listed(subject)
        catalogue.episodes.update({row.episode.id: row for row in catalogue.lists[subject.id]})

    async def app_gone(self, request: Request) -> Any:
        """``{service, gone}``: the operator's app vanishes from the service, or comes back."""
        sent = await request.json()
        for app in self._site(sent).world.apps:
            app.gone = sent.get("gone", True)

    async def clear(self, _: Request) -> Any:
        self._hub.journal.clear()

    def _site(self, sent: dict[str, Any]) -> TraktSite | BangumiSite:
        return {"trakt": self._trakt, "bangumi": self._bangumi}[sent["service"]]


def steering(handler: Callable[[Request], Awaitable[Any]]) -> Handler:
    """Answer with what a handler returns, and with 400 and the reason when it doesn't understand."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await handler(request))
        except (KeyError, TypeError, json.JSONDecodeError, ValidationError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return endpoint


def written_shelf(shelf: Shelf) -> dict[str, Any]:
    return {
        "collections": {
            str(row.subject_id): {
                **row.model_dump(mode="json", exclude={"marks", "subject_id", "subject_type"}),
                "ep_status": len(row.marks),
                "marks": {str(episode_id): state for episode_id, state in states(row.marks).items()},
            }
            for row in shelf.rows.values()
        },
        "timeline": shelf.timeline,
    }
