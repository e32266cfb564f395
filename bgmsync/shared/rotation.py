"""Encrypting every stored secret anew with the newest key, so that the older ones can be thrown away."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db.models import TextField, Value
from django.db.models.functions import Cast

from bgmsync.shared.encryption import KeyLostError, decrypt, encrypt, encrypted_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 500
PASSES = 3
"""A secret that was renewed in the very moment is looked at again in the next pass."""


@dataclass
class Rotated:
    fresh: int = 0
    """Are under the newest key, those that were rewritten now included."""
    rewritten: int = 0
    left: int = 0
    """Are still under an older key: a process that does not know the newest one wrote them meanwhile."""
    unreadable: Counter[str] = field(default_factory=Counter)
    """No key reads them: how many, by what they belong to."""


def rotate(batch: int = BATCH) -> Rotated:
    """Do it, in small steps, each whole by itself: broken off, it goes on where it stopped when it is begun again.

    The program may run meanwhile: a secret that changes under our hands is left as it is now.
    """
    rewritten = 0
    for _ in range(PASSES):
        found = _one_pass(batch)
        rewritten += found.rewritten
        if not found.left:
            break
    found.rewritten = rewritten
    return found


def _one_pass(batch: int) -> Rotated:
    found = Rotated()
    newest = Fernet(settings.TOKEN_KEYS[0])
    for model, names in encrypted_columns():
        for name in names:
            for pk, text in _stored(model, name, batch):
                if _reads(newest, text):
                    found.fresh += 1
                elif (plain := _plain(text)) is None:
                    found.unreadable[str(model._meta.verbose_name_plural)] += 1  # noqa: SLF001  # public by documentation
                elif _replace(model, name, pk, text, encrypt(plain)):
                    found.fresh += 1
                    found.rewritten += 1
                else:
                    found.left += 1
    return found


def _stored(model: Any, name: str, batch: int) -> Iterator[tuple[Any, str]]:
    """Give key and encrypted text of each row that has any, by ranges of the key: no long transaction is open."""
    rows = _with_text(model, name).exclude(text="").order_by("pk").values_list("pk", "text")
    page = list(rows[:batch])
    while page:
        yield from page
        page = list(rows.filter(pk__gt=page[-1][0])[:batch])


def _replace(model: Any, name: str, pk: Any, old: str, new: str) -> bool:
    """Write *new* where *old* still stands."""
    return bool(_with_text(model, name).filter(pk=pk, text=old).update(**{name: Value(new, TextField())}))


def _with_text(model: Any, name: str) -> Any:
    return model._default_manager.annotate(text=Cast(name, TextField()))  # noqa: SLF001  # Django's documented way to it


def _reads(key: Fernet, text: str) -> bool:
    try:
        key.decrypt(text)
    except InvalidToken:
        return False
    return True


def _plain(text: str) -> str | None:
    try:
        return decrypt(text)
    except KeyLostError:
        return None
