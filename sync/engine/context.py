"""What the stages of one run share: who it is for, the two clients, and what has been read from Bangumi so far."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.sync import sync_to_async
from django.utils import timezone

from bgmsync.shared.http import (
    AccountLocked,
    AppRefused,
    Forbidden,
    NeedsVip,
    NotFound,
    PutOff,
    RateLimited,
    RemoteError,
    ServerTrouble,
    Unauthorized,
)
from sync.engine.facts import episode_of
from sync.engine.kinds import KINDS
from sync.matching.facts import Subject as SubjectFacts
from sync.models import Subject, SyncRun
from sync.models.subject import episode_rows
from trakt.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sync.bangumi.client import Bangumi
    from sync.bangumi.schemas import CollectionRow, CollectionType
    from sync.engine.clients import Meter
    from sync.matching.facts import Episode
    from sync.matching.index import Index
    from sync.models import BangumiAccount
    from trakt.client import Trakt
    from trakt.models import TraktConfig
    from trakt.schemas import LastActivities


T = TypeVar("T")

STOPS_ALL = (Unauthorized, AppRefused, Forbidden, NeedsVip, AccountLocked, RateLimited, PutOff)
"""Errors that everything else in the run would meet as well: a refused account, or a host that is put off."""


class Stopped(Exception):  # noqa: N818  # it is no error: the user, or the clock, asked the run to stop
    """The run is to stop where it is; what is left is in the ledger."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Listing:
    """A subject as Bangumi showed it to this user in this run: its episodes, and the user's marks on them."""

    episodes: tuple[Episode, ...]
    marks: dict[int, int]


@dataclass(slots=True)
class Context:
    run: SyncRun
    config: TraktConfig
    account: BangumiAccount
    trakt: Trakt
    bangumi: Bangumi
    meter: Meter
    index: Index
    deadline: float
    """When the run must stop itself, in the clock of ``time.monotonic``."""
    writers: asyncio.Semaphore
    """How many subjects may be written at once."""

    listings: dict[int, Listing] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    """Subjects that Bangumi did not show to this account."""
    gone: set[int] = field(default_factory=set)
    """Those of them about which it said so twice."""
    lists: dict[int, CollectionType | None] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    """How many main episodes a subject's entry announces, where the user's list told."""
    to_cache: dict[int, Subject] = field(default_factory=dict)
    stopping: str = ""
    writes: int = 0
    rows: dict[int, CollectionRow] = field(default_factory=dict)
    """Entries of the user's list, as they were read for the plan."""
    shared: dict[int, set[int]] = field(default_factory=dict)
    """Items that several subjects are written for, by primary key; they are settled when all of these are."""
    _activities: asyncio.Task[LastActivities] | None = None
    _reading: dict[int, asyncio.Task[Listing | None]] = field(default_factory=dict)
    _under_way: set[asyncio.Task[Any]] = field(default_factory=set)

    def check(self) -> None:
        """Raise :class:`Stopped` when somebody stopped the run, or its time is up; called between units of work."""
        if not self.stopping and time.monotonic() > self.deadline:
            self.stopping = "time_up"
        if self.stopping:
            raise Stopped(self.stopping)

    async def stage(self, stage: SyncRun.Stage, steps: int = 0) -> None:
        self.run.stage, self.run.step, self.run.steps = stage, 0, steps
        self.run.stage_began_at = timezone.now()
        await self.run.asave(update_fields=["stage", "step", "steps", "stage_began_at"])

    async def log(self, message: str, level: str = "info", **params: Any) -> None:
        await sync_to_async(self.run.log)(message, level, **params)

    @property
    def rules(self) -> Rules:
        return Rules.of(self.config)

    def reads(self, kind: str) -> bool:
        """Tell whether this run is about *kind*: those that were asked for, or all that the user has on."""
        if self.run.kinds:
            return kind in self.run.kinds
        return KINDS[kind].is_on(self.rules) if kind in KINDS else self.config.history

    async def activities(self) -> LastActivities:
        """Ask Trakt what moved, once a run."""
        if self._activities is None:
            self._activities = self._begun(self.trakt.last_activities())
        return await asyncio.shield(self._activities)

    def _begun(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Ask for something that several may wait for; whoever does may be stopped without stopping the others."""
        task = asyncio.ensure_future(coroutine)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        # When all that waited are stopped, its error is nobody's, and no news to the log.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def leave_nothing_behind(self) -> None:
        """Stop what nobody waits for any more: the loop ends with the run, and would cut off a renewal of tokens."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def listing(self, subject_id: int) -> Listing | None:
        """Return a subject's episodes with the user's marks, asking Bangumi once a run; None when it is hidden."""
        if subject_id not in self._reading:
            self.check()
        return await self._listing(subject_id)

    async def _listing(self, subject_id: int) -> Listing | None:
        task = self._reading.get(subject_id)
        if task is None:
            task = self._reading[subject_id] = self._begun(self._read_listing(subject_id))
        try:
            return await asyncio.shield(task)
        except RemoteError:
            self._reading.pop(subject_id, None)
            raise

    async def reread(self, subject_id: int) -> Listing | None:
        """Ask Bangumi again: what was known may have been changed by a write, which is seen through in any case."""
        self._reading.pop(subject_id, None)
        return await self._listing(subject_id)

    async def make_sure(self, subject_id: int) -> None:
        """Ask about a hidden subject once more, before a person is; raise :class:`ServerTrouble` when it is there.

        A single 404 may come from any box on the way, and what is in review stays there.
        """
        if subject_id in self.gone:
            return
        try:
            subject = await self.bangumi.subject(subject_id)
        except NotFound:
            subject = None
        if subject is not None and subject.id == subject_id:
            self.hidden.discard(subject_id)
            self._reading.pop(subject_id, None)
            raise ServerTrouble("bangumi", "a subject that is there was not found")
        self.gone.add(subject_id)

    async def _read_listing(self, subject_id: int) -> Listing | None:
        try:
            rows = await self.bangumi.episode_states(subject_id)
        except NotFound:
            self.hidden.add(subject_id)
            return None
        listing = Listing(
            episodes=tuple(episode_of(row.episode) for row in rows),
            marks={row.episode.id: int(row.type) for row in rows},
        )
        self.listings[subject_id] = listing
        self.to_cache[subject_id] = self._cached(subject_id, listing)
        return listing

    def _cached(self, subject_id: int, listing: Listing) -> Subject:
        entry = self.index.entries.get(subject_id)
        today = timezone.now().date().toordinal()
        return Subject(
            id=subject_id,
            name=entry.title if entry else "",
            episodes=episode_rows(listing.episodes),
            airing=not (entry and entry.end and entry.end < today),
            read_at=timezone.now(),
        )

    def facts(self, subject_id: int, listing: Listing) -> SubjectFacts:
        entry = self.index.entries.get(subject_id)
        return SubjectFacts(
            id=subject_id,
            name=entry.title if entry else "",
            eps=self.counts.get(subject_id, 0),
            episodes=listing.episodes,
        )

    async def flush_cache(self) -> None:
        """Store the subjects read so far in the cache that all users share."""
        rows, self.to_cache = list(self.to_cache.values()), {}
        if rows:
            await sync_to_async(Subject.objects.bulk_create)(
                rows,
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=["episodes", "airing", "read_at"],
            )
