"""Finding out what is news to a user, and putting a note of it into the outbox for each channel that wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from bgmsync.shared.models import ConnectionState
from sync.models import BangumiAccount, NotificationChannel, SubjectPlan, SyncRun, Told
from sync.models.channel import Event, Signal
from sync.notifying import outbox
from sync.notifying.rules import ENDS_SOON, Health, news, next_digest
from sync.notifying.standing import WELL, memory_of, now_of, remember, titles_in_review, titles_of_week, week_of
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from sync.notifying.rules import News, Now

Kind = NotificationChannel.Kind
Status = SyncRun.Status

FEW = 200
"""Users looked at in one minute."""
SIGNALS = {Status.RUNNING: Signal.START, Status.SUCCEEDED: Signal.SUCCESS, Status.FAILED: Signal.FAIL}
"""What a monitor is told of a run. What mends itself is not told: if it does not, the monitor misses its success."""


def after_run(run_id: int) -> None:
    """Tell the run's user what is news since they were told last, and monitors how the run stands."""
    run = SyncRun.objects.select_related("user").filter(pk=run_id).first()
    if run is None or not run.user.is_active:
        return
    if not (run.dry_run or run.trigger == SyncRun.Trigger.UNDO):
        _signal(run)
    if not run.is_active:
        look_at(run.user)


def _signal(run: SyncRun) -> None:
    signal = SIGNALS.get(Status(run.status))
    if signal is None:
        return
    for channel in _channels(run.user).filter(kind=Kind.PING):
        outbox.put_signal(channel, signal, run)


def look_at(user: Any) -> tuple[Event, ...]:
    """Tell *user* what is news, once however many look at the same time; return what was told."""
    with transaction.atomic():
        told = _told(user)
        now, last = now_of(user)
        found = news(memory_of(told), now)
        remember(told, found.memory)
        for event in found.events:
            _tell(user, event, _facts(event, now, last, found))
    return found.events


def _told(user: Any) -> Told:
    Told.objects.get_or_create(user=user)
    return Told.objects.select_for_update().get(user=user)


def _facts(event: Event, now: Now, last: SyncRun | None, found: News) -> dict[str, Any]:
    if event == Event.RECONNECT:
        return {"services": sorted(found.newly_lost)}
    if event == Event.ENDING:
        return {"services": sorted(found.newly_ending)}
    if event == Event.REVIEW:
        return {"n": now.in_review}
    if event == Event.AWAITING:
        plans = SubjectPlan.objects.filter(run_id=now.awaiting, status=SubjectPlan.Status.PLANNED, restore__isnull=True)
        return {"run": now.awaiting, "n": plans.count()}
    return {"run": last.pk if last else 0, "reason": last.reason if last and now.health != Health.GOOD else ""}


def _tell(user: Any, event: Event, facts: dict[str, Any]) -> None:
    titles = {Event.REVIEW: titles_in_review, Event.DIGEST: titles_of_week}.get(event)
    for channel in _channels(user).filter(kind=Kind.MESSAGE):
        if event in channel.events:
            named = {"titles": titles(user.pk)} if titles and channel.with_titles else {}
            outbox.put(channel, event, facts | named)


def _channels(user: Any) -> Any:
    """Return the user's channels that are on, without their addresses: those are read where they are used."""
    return NotificationChannel.objects.filter(user=user, enabled=True).defer("address")


def follow_up() -> None:
    """Do the minute's part: deliver what waits, tell of connections, send digests that are due."""
    outbox.follow_up()
    for user in _with_connection_to_tell():
        look_at(user)
    send_digests()


def _with_connection_to_tell() -> list[Any]:
    """Return users whose connection was lost outside of a run or ends soon, and who have not been told."""
    lost = Q(trakt__isnull=False, told__trakt_lost=False) & ~Q(trakt__state__in=WELL)
    lost |= Q(bangumi__isnull=False, told__bangumi_lost=False) & ~Q(bangumi__state__in=WELL)
    ending = Q(told__trakt_ending=False, pk__in=_users_whose_token_ends(TraktConfig))
    ending |= Q(told__bangumi_ending=False, pk__in=_users_whose_token_ends(BangumiAccount))
    reached = NotificationChannel.objects.filter(enabled=True, kind=Kind.MESSAGE).values("user")
    users = get_user_model().objects.filter(lost | ending, is_active=True, told__isnull=False, pk__in=reached)
    return list(users[:FEW])


def _users_whose_token_ends(model: type[TraktConfig | BangumiAccount]) -> Any:
    rows = model.objects.filter(state=ConnectionState.CONNECTED, token_expires_at__lte=timezone.now() + ENDS_SOON)
    # An encrypted field can't be searched; that it is empty is no secret.
    return rows.annotate(renewal=Cast("refresh_token", TextField())).filter(renewal="").values("user")


def begin(user: Any) -> None:
    """Remember from now on what *user* is told; the first digest comes on the next Monday."""
    told, _made = Told.objects.get_or_create(user=user)
    if told.digest_due_at is None:
        Told.objects.filter(pk=told.pk).update(digest_due_at=_next_digest(user.pk))


def send_digests() -> int:
    """Send the digests that are due, each once; return how many users got one."""
    sent = 0
    for told in Told.objects.filter(digest_due_at__lte=timezone.now(), user__is_active=True).select_related("user")[
        :FEW
    ]:
        rows = Told.objects.filter(pk=told.pk, digest_due_at=told.digest_due_at)
        with transaction.atomic():
            if rows.update(digest_due_at=_next_digest(told.user_id)):
                sent += _send_digest(told.user)
    return sent


def _send_digest(user: Any) -> bool:
    wanting = [c for c in _channels(user).filter(kind=Kind.MESSAGE) if Event.DIGEST in c.events]
    if wanting:
        _tell(user, Event.DIGEST, week_of(user.pk))
    return bool(wanting)


def _next_digest(user_id: int) -> Any:
    zone = TraktConfig.objects.filter(user_id=user_id).values_list("timezone", flat=True).first() or "UTC"
    return next_digest(timezone.now(), zone)
