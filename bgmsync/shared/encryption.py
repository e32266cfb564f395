"""Text that is encrypted in the database.

The kept libraries for this swallow a wrong key and hand back the ciphertext, so that a save encrypts it twice; here a
wrong key is an error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models

from bgmsync.shared.logs.redaction import keep_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper


class KeyLostError(Exception):
    """A stored secret can't be read with any of the keys in ``TOKEN_KEYS``."""


@lru_cache
def _keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    keep_out(text)
    return _keys(tuple(settings.TOKEN_KEYS)).encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Return the plain text; raise :class:`KeyLostError` when no key fits."""
    try:
        plain = _keys(tuple(settings.TOKEN_KEYS)).decrypt(text).decode()
    except InvalidToken:
        raise KeyLostError(
            "A stored token can't be read with the keys in TOKEN_KEYS. Put the old key back after the new one; "
            "if it is lost, connect the account again (schedule and history are kept)."
        ) from None
    keep_out(plain)
    return plain


def encrypted_columns() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Give each table that holds encrypted text, and the names of its columns that do."""
    for model in apps.get_models():
        names: list[str] = [f.name for f in model._meta.concrete_fields if isinstance(f, EncryptedTextField)]  # noqa: SLF001  # public by documentation
        if names and not model._meta.proxy:  # noqa: SLF001  # likewise
            yield model, names


class EncryptedTextField(models.TextField):
    """Text that only this program can read; empty stays empty; it can't be searched for."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(value) if value else value

    def from_db_value(self, value: Any, _expression: Any, _connection: BaseDatabaseWrapper) -> Any:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self.name} is encrypted and can't be searched for")
