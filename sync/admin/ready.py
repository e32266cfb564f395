"""Whether a run can be asked for at all."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from sync.models import BangumiAccount
from trakt.models import TraktConfig


def what_is_missing(user: Any) -> str:
    """Say what *user* has to connect before a run makes sense; empty when nothing is missing."""
    config = TraktConfig.objects.filter(user=user).first()
    account = BangumiAccount.objects.filter(user=user).first()
    if config is None or not config.access_token:
        return gettext("Trakt is not connected yet, so there is nothing to read. Connect it first.")
    if account is None or not account.access_token:
        return gettext("Bangumi is not connected yet, so there is nowhere to write. Connect it first.")
    return ""
