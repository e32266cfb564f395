"""The second step of a log-in: six digits that a person's app makes of the time and a key that only both know.

The algorithm is RFC 6238's, from ``cryptography``. django-otp, the usual library, keeps keys and recovery codes in
clear text; here the key is encrypted like every token, and of the recovery codes only hashes are kept.
"""

from __future__ import annotations

import base64
import secrets
import time
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from bgmsync.people.models import TwoStep
from bgmsync.shared.encryption import KeyLostError
from bgmsync.shared.people import is_operator

if TYPE_CHECKING:
    from collections.abc import Iterator

OFF, OPERATORS, ALL = REQUIRED = ("off", "operators", "all")
"""Values of the setting ``REQUIRE_TOTP``: of whom the second step is asked. Operators are superusers as well."""
KEY_BYTES = 20
DIGITS = 6
PERIOD = 30
"""Seconds that a code is shown. All apps know SHA-1, six digits and half a minute; few know anything else."""
DRIFT = (0, -1, 1)
"""Codes that count: the one of now, and those beside it, for clocks that differ and for slow fingers."""
CODES = 10
CODE_BYTES = 10
"""80 bits: too many to try, so that the hash needs no salt and no slowness."""
GROUP = 4


class Step(Enum):
    """What somebody proved themselves by."""

    APP = "app"
    RECOVERY = "recovery"


def is_on(user: Any) -> bool:
    return TwoStep.objects.filter(user_id=user.pk, on_since__isnull=False).exists()


def is_required_of(user: Any) -> bool:
    if settings.REQUIRE_TOTP == ALL:
        return True
    return settings.REQUIRE_TOTP == OPERATORS and (user.is_superuser or is_operator(user))


def begin(user: Any) -> TwoStep:
    """Return the person's row, with a key to confirm where there is none yet."""
    secret = base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()
    return TwoStep.objects.get_or_create(user_id=user.pk, defaults={"secret": secret})[0]


def confirm(user: Any, code: str) -> list[str] | None:
    """Turn it on and return the recovery codes, which nothing can tell later; None where *code* is not the app's."""
    with transaction.atomic():
        row = TwoStep.objects.select_for_update().filter(user_id=user.pk, on_since=None).first()
        if row is None or not _takes(row, code):
            return None
        row.on_since = timezone.now()
        return _with_new_codes(row)


def new_codes(user: Any) -> list[str]:
    """Return new recovery codes; the old ones are void."""
    with transaction.atomic():
        return _with_new_codes(TwoStep.objects.select_for_update().defer("secret").get(user_id=user.pk))


def accept(user: Any, code: str) -> Step | None:
    """Tell by what *code* proves to be the person's, and use it up; None where it does not."""
    with transaction.atomic():
        # Without the key, which is asked for by itself: where it can't be read, recovery codes still work.
        on = TwoStep.objects.select_for_update().filter(user_id=user.pk, on_since__isnull=False)
        row = on.defer("secret").first()
        if row is None:
            return None
        if _takes(row, code):
            row.save(update_fields=["last_counter"])
            return Step.APP
        if (found := hashed(code)) in row.recovery:
            row.recovery.remove(found)
            row.save(update_fields=["recovery"])
            return Step.RECOVERY
    return None


def left(user: Any) -> int:
    """Return how many recovery codes were not used yet."""
    row = TwoStep.objects.filter(user_id=user.pk).defer("secret").first()
    return len(row.recovery) if row else 0


def turn_off(user: Any) -> bool:
    return bool(TwoStep.objects.filter(user_id=user.pk).delete()[0])


def address_of(row: TwoStep) -> str:
    """Return what a QR code tells an app."""
    return _totp(row).get_provisioning_uri(row.user.get_username(), "bgmsync")


def picture_of(row: TwoStep) -> str:
    """Return the QR code as SVG, dark on light in every theme: not all cameras read the reverse.

    Without a size of its own: the page's style scales all of it, where a size would have it cut.
    """
    return segno.make(address_of(row), error="m").svg_inline(omitsize=True, dark="#000", light="#fff")


def grouped(text: str) -> str:
    """Write a key or a code so that people can copy it.

    >>> grouped("JBSWY3DPEHPK")
    'JBSW Y3DP EHPK'
    """
    return " ".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


def hashed(code: str) -> str:
    return sha256(_bare(code).encode()).hexdigest()


def _takes(row: TwoStep, code: str) -> bool:
    """Tell whether *code* is one of now and newer than all that were used; if so, note it in *row*."""
    digits = _bare(code)
    counter = next(_counters_of(row, digits), None) if digits.isascii() and digits.isdigit() else None
    if counter is None:
        return False
    row.last_counter = counter
    return True


def _counters_of(row: TwoStep, digits: str) -> Iterator[int]:
    try:
        totp = _totp(row)
    except (KeyLostError, ValueError):  # the installation's keys are lost, or a restore emptied what they encrypted
        return
    now = int(time.time()) // PERIOD
    for counter in (now + drift for drift in DRIFT):
        if counter > row.last_counter and _is(totp, digits, counter):
            yield counter


def _is(totp: TOTP, digits: str, counter: int) -> bool:
    try:
        totp.verify(digits.encode(), counter * PERIOD)
    except InvalidToken:
        return False
    return True


def _totp(row: TwoStep) -> TOTP:
    return TOTP(base64.b32decode(row.secret), DIGITS, SHA1(), PERIOD)  # noqa: S303  # what RFC 6238 and the apps use


def _with_new_codes(row: TwoStep) -> list[str]:
    codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(CODES)]
    row.recovery = [hashed(code) for code in codes]
    row.save(update_fields=["on_since", "last_counter", "recovery"])
    return [grouped(code) for code in codes]


def _bare(code: str) -> str:
    return "".join(code.split()).replace("-", "").upper()
