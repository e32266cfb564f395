"""One run from claim to verdict. The stages do the work; here they are put in order and their end is judged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.utils import timezone

from bgmsync.shared import pauses
from bgmsync.shared.http import (
    AccountLocked,
    AppRefused,
    NeedsVip,
    RemoteError,
    ServerTrouble,
    Unauthorized,
    together,
)
from bgmsync.shared.logs import about
from bgmsync.shared.models import Connection, ConnectionState
from sync import figures, queue, runs, stopping, uploads
from sync.engine import ledger
from sync.engine.apply import apply
from sync.engine.approval import must_ask, note_first_approval, only_what_was_shown, shown_plans
from sync.engine.clients import open_clients
from sync.engine.context import Context, Stopped
from sync.engine.importing import take_over
from sync.engine.index import current_index
from sync.engine.kinds.reading import ListReading, move_cursors, read_kinds
from sync.engine.kinds.reopen import reopen_by_rules
from sync.engine.match import match
from sync.engine.plan import plan
from sync.engine.read import Reading, read
from sync.engine.takeback import take_back
from sync.engine.undo import undo
from sync.engine.verdict import Ending, judge_run
from sync.models import BangumiAccount, SyncItem, SyncRun
from sync.notifying.handing import hand_over
from sync.reasons import Reason
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

BEAT = 2.0
"""Seconds between heartbeats, which also carry the progress that people watch."""

OUTCOME = (
    "status",
    "stage",
    "read",
    "expected",
    "counts",
    "reasons",
    "by_kind",
    "requests",
    "writes",
    "worked",
    "heartbeat_at",
)
"""What the end of a run's work tells. The rest of the row may have been changed by others meanwhile."""

STATE_AFTER: dict[type[RemoteError], ConnectionState] = {
    Unauthorized: ConnectionState.RECONNECT,
    AppRefused: ConnectionState.APP_GONE,
    NeedsVip: ConnectionState.VIP_ONLY,
    AccountLocked: ConnectionState.LOCKED,
}


@dataclass(frozen=True, slots=True)
class Held:
    """What was read of one kind before the run was held."""

    keys: set[str]
    expected: int
    error: RemoteError | None = None


@dataclass(slots=True)
class Course:
    """How a run went: what it read and carried over, and what stopped it, if anything did."""

    reading: Reading = field(default_factory=Reading)
    lists: list[ListReading] = field(default_factory=list)
    carried: dict[int, str] = field(default_factory=dict)
    """Items that were not read in this run and are taken up in it, each with its kind."""
    error: RemoteError | None = None
    stopped: str = ""
    awaits: bool = False
    """Whether it stopped for the user's approval."""
    held: dict[str, Held] = field(default_factory=dict)
    """Of a run that goes on after its approval, a pause or a stop: what it had read before, by kind."""
    has_read: bool = False
    """Whether all was read that is to be read."""
    writes: int = 0
    requests: Counter[str] = field(default_factory=Counter)

    def readings(self) -> Mapping[str, Reading | ListReading | Held]:
        """Return what was read, by kind."""
        if self.held:
            return self.held
        return {SyncItem.Kind.HISTORY.value: self.reading} | {reading.kind: reading for reading in self.lists}

    @property
    def failure(self) -> RemoteError | None:
        """What stopped it, or one of its readings."""
        return self.error or next((r.error for r in self.readings().values() if r.error), None)


def work(run_id: int, *, ignore_pauses: bool = False) -> SyncRun | None:
    """Claim the run and see it through; None when somebody else has it. Errors end in the run, never here."""
    run = runs.claim(run_id)
    if run is None:
        logger.info("run %s is not waiting for a worker any more", run_id)
        return None
    with about(run=run.pk, user=run.user_id):
        _see_through(run, ignore_pauses=ignore_pauses)
    return run


def _see_through(run: SyncRun, *, ignore_pauses: bool) -> None:
    hand_over(run)
    try:
        course = async_to_sync(_go)(run, ignore_pauses)
    except Exception:
        logger.exception("run %s failed", run.pk)
        course = Course(stopped=Reason.INTERNAL)
        ledger.postpone_matched(run, Reason.INTERNAL)
    _end(run, course)
    figures.note_end(run)
    uploads.remove_if_over(run)
    hand_over(run)


async def _go(run: SyncRun, ignore_pauses: bool) -> Course:  # noqa: FBT001  # passed on by work alone
    config, _made = await TraktConfig.objects.select_related("user").aget_or_create(user_id=run.user_id)
    account, _made = await BangumiAccount.objects.aget_or_create(user_id=run.user_id)
    course = Course()
    async with open_clients(config, account) as clients:
        ctx = Context(
            run=run,
            config=config,
            account=account,
            trakt=clients.trakt,
            bangumi=clients.bangumi,
            meter=clients.meter,
            index=await sync_to_async(current_index)(),
            deadline=time.monotonic() + settings.JOB_LIMIT - 60,
            writers=asyncio.Semaphore(settings.IN_FLIGHT),
        )
        beating = asyncio.ensure_future(_beat(ctx))
        try:
            await _stages(ctx, course, ignore_pauses=ignore_pauses)
        except Stopped as stop:
            course.stopped = stop.reason
        except RemoteError as error:
            course.error = error
        finally:
            beating.cancel()
            await ctx.leave_nothing_behind()
            await ctx.flush_cache()
        course.writes = ctx.writes
        course.requests = clients.meter.requests
        await sync_to_async(_note_refusals)(config, account, course)
        await sync_to_async(_note_welcomes)(config, account, course)
    return course


async def _stages(ctx: Context, course: Course, *, ignore_pauses: bool) -> None:
    run = ctx.run
    if run.trigger == SyncRun.Trigger.UNDO:
        await undo(ctx)
        return
    await take_over(ctx)
    if "read" in run.held:
        _recall(run, course)
    elif not run.only_retry:
        await _read(ctx, course, ignore_pauses=ignore_pauses)
    course.has_read = True
    course.carried |= await sync_to_async(_carry_over)(ctx, course, ignore_pauses)
    if not await SyncItem.objects.filter(user_id=run.user_id, state__in=SyncItem.UNFINISHED).aexists():
        return
    ctx.check()
    if not ctx.account.access_token:
        raise Stopped(Reason.BANGUMI_NOT_CONNECTED)
    await match(ctx)
    ctx.check()
    await take_back(ctx)
    shown = await sync_to_async(shown_plans)(run) if run.approved_at else {}
    plans = await plan(ctx)
    if run.dry_run:
        await ctx.log("Preview: subjects that would be written: %(n)s.", n=len(plans))
        return
    if await must_ask(ctx, plans):
        course.awaits = True
        await ctx.log("Subjects to be written: %(n)s. The plan waits for your approval.", n=len(plans))
        return
    if run.approved_at:
        plans = await sync_to_async(only_what_was_shown)(run, plans, shown)
    if plans:
        await note_first_approval(ctx)
        await apply(ctx, plans)


def _recall(run: SyncRun, course: Course) -> None:
    """Take up again what the run had read before it was held; nothing is read twice for an approval or a pause."""
    error = run.held.get("error")
    failed = ServerTrouble(error["service"], error["detail"]) if error else None
    course.held = {
        kind: Held(set(kept["keys"]), kept["expected"], failed) for kind, kept in run.held.get("read", {}).items()
    }
    course.carried = {int(pk): kind for pk, kind in run.held.get("carried", {}).items()}


def _hold(course: Course) -> dict[str, Any]:
    """Return what :func:`_recall` needs."""
    read = {k: {"keys": sorted(r.keys), "expected": r.expected} for k, r in course.readings().items()}
    error = course.failure
    failed = {"service": error.service, "detail": error.detail} if error else None
    return {"read": read, "carried": course.carried, "error": failed}


async def _read(ctx: Context, course: Course, *, ignore_pauses: bool) -> None:
    """Read all kinds at once."""
    if not ctx.config.access_token:
        raise Stopped(Reason.TRAKT_NOT_CONNECTED)
    again = await sync_to_async(ledger.kinds_to_read_again)(ctx.run.user_id, ignore_pauses=ignore_pauses)

    async def read_history() -> None:
        course.reading = await read(ctx, full=ctx.run.full or SyncItem.Kind.HISTORY.value in again)

    async def read_lists() -> None:
        course.lists = await read_kinds(ctx, again=again)

    await together([read_history(), read_lists()])
    if not ctx.run.dry_run:
        await move_cursors(ctx.config, course.lists)
    await _tell_what_was_read(ctx, course)


async def _tell_what_was_read(ctx: Context, course: Course) -> None:
    reading = course.reading
    if reading.expected:
        await ctx.log(
            "Plays read from Trakt: %(expected)s, of them new: %(new)s.", expected=reading.expected, new=reading.new
        )
    for read_list in course.lists:
        await ctx.log("Rows of %(kind)s on Trakt: %(n)s.", kind=read_list.kind, n=read_list.expected)
    for told in course.readings().values():
        if told.error:
            await ctx.log("Reading Trakt stopped: %(reason)s", "warning", reason=told.error.reason)


def _carry_over(ctx: Context, course: Course, ignore_pauses: bool) -> dict[int, str]:  # noqa: FBT001  # one caller
    """Take up what earlier runs left, and return it with its kind, without what this run has read itself."""
    run = ctx.run
    reopen_by_rules(run, ctx.config)
    items = runs.due_items(run.user, ignore_pauses=ignore_pauses)
    if run.kinds:
        items = items.filter(kind__in=run.kinds)
    rows = list(items.values_list("pk", "kind", "source_key"))
    ledger.take_up(run, items)
    readings = course.readings()
    asked = {pk: reading.kind for reading in course.lists for pk in reading.asked}
    return asked | {pk: kind for pk, kind, key in rows if kind not in readings or key not in readings[kind].keys}


async def _beat(ctx: Context) -> None:
    """Say that the run lives and how far it is, and learn whether it was cancelled or paused."""
    run = ctx.run
    before, written = Counter(run.held.get("requests", {})), run.held.get("writes", 0)
    while True:
        await asyncio.sleep(BEAT)
        await _stop_if_disconnected(ctx)
        rows = SyncRun.objects.filter(pk=run.pk)
        await rows.aupdate(
            heartbeat_at=timezone.now(),
            step=run.step,
            steps=run.steps,
            requests=dict(before + ctx.meter.requests),
            writes=written + ctx.writes,
        )
        cancelled, paused = await rows.values_list("cancel_asked", "pause_asked").aget()
        if cancelled or paused:
            ctx.stopping = Reason.CANCELLED if cancelled else SyncRun.Status.PAUSED
        elif stopping.asked():
            ctx.stopping = SyncRun.Status.QUEUED


def _note_refusals(config: TraktConfig, account: BangumiAccount, course: Course) -> None:
    """Keep with the connection what the service said of it, so that its page shows it and no schedule hammers on."""
    for error in (course.error, *(reading.error for reading in course.readings().values())):
        state = STATE_AFTER.get(type(error)) if error else None
        if error is None or state is None:
            continue
        connection: Connection = config if error.service == "trakt" else account
        # The user may have connected anew, or disconnected, while the run was under way: then that is the truth.
        before = connection.access_token
        connection.refresh_from_db()
        if connection.state == ConnectionState.NONE:
            course.stopped = course.stopped or Reason(f"{error.service}_not_connected")
        elif connection.access_token == before:
            connection.lose(state, error.detail)


async def _stop_if_disconnected(ctx: Context) -> None:
    """Stop a run whose user has disconnected meanwhile: the tokens that it holds in memory may still work."""
    for connection in (ctx.config, ctx.account):
        kept = type(connection)._default_manager.filter(pk=connection.pk)  # noqa: SLF001  # Django's way to it
        if connection.access_token and await kept.filter(state=ConnectionState.NONE).aexists():
            ctx.stopping = Reason(f"{connection.service}_not_connected")


def _note_welcomes(config: TraktConfig, account: BangumiAccount, course: Course) -> None:
    """Clear what an earlier run noted of a connection that works again: no schedule starts on it otherwise."""
    refusing = {error.service for error in (course.error, *(r.error for r in course.readings().values())) if error}
    for connection in (config, account):
        if course.requests[connection.service] and connection.service not in refusing:
            rows = type(connection).objects.filter(pk=connection.pk, state__in=set(STATE_AFTER.values()))
            rows.update(state=ConnectionState.CONNECTED, state_detail="")


def _end(run: SyncRun, course: Course) -> None:
    """Judge how the run ended, let what is left wait, and plan the next run."""
    broken_off = course.stopped in SyncRun.BROKEN_OFF
    if broken_off:
        course.stopped = _as_asked_last(run, course.stopped)
        broken_off = course.stopped != Reason.CANCELLED
    failure = course.failure
    left_reason = course.stopped or (failure.reason if failure else "")
    left_over = (course.error or course.stopped) and not broken_off
    if left_over and not (run.dry_run or run.trigger == SyncRun.Trigger.UNDO):
        ledger.postpone_matched(run, left_reason or Reason.INTERRUPTED)
    ledger.note_ticks(run.user_id)
    by_kind, states, reasons = _count(run, course)
    read = sum(counted["read"] for counted in by_kind.values())
    expected = sum(counted["expected"] for counted in by_kind.values())
    ending = judge_run(
        states=states,
        read=read,
        expected=expected,
        error=failure,
        stopped=course.stopped,
        dry_run=run.dry_run,
    )
    run.heartbeat_at = timezone.now()
    run.worked = run.worked_until(run.heartbeat_at)
    run.read, run.expected = read, expected
    run.counts, run.reasons, run.by_kind = dict(states), dict(reasons), by_kind
    run.requests = dict(Counter(run.held.get("requests", {})) + course.requests)
    run.writes = run.held.get("writes", 0) + course.writes
    if course.awaits or broken_off:
        _hold_run(run, course)
        return
    run.status, run.reason, run.detail = ending.status, str(ending.reason), ending.detail[:300]
    run.not_before = _next_try(ending, failure, run)
    run.stage = SyncRun.Stage.OVER
    run.finished_at = run.heartbeat_at
    run.held = {}
    run.save(update_fields=[*OUTCOME, "held", "reason", "detail", "not_before", "finished_at"])
    _log_end(run, ending)
    _plan_next(run)
    _follow(run)


def _as_asked_last(run: SyncRun, stopped: str) -> str:
    """Return how a run that was broken off is left: what its user asked for meanwhile goes before a worker's end."""
    cancelled, paused = SyncRun.objects.filter(pk=run.pk).values_list("cancel_asked", "pause_asked").get()
    if cancelled:
        return Reason.CANCELLED
    return SyncRun.Status.PAUSED if paused else stopped


def _hold_run(run: SyncRun, course: Course) -> None:
    """Let the run wait for its user or for another worker, with what it has read and spent."""
    read = _hold(course) if course.has_read else {}
    run.held = run.held | read | {"requests": run.requests, "writes": run.writes}
    if course.awaits:
        run.status, run.stage = SyncRun.Status.AWAITING, SyncRun.Stage.PLAN
    elif course.stopped == SyncRun.Status.PAUSED:
        run.status = SyncRun.Status.PAUSED
        run.log("The run was paused.")
    else:
        _hand_back(run)
    run.save(update_fields=[*OUTCOME, "held", "owner"])
    if run.status == SyncRun.Status.QUEUED:
        queue.enqueue(run.pk)


def _hand_back(run: SyncRun) -> None:
    """Let another worker go on: this one was asked to stop. What it has come to is counted anew from its items."""
    run.status, run.owner, run.heartbeat_at = SyncRun.Status.QUEUED, "", None
    run.counts, run.reasons, run.by_kind = {}, {}, {}
    run.log("The workers were stopped. The run goes on from here when they are back.")


def _follow(run: SyncRun) -> None:
    """Start the retry that was asked for while the run was under way."""
    if SyncRun.objects.filter(pk=run.pk, retry_asked=True).exists():
        runs.request(run.user, SyncRun.Trigger.RETRY, only_retry=True)


def _count(run: SyncRun, course: Course) -> tuple[dict[str, dict[str, Any]], Counter[str], Counter[str]]:
    """Count what the run answers for: by kind, and in all by state and by reason."""
    by_kind: dict[str, dict[str, Any]] = {}
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    readings = course.readings()
    for kind in SyncItem.Kind.values:
        reading = readings.get(kind)
        keys = reading.keys if reading else set()
        carried = [pk for pk, of in course.carried.items() if of == kind]
        of_kind, why = ledger.tally(run.user_id, kind, sorted(keys), sorted(carried))
        states += of_kind
        reasons += why
        by_kind[kind] = {
            "read": len(keys) + len(carried),
            "expected": (reading.expected if reading else 0) + len(carried),
            "items": dict(of_kind),
        }
    return by_kind, states, reasons


def _log_end(run: SyncRun, ending: Ending) -> None:
    if ending.status == SyncRun.Status.SUCCEEDED:
        run.log("The run succeeded.")
    elif ending.reason:
        why = {"status": ending.status, "reason": str(ending.reason), "detail": ending.detail}
        run.log("The run ended: %(status)s (%(reason)s) %(detail)s", "warning", **why)
    else:
        run.log("The run ended: %(status)s", "warning", status=ending.status)


def _next_try(ending: Ending, failure: RemoteError | None, run: SyncRun) -> datetime | None:
    if ending.status not in {SyncRun.Status.DEFERRED, SyncRun.Status.INCOMPLETE}:
        return None
    pause = pauses.before_next_try(1)
    if failure is not None and failure.retry_after:
        pause = max(pause, timedelta(seconds=failure.retry_after))
    waiting = SyncItem.objects.filter(user_id=run.user_id, state__in=SyncItem.RETRIED, next_try_at__isnull=False)
    first = waiting.order_by("next_try_at").values_list("next_try_at", flat=True).first()
    planned = timezone.now() + pause
    return max(planned, first) if first and ending.status == SyncRun.Status.INCOMPLETE and not failure else planned


def _plan_next(run: SyncRun) -> None:
    """Set when the schedule comes next: its own time, or sooner where this run left something to do."""
    config = TraktConfig.objects.get(user_id=run.user_id)
    config.plan_next()
    if config.next_run_at and run.not_before:
        config.next_run_at = min(config.next_run_at, config.out_of_quiet(run.not_before))
    values = {"next_run_at": config.next_run_at}
    if run.status == SyncRun.Status.SUCCEEDED and not run.dry_run:
        values["last_good_at"] = run.finished_at
    TraktConfig.objects.filter(pk=config.pk).update(**values)
