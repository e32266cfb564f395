"""A subject's plan in a run: what was found on Bangumi, what is to be written, and how far that has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sync.models.run import SyncRun


class SubjectPlan(models.Model):
    """The journal of one subject in one run: ``before`` is kept from before the first write, for undo and audit."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        APPLYING = "applying", _("being written")
        DONE = "done", _("done")
        WAITING = "waiting", _("waiting")
        FAILED = "failed", _("failed")
        UNDONE = "undone", _("undone")
        DECLINED = "declined", _("left out")

    run = models.ForeignKey(SyncRun, verbose_name=_("run"), on_delete=models.CASCADE, related_name="plans")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="plans")
    account_id = models.BigIntegerField(null=True, help_text="The Bangumi account that it is about.")
    subject_id = models.BigIntegerField(_("Bangumi subject"))
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.PLANNED)
    before = models.JSONField(default=dict, help_text="The collection and the episodes' states before the first write.")
    collect = models.PositiveSmallIntegerField(null=True, help_text="Collection type to set before the marks.")
    clear = models.JSONField(default=list, help_text="Episodes in another state, which go through 0 first.")
    mark = models.JSONField(default=list, help_text="Episodes to mark as watched.")
    rate = models.PositiveSmallIntegerField(null=True, help_text="Rating to set; 0 takes it away.")
    tags = models.JSONField(null=True, help_text="All tags the entry is to have; those it had are among them.")
    reveal = models.BooleanField(default=False, help_text="Added hidden, without noise; to be shown at the end.")
    complete = models.BooleanField(default=False, help_text="Set the collection to done after the marks.")
    restore = models.JSONField(null=True, help_text="Of an undo: the marks and the list state to put back.")
    reason = models.CharField(max_length=40, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    writes = models.PositiveSmallIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    if TYPE_CHECKING:
        id: int

    class Meta:
        verbose_name = _("subject plan")
        verbose_name_plural = _("subject plans")
        constraints = [
            models.UniqueConstraint(
                fields=["run", "subject_id"], condition=Q(restore__isnull=True), name="one_plan_per_subject"
            )
        ]

    def __str__(self) -> str:
        return f"{self.run} · {self.subject_id}"
