"""Deleting a person, so that nothing of them is left: rows, tokens, sessions, uploads, and their name in the log.

What was written to Bangumi stays there: it is in the person's own account, and theirs to keep or, before this, to undo.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction

from bgmsync.people import sessions
from bgmsync.shared.budget import account_key
from bgmsync.shared.models import HostBudget, Invitation, Profile, Service
from sync import connect as bangumi
from sync import runs
from sync.models import BangumiAccount, ParityReport, SyncRun
from trakt import connect as trakt
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

Status = SyncRun.Status
GONE = "–"
"""What the log calls somebody who was deleted."""


class Busy(Exception):  # noqa: N818  # a state of affairs, not a mistake
    """A run or a comparison is at the person's data right now. It was asked to stop; nothing was deleted."""


class LastSuperuser(Exception):  # noqa: N818  # likewise
    """Without this one nobody could run the installation."""


def delete(person: Any) -> bool:
    """Delete *person*; return whether Trakt took note that its token is void, or had not to be told.

    Raise :class:`Busy` or :class:`LastSuperuser`; then the account is still there.
    """
    if person.is_superuser and not _other_superusers(person).exists():
        raise LastSuperuser
    stop(person)
    told = disconnect(person)
    try:
        with transaction.atomic():
            stop(person)
            _clear_log(person)
            HostBudget.objects.filter(key__in=[account_key(service.value, person.pk) for service in Service]).delete()
            # Its note may say who it was for.
            Invitation.objects.filter(pk__in=Profile.objects.filter(user=person).values("invitation")).update(note="")
            sessions.end_all(person)
            get_user_model().objects.get(pk=person.pk).delete()
    except IntegrityError as error:  # a run began in this very moment, and the database would not leave it without user
        raise Busy from error
    return told


def stop(person: Any) -> None:
    """End what is under way; raise :class:`Busy` while a worker is still at it."""
    for run in SyncRun.objects.filter(user=person, status__in=(*SyncRun.ACTIVE, *SyncRun.HELD)):
        runs.release_if_dead(run)
        runs.cancel(run)
    if SyncRun.objects.filter(user=person, status=Status.RUNNING).exists():
        raise Busy
    reports = ParityReport.objects.filter(user=person, status__in=ParityReport.ACTIVE)
    if any(not report.is_dead() for report in reports):
        raise Busy


def disconnect(person: Any) -> bool:
    """Forget the tokens; return whether Trakt was told, as far as there was anything to tell."""
    told = True
    with suppress(TraktConfig.DoesNotExist):
        told = trakt.disconnect(TraktConfig.objects.get(user=person))
    with suppress(BangumiAccount.DoesNotExist):
        bangumi.disconnect(BangumiAccount.objects.get(user=person))
    return told


def _other_superusers(person: Any) -> Any:
    return get_user_model().objects.filter(is_superuser=True, is_active=True).exclude(pk=person.pk)


def _clear_log(person: Any) -> None:
    """Take the person's name out of what others did for them, and remove what was noted of their rows.

    What they did themselves goes with them: the log's lines belong to whoever acted.
    """
    about = LogEntry.objects.filter(content_type=_kind(get_user_model()), object_id=str(person.pk))
    about.update(object_id=None, object_repr=GONE)
    for model in _models_with_user():
        entries = LogEntry.objects.filter(content_type=_kind(model))
        named = list(entries.values_list("object_id", flat=True).distinct())
        theirs = model._default_manager.filter(user=person, pk__in=[key for key in named if key])  # noqa: SLF001  # Django's documented way to it
        entries.filter(object_id__in=[str(key) for key in theirs.values_list("pk", flat=True)]).delete()


def _models_with_user() -> Iterator[Any]:
    for relation in get_user_model()._meta.related_objects:  # noqa: SLF001  # Django's documented API
        if relation.field.name == "user" and relation.related_model is not LogEntry:
            yield relation.related_model


def _kind(model: type[Model]) -> ContentType:
    return ContentType.objects.get_for_model(model)
