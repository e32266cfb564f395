"""One run from claim to verdict. The stages do the work; here they are put in order and their end is judged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.utils import timezone

from bgmsync.shared import pauses
from bgmsync.shared.http import AccountLocked, AppRefused, NeedsVip, RemoteError, Unauthorized
from bgmsync.shared.models import Connection, ConnectionState
from sync import runs
from sync.engine import ledger
from sync.engine.apply import apply
from sync.engine.clients import open_clients
from sync.engine.context import Context, Stopped
from sync.engine.index import current_index
from sync.engine.match import match
from sync.engine.plan import plan
from sync.engine.read import Reading, read
from sync.engine.takeback import take_back
from sync.engine.undo import undo
from sync.engine.verdict import Ending, judge_run
from sync.models import BangumiAccount, SyncItem, SyncRun
from sync.reasons import Reason
from trakt.models import TraktConfig

logger = logging.getLogger(__name__)

BEAT = 2.0
"""Seconds between heartbeats, which also carry the progress that people watch."""

STATE_AFTER: dict[type[RemoteError], ConnectionState] = {
    Unauthorized: ConnectionState.RECONNECT,
    AppRefused: ConnectionState.APP_GONE,
    NeedsVip: ConnectionState.VIP_ONLY,
    AccountLocked: ConnectionState.LOCKED,
}


@dataclass(slots=True)
class Course:
    """How a run went: what it read and carried over, and what stopped it, if anything did."""

    reading: Reading = field(default_factory=Reading)
    carried: dict[int, str] = field(default_factory=dict)
    error: RemoteError | None = None
    stopped: str = ""
    writes: int = 0
    requests: Counter[str] = field(default_factory=Counter)


def work(run_id: int, *, ignore_pauses: bool = False) -> SyncRun | None:
    """Claim the run and see it through; None when somebody else has it. Errors end in the run, never here."""
    run = runs.claim(run_id)
    if run is None:
        logger.info("run %s is not waiting for a worker any more", run_id)
        return None
    try:
        course = async_to_sync(_follow)(run, ignore_pauses)
    except Exception:
        logger.exception("run %s failed", run_id)
        course = Course(stopped=Reason.INTERNAL)
        ledger.postpone_matched(run, Reason.INTERNAL)
    _end(run, course)
    return run


async def _follow(run: SyncRun, ignore_pauses: bool) -> Course:  # noqa: FBT001  # passed on by work alone
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
    if not run.only_retry:
        course.reading = await _read(ctx, ignore_pauses=ignore_pauses)
    due = await sync_to_async(_carry_over)(run, course.reading, ignore_pauses)
    course.carried = due
    if not await SyncItem.objects.filter(user_id=run.user_id, state__in=SyncItem.UNFINISHED).aexists():
        return
    ctx.check()
    if not ctx.account.access_token:
        raise Stopped(Reason.BANGUMI_NOT_CONNECTED)
    await match(ctx)
    ctx.check()
    await take_back(ctx)
    plans = await plan(ctx)
    if run.dry_run:
        await ctx.log(f"Preview: {len(plans)} subjects would be written.")
        return
    if await approved(ctx):
        await apply(ctx, plans)


async def _read(ctx: Context, *, ignore_pauses: bool) -> Reading:
    if not ctx.config.access_token:
        raise Stopped(Reason.TRAKT_NOT_CONNECTED)
    unread = await sync_to_async(ledger.awaits_reading)(ctx.run.user_id, ignore_pauses=ignore_pauses)
    reading = await read(ctx, full=ctx.run.full or unread)
    if reading.expected:
        await ctx.log(f"Trakt: {reading.expected} plays in the window, {reading.new} of them new.")
    if reading.error:
        await ctx.log(f"Reading Trakt stopped: {reading.error}", "warning")
    return reading


def _carry_over(run: SyncRun, reading: Reading, ignore_pauses: bool) -> dict[int, str]:  # noqa: FBT001  # one caller
    """Take up what earlier runs left, and return it by key without what this run has read itself."""
    items = runs.due_items(run.user, ignore_pauses=ignore_pauses)
    keys = dict(items.values_list("pk", "source_key"))
    ledger.take_up(run, items)
    return {pk: key for pk, key in keys.items() if key not in reading.keys}


async def approved(ctx: Context) -> bool:
    """Ask whether the plan may be applied: the seam for approval by the user, which today always says yes."""
    ctx.check()
    return True


async def _beat(ctx: Context) -> None:
    """Say that the run lives and how far it is, and learn whether it was cancelled."""
    run = ctx.run
    while True:
        await asyncio.sleep(BEAT)
        rows = SyncRun.objects.filter(pk=run.pk)
        await rows.aupdate(
            heartbeat_at=timezone.now(),
            step=run.step,
            steps=run.steps,
            requests=dict(ctx.meter.requests),
            writes=ctx.writes,
        )
        if await rows.filter(cancel_asked=True).aexists():
            ctx.stopping = Reason.CANCELLED


def _note_refusals(config: TraktConfig, account: BangumiAccount, course: Course) -> None:
    """Keep with the connection what the service said of it, so that its page shows it and no schedule hammers on."""
    for error in (course.error, course.reading.error):
        state = STATE_AFTER.get(type(error)) if error else None
        if error is None or state is None:
            continue
        connection: Connection = config if error.service == "trakt" else account
        # The user may have connected anew, or disconnected, while the run was under way: then that is the truth.
        before = connection.access_token
        connection.refresh_from_db()
        if connection.access_token == before:
            connection.lose(state, error.detail)


def _note_welcomes(config: TraktConfig, account: BangumiAccount, course: Course) -> None:
    """Clear what an earlier run noted of a connection that works again: no schedule starts on it otherwise."""
    refusing = {error.service for error in (course.error, course.reading.error) if error}
    for connection in (config, account):
        if course.requests[connection.service] and connection.service not in refusing:
            rows = type(connection).objects.filter(pk=connection.pk, state__in=set(STATE_AFTER.values()))
            rows.update(state=ConnectionState.CONNECTED, state_detail="")


def _end(run: SyncRun, course: Course) -> None:
    """Judge how the run ended, let what is left wait, and plan the next run."""
    failure = course.error or course.reading.error
    left_reason = course.stopped or (failure.reason if failure else "")
    if not (run.dry_run or run.undoes_id) and (course.error or course.stopped):
        ledger.postpone_matched(run, left_reason or Reason.INTERRUPTED)
    ledger.note_ticks(run.user_id)
    states, reasons = ledger.tally(
        run.user_id, SyncItem.Kind.HISTORY, sorted(course.reading.keys), sorted(course.carried)
    )
    read = len(course.reading.keys) + len(course.carried)
    expected = course.reading.expected + len(course.carried)
    ending = judge_run(
        states=states,
        read=read,
        expected=expected,
        error=failure,
        stopped=course.stopped,
        dry_run=run.dry_run,
    )
    now = timezone.now()
    run.status, run.reason, run.detail = ending.status, str(ending.reason), ending.detail[:300]
    run.not_before = _next_try(ending, failure, run)
    run.stage = SyncRun.Stage.OVER
    run.read, run.expected = read, expected
    run.counts, run.reasons = dict(states), dict(reasons)
    run.requests, run.writes = dict(course.requests), course.writes
    run.finished_at = run.heartbeat_at = now
    run.save()
    run.log(ending.sentence(), "info" if ending.status == SyncRun.Status.SUCCEEDED else "warning")
    _plan_next(run)


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
        config.next_run_at = min(config.next_run_at, run.not_before)
    values = {"next_run_at": config.next_run_at}
    if run.status == SyncRun.Status.SUCCEEDED and not run.dry_run:
        values["last_good_at"] = run.finished_at
    TraktConfig.objects.filter(pk=config.pk).update(**values)
