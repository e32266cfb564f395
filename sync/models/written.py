"""What this program last wrote to an entry of a user's Bangumi list: whatever differs from it is the user's own."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Written(models.Model):
    """One a subject and user. A field that we never wrote is empty, and then what Bangumi has there is the user's."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="written")
    subject_id = models.BigIntegerField()
    type = models.PositiveSmallIntegerField(null=True)
    rate = models.PositiveSmallIntegerField(null=True)
    tags = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("what was written")
        verbose_name_plural = _("what was written")
        constraints = [models.UniqueConstraint(fields=["user", "subject_id"], name="one_written_per_subject")]

    def __str__(self) -> str:
        return f"bgm.tv/subject/{self.subject_id}"
