"""Notes on their way: each a row, delivered by a job of its own, tried again after growing pauses, then given up."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from bgmsync.shared import pauses
from bgmsync.shared.encryption import KeyLostError
from bgmsync.shared.people import language_of
from sync import queue
from sync.models import Note, NotificationChannel
from sync.models.channel import Signal, Trouble
from sync.notifying import sending
from sync.notifying.words import word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.models import SyncRun

logger = logging.getLogger(__name__)

State = Note.State

TRIES = 5
"""Deliveries of one note, over a day and a half."""
LOST = timedelta(minutes=10)
"""A note that no worker has delivered for this long was lost by the broker, or with its worker."""
KEPT = timedelta(days=30)


def put(channel: NotificationChannel, event: str, facts: Mapping[str, Any]) -> None:
    """Send *channel* a message: soon, by a worker, once what else is being stored is stored."""
    _enqueue(Note.objects.create(channel=channel, about=event, facts=dict(facts), next_try_at=timezone.now() + LOST))


def put_signal(channel: NotificationChannel, signal: str, run: SyncRun) -> None:
    """Tell the monitor behind *channel* how *run* stands, once, however often this is called."""
    facts = {} if signal == Signal.START else {"status": run.status, "counts": run.counts, "reason": run.reason}
    defaults = {"facts": facts, "next_try_at": timezone.now() + LOST}
    note, new = Note.objects.get_or_create(channel=channel, run=run, about=signal, defaults=defaults)
    if new:
        _enqueue(note)


def _enqueue(note: Note) -> None:
    transaction.on_commit(lambda: queue.enqueue_note(note.pk))


def deliver(note_id: int) -> None:
    """Claim the note and deliver it; how that went is kept with note and channel, and nothing is raised."""
    note = Note.objects.filter(pk=note_id).select_related("channel__user").defer("channel__address").first()
    if note is None or not note.claim(timezone.now() + LOST):
        logger.info("note %s is not waiting for a worker any more", note_id)
        return
    note.attempts += 1
    if _is_stale(note):
        Note.objects.filter(pk=note.pk).update(state=State.DROPPED)
        return
    outcome = try_now(note.channel, note.about, note.facts)
    if not outcome.trouble:
        Note.objects.filter(pk=note.pk).update(state=State.SENT)
        return
    logger.warning("note %s could not be delivered: %s", note.pk, outcome.trouble)
    _put_off(note)


def try_now(channel: NotificationChannel, about: str, facts: Mapping[str, Any]) -> sending.Outcome:
    """Send this very moment, and keep with the channel how it went."""
    message = word(about, facts, language_of(channel.user))
    try:
        outcome = sending.send(channel, message, signal=about if channel.kind == channel.Kind.PING else "")
    except KeyLostError:
        outcome = sending.Outcome(Trouble.LOST_KEY)
    channel.note_delivery(outcome.trouble, outcome.status)
    return outcome


def _is_stale(note: Note) -> bool:
    """Tell whether nobody wants the note any more; what a monitor is told is overtaken by what it is told next."""
    channel = note.channel
    if not (channel.enabled and channel.user.is_active):
        return True
    is_ping = channel.kind == channel.Kind.PING
    return is_ping and Note.objects.filter(channel=channel, pk__gt=note.pk).exists()


def _put_off(note: Note) -> None:
    if note.attempts >= TRIES:
        Note.objects.filter(pk=note.pk).update(state=State.GIVEN_UP)
        return
    again = timezone.now() + pauses.before_next_try(note.attempts)
    Note.objects.filter(pk=note.pk).update(state=State.WAITING, next_try_at=again)


def follow_up() -> int:
    """Hand over again the notes whose time has come, and those that were lost; return how many."""
    now = timezone.now()
    due = Note.objects.filter(state__in=Note.UNDELIVERED, next_try_at__lte=now).values_list("pk", flat=True)[:500]
    for pk in list(due):
        Note.objects.filter(pk=pk, next_try_at__lte=now).update(state=State.WAITING, next_try_at=now + LOST)
        queue.enqueue_note(pk)
    return len(due)


def forget_old() -> None:
    """Remove notes that are over."""
    old = Note.objects.filter(created_at__lt=timezone.now() - KEPT)
    old.exclude(state__in=Note.UNDELIVERED).delete()
