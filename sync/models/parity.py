"""A comparison of a user's Trakt and Bangumi: asked for by a button, made by a worker, kept until the next one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.models.run import LEASE
from trakt.models import Title

if TYPE_CHECKING:
    from django.db.models.manager import RelatedManager

LOST_IN_QUEUE = timedelta(minutes=10)
"""A comparison that no worker began for this long was lost by the broker."""


class ParityReport(models.Model):
    """queued ──▶ running ──▶ done | failed. It only reads, so one whose worker died is simply asked for again."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    ACTIVE = (Status.QUEUED, Status.RUNNING)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="parity_reports"
    )
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.QUEUED)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0, help_text="Subjects whose episodes have to be read.")
    requests = models.PositiveIntegerField(_("requests"), default=0)
    subjects = models.PositiveIntegerField(default=0, help_text="Rows that Trakt knows of.")
    in_step = models.PositiveIntegerField(default=0, help_text="Those of them without any difference.")
    counts = models.JSONField(default=dict, help_text="Rows by the kinds of their differences.")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    if TYPE_CHECKING:
        id: int
        user_id: int
        rows: RelatedManager[ParityRow]

    class Meta:
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(status__in=["queued", "running"]), name="one_active_parity_report"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_final(self) -> bool:
        return self.status not in self.ACTIVE

    def is_dead(self) -> bool:
        """Tell whether nobody works on it any more, or nobody ever began."""
        waits = LOST_IN_QUEUE if self.status == self.Status.QUEUED else LEASE
        pause = max(waits * settings.RETRY_SCALE, timedelta(seconds=15))
        return not self.is_final and timezone.now() - (self.heartbeat_at or self.created_at) > pause


class ParityRow(models.Model):
    """One subject in a comparison, or, where none is known yet, what waits of one title's season."""

    report = models.ForeignKey(ParityReport, on_delete=models.CASCADE, related_name="rows")
    place = models.PositiveIntegerField(help_text="Its place in the list: what needs a look comes first.")
    subject_id = models.BigIntegerField(null=True)
    title = models.ForeignKey(Title, on_delete=models.SET_NULL, null=True)
    seasons = models.CharField(max_length=60, blank=True, default="")
    watched = models.PositiveIntegerField(default=0, help_text="Episodes that were carried over.")
    ticked = models.PositiveIntegerField(null=True, help_text="Episodes that Bangumi counts.")
    rating = models.PositiveSmallIntegerField(null=True, help_text="On Trakt.")
    rate = models.PositiveSmallIntegerField(null=True, help_text="On Bangumi; null when it is not on the list.")
    listed = models.PositiveSmallIntegerField(null=True, help_text="The state on the user's list.")
    changed_at = models.DateTimeField(null=True, help_text="When the entry on Bangumi was changed last.")
    missing = models.BooleanField(default=False)
    conflicting = models.BooleanField(default=False)
    waiting = models.BooleanField(default=False)
    extra = models.BooleanField(default=False)
    alone = models.BooleanField(default=False, help_text="On Bangumi's list, and nothing on Trakt leads to it.")
    findings = models.JSONField(default=list)

    if TYPE_CHECKING:
        id: int
        report_id: int
        title_id: int | None

    class Meta:
        ordering = ("report", "place")
        indexes = [models.Index(fields=["report", "place"], name="parity_rows")]

    def __str__(self) -> str:
        return f"bgm.tv/subject/{self.subject_id}" if self.subject_id else str(self.title or "")

    @property
    def is_in_step(self) -> bool:
        return not self.findings

    def findings_at(self, places: set[int]) -> list[dict[str, Any]]:
        """Return those of the findings that a person may choose to have mended."""
        return [f for place, f in enumerate(self.findings) if place in places and f["fixable"] and not f.get("asked")]
