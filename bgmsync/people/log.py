"""Who did what: the lines of Django's log as a person reads them, one's own or, for operators, everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext

from bgmsync.shared import audit
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

TELLTALE = {"sync"}
"""Apps whose rows are called by what a person watched; their names are for that person."""


class Line(NamedTuple):
    """``whom`` is empty where the person acted for themselves."""

    at: datetime
    who: str
    whom: str
    what: str


def own(person: Any) -> QuerySet[LogEntry]:
    """Return what *person* did, and what others did for them."""
    about = Q(content_type=_kind(get_user_model()), object_id=str(person.pk))
    config = TraktConfig.objects.filter(user=person).values_list("pk", flat=True).first()
    if config:
        about |= Q(content_type=_kind(TraktConfig), object_id=str(config))
    return _read(LogEntry.objects.filter(Q(user=person) | about))


def everybodys() -> QuerySet[LogEntry]:
    return _read(LogEntry.objects.all())


def _read(rows: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
    return rows.select_related("user", "content_type").order_by("-pk")


def line_of(entry: Any, viewer: Any) -> Line:
    said = audit.read(entry)
    if said is None:
        return Line(entry.action_time, str(entry.user), "", _by_django(entry, viewer))
    act, about = said
    whom = "" if entry.object_id == str(entry.user_id) else entry.object_repr
    return Line(entry.action_time, str(entry.user), whom, f"{act.label} {about}".strip())


def _by_django(entry: Any, viewer: Any) -> str:
    kind = str(entry.content_type.name) if entry.content_type else "?"
    named = viewer.is_superuser or entry.user_id == viewer.pk or not _is_telltale(entry)
    what = f"{kind} “{entry.object_repr}”" if named else kind
    if entry.action_flag == ADDITION:
        return gettext("added: %(what)s") % {"what": what}
    if entry.action_flag == DELETION:
        return gettext("deleted: %(what)s") % {"what": what}
    return f"{what}: {entry.get_change_message()}"


def _is_telltale(entry: Any) -> bool:
    return entry.content_type is None or entry.content_type.app_label in TELLTALE


def _kind(model: Any) -> ContentType:
    return ContentType.objects.get_for_model(model)
