"""After a restore: which stored secrets can still be read, and what becomes of those that can't."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db.models import Model, TextField
from django.db.models.functions import Cast

from bgmsync.shared.encryption import KeyLostError, decrypt, encrypted_columns
from bgmsync.shared.models import Connection, ConnectionState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOST = "its tokens could not be read after a restore, since the keys were others"
NO_TOKENS: dict[str, Any] = {
    "access_token": "",
    "refresh_token": "",
    "refresh_lease_until": None,
    "state": ConnectionState.RECONNECT,
    "state_detail": LOST,
}


@dataclass
class Read:
    """What became of the stored secrets."""

    rewritten: int = 0
    """Were readable with the backup's own keys, and are encrypted with this installation's now."""
    connections: int = 0
    """Can't be read; their users must connect anew."""
    others: Counter[str] = field(default_factory=Counter)
    """Can't be read and were emptied: how many, by what they belong to (the operator's apps and the like)."""


def reread(old_keys: Sequence[str]) -> Read:
    """See that every stored secret can be read with the keys of this installation.

    What only *old_keys* read is encrypted anew. What none reads is emptied, as a page that met it would crash; a
    connection then asks its user to connect anew, and keeps its schedule and its history.
    """
    read = Read()
    for row, secrets in _stored():
        lost = [name for name, text in secrets.items() if not _reads(text)]
        saved = {name: plain for name in lost if (plain := _plain(secrets[name], old_keys)) is not None}
        gone: dict[str, Any] = dict.fromkeys(set(lost) - set(saved), "")
        if gone and isinstance(row, Connection):
            saved, gone = {}, NO_TOKENS
            read.connections += 1
        else:
            read.others += Counter({str(row._meta.verbose_name_plural): len(gone)})  # noqa: SLF001  # public by documentation
        read.rewritten += len(saved)
        if lost:
            type(row)._default_manager.filter(pk=row.pk).update(**saved, **gone)  # noqa: SLF001  # Django's documented way to it
    return read


def _stored() -> Iterator[tuple[Model, dict[str, str]]]:
    """Give each row that has secrets, with their encrypted text; the row itself is loaded without them."""
    for model, names in encrypted_columns():
        encrypted: dict[str, Any] = {f"{name}_text": Cast(name, TextField()) for name in names}
        for row in model._default_manager.only("pk").annotate(**encrypted):  # noqa: SLF001  # Django's documented way to it
            yield row, {name: text for name in names if (text := getattr(row, f"{name}_text"))}


def _reads(text: str) -> bool:
    try:
        decrypt(text)
    except KeyLostError:
        return False
    return True


def _plain(text: str, keys: Sequence[str]) -> str | None:
    if not keys:
        return None
    try:
        return MultiFernet([Fernet(key) for key in keys]).decrypt(text).decode()
    except InvalidToken:
        return None
