"""A user's whole Bangumi list as it was before this program first wrote to the account."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence


class Snapshot(models.Model):
    """One an account of Bangumi. Until the first write it is taken anew by each run, after that it is never touched."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="snapshots"
    )
    bangumi_id = models.BigIntegerField()
    username = models.CharField(_("account"), max_length=100, blank=True, default="")
    taken_at = models.DateTimeField(_("taken"), default=timezone.now)
    entries = models.PositiveIntegerField(_("entries"), default=0)
    packed = models.BinaryField(help_text="The rows as Bangumi's API gave them: JSON, compressed by zlib.")

    if TYPE_CHECKING:
        id: int
        user_id: int

    class Meta:
        verbose_name = _("snapshot of the list")
        verbose_name_plural = _("snapshots of the list")
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=["user", "bangumi_id"], name="one_snapshot_per_account")]

    def __str__(self) -> str:
        return f"{self.username} · {self.taken_at:%Y-%m-%d}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        return json.loads(zlib.decompress(self.packed))

    def as_data(self) -> dict[str, Any]:
        """Return what is downloaded."""
        return {
            "account": {"id": self.bangumi_id, "username": self.username},
            "taken_at": self.taken_at.isoformat(),
            "entries": self.rows,
        }


def pack(rows: Sequence[dict[str, Any]]) -> bytes:
    return zlib.compress(json.dumps(list(rows), ensure_ascii=False, separators=(",", ":")).encode())
