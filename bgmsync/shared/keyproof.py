"""Whether this machine has the keys of the installation, which several machines must share.

With others, a worker would take every user's tokens for lost, and nobody could stay logged in.
"""

from __future__ import annotations

import hmac
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db.models import TextField
from django.db.models.functions import Cast

from bgmsync.shared.encryption import KeyLostError, decrypt, encrypted_columns
from bgmsync.shared.models import KeyProof


class Fit(Enum):
    WELL = auto()
    OTHER_TOKEN_KEYS = auto()
    OTHER_SECRET_KEY = auto()


def look() -> Fit:
    """Compare this machine's keys with those that the installation's first start left word of."""
    try:
        proof = KeyProof.objects.filter(pk=KeyProof.ONLY).values_list("proof", flat=True).first()
        if not proof:
            _read_one_secret()
            return Fit.WELL
    except KeyLostError:
        return Fit.OTHER_TOKEN_KEYS
    known = {_print_of(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}
    return Fit.WELL if proof in known else Fit.OTHER_SECRET_KEY


def leave() -> None:
    """Leave word of this machine's keys, for the others and for later starts."""
    proof = _print_of(settings.SECRET_KEY)
    row, _new = KeyProof.objects.get_or_create(pk=KeyProof.ONLY, defaults={"proof": proof})
    if row.proof != proof:
        row.proof = proof
        row.save()


def forget() -> None:
    KeyProof.objects.all().delete()


def _read_one_secret() -> None:
    """Raise :class:`KeyLostError` if a stored secret, where there is one, can't be read."""
    for model, names in encrypted_columns():
        for name in names:
            as_text: Any = Cast(name, TextField())
            rows = model._default_manager.annotate(text=as_text).exclude(text="")  # noqa: SLF001  # Django's documented way to it
            if text := rows.order_by("-pk").values_list("text", flat=True).first():
                decrypt(text)
                return


def _print_of(key: str) -> str:
    return hmac.new(key.encode(), b"bgmsync.keyproof", "sha256").hexdigest()
