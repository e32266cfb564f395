"""A user's Bangumi account."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.models import Connection, Service


class BangumiAccount(Connection):
    """One a user: tokens by OAuth, or a personal access token that the user pasted (then nothing renews it)."""

    service = Service.BANGUMI

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="bangumi"
    )
    bangumi_id = models.BigIntegerField(null=True, editable=False)
    listed = models.PositiveIntegerField(
        default=0, editable=False, help_text="Entries on the user's list when it was last read: tells what it costs."
    )

    approved_at = models.DateTimeField(
        null=True, editable=False, help_text="When the user first agreed that this account is written to."
    )

    class Meta:
        verbose_name = _("Bangumi account")
        verbose_name_plural = _("Bangumi accounts")

    def __str__(self) -> str:
        return self.username or str(self.user)
