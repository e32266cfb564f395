"""Invitations: links that let somebody make an account. The token is shown once and kept as a hash alone."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from bgmsync.shared.models import Invitation

if TYPE_CHECKING:
    from django.db.models import QuerySet


def make(made_by: Any, *, uses: int, days: int, note: str) -> tuple[Invitation, str]:
    """Make an invitation; return it, and the address that leads to it, which nothing can tell later."""
    token = secrets.token_urlsafe(24)
    row = Invitation.objects.create(
        token_hash=_hashed(token),
        made_by=made_by,
        expires_at=timezone.now() + timedelta(days=days),
        most_uses=uses,
        note=note,
    )
    return row, settings.BASE_URL + reverse("people:join", args=[token])


def find(token: str) -> Invitation | None:
    """Return the invitation if it can still be used."""
    return _open().filter(token_hash=_hashed(token)).first()


def use(invitation: Invitation) -> bool:
    """Take one of its uses; False when somebody else took the last one meanwhile."""
    return bool(_open().filter(pk=invitation.pk).update(used=F("used") + 1))


def _open() -> QuerySet[Invitation]:
    return Invitation.objects.filter(used__lt=F("most_uses"), expires_at__gt=timezone.now())


def _hashed(token: str) -> str:
    """Hash without salt: the token is random and long, so that nobody can try them all."""
    return sha256(token.encode()).hexdigest()
