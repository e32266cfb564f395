"""All that is kept of a person, as a ZIP of JSON files that is made while it is downloaded; only secrets are left out.

A file a table, an array of rows, each with the columns as they are stored: nobody has to trust that we chose well.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Model
from django.utils.translation import gettext

from bgmsync.people import log
from bgmsync.people.models import Session, TwoStep
from bgmsync.shared.encryption import EncryptedTextField
from bgmsync.shared.models import Invitation, Profile
from sync.models import (
    ArchivePart,
    BangumiAccount,
    MappingOverride,
    Note,
    NotificationChannel,
    ParityReport,
    ParityRow,
    RunEvent,
    Snapshot,
    SubjectPlan,
    SyncItem,
    SyncRun,
    Told,
    Written,
)
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

FILES: dict[str, tuple[type[Model], str]] = {
    "account": (get_user_model(), "pk"),
    "profile": (Profile, "user"),
    "logged_in": (Session, "user"),
    "two_step_login": (TwoStep, "user"),
    "settings": (TraktConfig, "user"),
    "bangumi_account": (BangumiAccount, "user"),
    "runs": (SyncRun, "user"),
    "run_log": (RunEvent, "run__user"),
    "archives_that_wait": (ArchivePart, "run__user"),
    "items": (SyncItem, "user"),
    "plans": (SubjectPlan, "user"),
    "written": (Written, "user"),
    "rules": (MappingOverride, "user"),
    "list_before_first_write": (Snapshot, "user"),
    "comparisons": (ParityReport, "user"),
    "comparison_rows": (ParityRow, "report__user"),
    "notification_channels": (NotificationChannel, "user"),
    "notes_sent": (Note, "channel__user"),
    "told": (Told, "user"),
    "invitations_made": (Invitation, "made_by"),
}
"""What is exported: the table, and the way from its rows to the person."""
LOG = "what_was_done"
SECRET = {"password", "token_hash", "session_key", "session_data", "recovery"}
"""Columns left out besides those that are stored encrypted."""
OURS = {"owner", "refresh_lease_until", "refresh_lease_by"}
"""Columns that say something of the server's processes and nothing of the person."""
PIECE = 1 << 16
ROWS = 500


class _Sink:
    """What ``zipfile`` writes to: it keeps what was written until it is sent on. It can't seek, and need not."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self.pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: ``zipfile`` asks for it."""

    def take(self) -> bytes:
        data = b"".join(self.pieces)
        self.pieces.clear()
        self.size = 0
        return data


def archive(person: Any) -> Iterator[bytes]:
    """Return the archive in pieces. What is read in the reader's language is read now, not while it is sent."""
    return _pieces(person, about())


def about() -> str:
    return gettext(
        "All that bgmsync keeps of you. Each file is a table of its database, row by row; times are UTC.\n"
        "Left out, since they are secrets: your password, the keys of your log-ins, the tokens of your Trakt and "
        "Bangumi accounts, and the addresses of your notifications.\n"
    )


def rows_of(person: Any) -> Iterator[tuple[str, QuerySet]]:
    for name, (model, path) in FILES.items():
        rows = model._default_manager.filter(**{path: person.pk}).order_by("pk")  # noqa: SLF001  # Django's documented way to it
        yield name, rows.select_related("title") if _has_title(model) else rows
    yield LOG, log.own(person).order_by("pk")


def _pieces(person: Any, text: str) -> Iterator[bytes]:
    sink = _Sink()
    target: Any = sink  # zipfile takes whatever can write
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", text)
        for name, rows in rows_of(person):
            with packed.open(f"{name}.json", "w", force_zip64=True) as member:
                for piece in _as_json(rows):
                    member.write(piece.encode())
                    if sink.size > PIECE:
                        yield sink.take()
    yield sink.take()


def _as_json(rows: QuerySet) -> Iterator[str]:
    before = "[\n"
    for row in rows.iterator(chunk_size=ROWS):
        yield before + json.dumps(as_data(row), cls=DjangoJSONEncoder, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before != "[\n" else "[]\n"


def as_data(row: Any) -> dict[str, Any]:
    """Return the columns of *row* that may leave, with the title's name where there is one."""
    data = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields  # noqa: SLF001  # Django's documented API
        if not isinstance(field, EncryptedTextField | BinaryField) and field.name not in SECRET | OURS
    }
    if isinstance(row, Snapshot):
        data["list"] = row.rows
    if _has_title(type(row)) and row.title:
        data["title"] = str(row.title)
    return data


def _has_title(model: type[Model]) -> bool:
    return model in {SyncItem, ParityRow}


MODELS = frozenset({model for model, _path in FILES.values()} | {LogEntry})
"""All tables of which something is exported."""
