"""Comparisons of Trakt and Bangumi as people ask for them: request one, make it in a worker, look at the last one."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from bgmsync.shared.http import RemoteError
from bgmsync.shared.logs import about
from sync import queue
from sync.engine import ledger as store
from sync.engine.clients import open_clients
from sync.engine.index import current_index
from sync.models import BangumiAccount, ParityReport, ParityRow
from sync.parity.rules import Finding, Kind, Ledger, There, compare, only_there
from sync.parity.sides import read_bangumi, read_ledger
from sync.reasons import Reason
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sync.engine.clients import Clients
    from sync.parity.sides import Sides

logger = logging.getLogger(__name__)

Status = ParityReport.Status
BEAT = 2.0
"""Seconds between heartbeats, which also carry the progress that people watch."""
SPARE = 60
"""Seconds of a job's limit that are kept for storing what was read."""
LONGEST_SEASONS = 60


class NotConnected(Exception):  # noqa: N818  # it names what is missing
    """There is no Bangumi account to compare with."""


# asking for one


def request(user: Any, *, enqueue: bool = True) -> tuple[ParityReport, bool]:
    """Ask for a comparison and return it, or the one that is under way, and whether it is new."""
    bury_dead(user)
    report = ParityReport(user=user)
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError:
        active = active_of(user)
        return (active, False) if active else request(user, enqueue=enqueue)
    if enqueue:
        transaction.on_commit(lambda: queue.enqueue_comparison(report.pk))
    return report, True


def active_of(user: Any) -> ParityReport | None:
    return ParityReport.objects.filter(user=user, status__in=ParityReport.ACTIVE).first()


def last_done(user: Any) -> ParityReport | None:
    return ParityReport.objects.filter(user=user, status=Status.DONE).first()


def bury_dead(user: Any) -> None:
    """End a comparison that nobody works on any more; it wrote nothing, so a new one simply takes its place."""
    active = active_of(user)
    if active is not None and active.is_dead():
        rows = ParityReport.objects.filter(pk=active.pk, status=active.status, heartbeat_at=active.heartbeat_at)
        rows.update(status=Status.FAILED, reason=Reason.INTERRUPTED, finished_at=timezone.now())


# making it


def work(report_id: int) -> ParityReport | None:
    """Claim the comparison and make it; None when somebody else has it. Errors end in the report, never here."""
    report = _claim(report_id)
    if report is None:
        logger.info("comparison %s is not waiting for a worker any more", report_id)
        return None
    with about(comparison=report.pk, user=report.user_id):
        _see_through(report)
    return report


def _see_through(report: ParityReport) -> None:
    try:
        rows = async_to_sync(_make)(report)
    except NotConnected:
        _fail(report, Reason.BANGUMI_NOT_CONNECTED)
    except RemoteError as error:
        _fail(report, error.reason, error.detail)
    except Exception:
        logger.exception("comparison %s failed", report.pk)
        _fail(report, Reason.INTERNAL)
    else:
        _store(report, rows)


def _claim(report_id: int) -> ParityReport | None:
    now = timezone.now()
    taken = ParityReport.objects.filter(pk=report_id, status=Status.QUEUED).update(
        status=Status.RUNNING, started_at=now, heartbeat_at=now
    )
    return ParityReport.objects.select_related("user").get(pk=report_id) if taken else None


async def _make(report: ParityReport) -> list[ParityRow]:
    config, _made = await TraktConfig.objects.aget_or_create(user_id=report.user_id)
    account, _made = await BangumiAccount.objects.aget_or_create(user_id=report.user_id)
    if not account.access_token:
        raise NotConnected
    deadline = time.monotonic() + settings.JOB_LIMIT - SPARE
    sides = await sync_to_async(read_ledger)(config)

    def told(step: int, steps: int) -> None:
        report.step, report.steps = step, steps

    async with open_clients(config, account) as clients:
        beating = asyncio.ensure_future(_beat(report, clients))
        try:
            index = await sync_to_async(current_index)()
            await read_bangumi(clients.bangumi, config, index, sides, deadline=deadline, told=told)
        finally:
            beating.cancel()
            report.requests = clients.meter.requests.total()
    return await sync_to_async(_rows)(report, sides)


async def _beat(report: ParityReport, clients: Clients) -> None:
    """Say that somebody works on it, and how far it is."""
    while True:
        await asyncio.sleep(BEAT)
        report.requests = clients.meter.requests.total()
        report.heartbeat_at = timezone.now()
        await report.asave(update_fields=["heartbeat_at", "step", "steps", "requests"])


def _fail(report: ParityReport, reason: str, detail: str = "") -> None:
    """Keep why there is no new comparison; the last good one stays beside it."""
    report.status, report.reason, report.detail = Status.FAILED, str(reason), detail[:300]
    report.finished_at = timezone.now()
    with transaction.atomic():
        report.save()
        _forget_older(report, Status.FAILED)


def _store(report: ParityReport, rows: list[ParityRow]) -> None:
    """Keep the finished comparison, in place of all earlier ones."""
    of_trakt = [row for row in rows if not row.alone]
    report.status, report.finished_at = Status.DONE, timezone.now()
    report.subjects = len(of_trakt)
    report.in_step = sum(row.is_in_step for row in of_trakt)
    report.counts = {kind.value: sum(bool(getattr(row, kind.value)) for row in rows) for kind in Kind}
    with transaction.atomic():
        ParityRow.objects.bulk_create(rows, batch_size=store.CHUNK)
        report.save()
        _forget_older(report, *Status)


def _forget_older(report: ParityReport, *statuses: Status) -> None:
    ParityReport.objects.filter(user_id=report.user_id, pk__lt=report.pk, status__in=statuses).delete()


# its rows


def _rows(report: ParityReport, sides: Sides) -> list[ParityRow]:
    rows = [*_subject_rows(report, sides), *_group_rows(report, sides), *_rows_of_bangumi_alone(report, sides)]
    rows.sort(key=_order)
    for place, row in enumerate(rows):
        row.place = place
    return rows


def _order(row: ParityRow) -> tuple[bool | int, ...]:
    """Put first what can be mended, then what contradicts, what waits, and what is only to be known."""
    by_kind = (not row.missing, not row.conflicting, not row.waiting, not row.extra)
    return (row.alone, *by_kind, row.title_id or 0, row.subject_id or 0)


def _subject_rows(report: ParityReport, sides: Sides) -> Iterator[ParityRow]:
    for subject_id, ledger in sides.ledgers.items():
        if not (ledger.seen or ledger.waiting or ledger.facts or ledger.listed):
            continue  # all that leads to it is left out, by the user's rules or hand
        there = sides.there.get(subject_id, There())
        row = _row(report, ledger, there, compare(ledger, there))
        row.subject_id = subject_id
        title_id, row.seasons = _told(sides.titles.get(subject_id, {}))
        row.title_id = title_id
        yield row


def _row(report: ParityReport, ledger: Ledger, there: There, findings: Iterable[Finding]) -> ParityRow:
    row = ParityRow(
        report=report,
        watched=len(ledger.watched) or int(ledger.film),
        rating=ledger.rating or None,
        changed_at=there.changed_at,
    )
    if there.type is not None:
        row.ticked, row.rate, row.listed = there.ticked, there.rate, there.type
    return _with_findings(row, findings)


def _with_findings(row: ParityRow, findings: Iterable[Finding]) -> ParityRow:
    for finding in findings:
        setattr(row, finding.kind.value, True)
        row.findings.append(asdict(finding))
    return row


def _group_rows(report: ParityReport, sides: Sides) -> Iterator[ParityRow]:
    for group, waiting in sides.groups.items():
        row = _row(report, Ledger(waiting=waiting), There(), compare(Ledger(waiting=waiting), There()))
        row.title_id = group.title_id
        row.seasons = "" if group.season is None else str(group.season)
        yield row


def _rows_of_bangumi_alone(report: ParityReport, sides: Sides) -> Iterator[ParityRow]:
    for subject_id in sides.there.keys() - sides.ledgers.keys():
        there = sides.there[subject_id]
        row = _row(report, Ledger(), there, [only_there(there)])
        row.subject_id, row.alone = subject_id, True
        yield row


def _told(titles: Mapping[int, set[int]]) -> tuple[int | None, str]:
    """Return the title to name and its seasons; where several titles are one subject, the first of them."""
    if not titles:
        return None, ""
    first = min(titles)
    return first, ", ".join(str(season) for season in sorted(titles[first]))[:LONGEST_SEASONS]
