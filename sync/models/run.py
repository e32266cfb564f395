"""A run: one attempt to bring one user up to date, and the truth about it (never the queue's own task rows).

queued ──▶ running ──▶ succeeded | incomplete | failed | deferred | cancelled
▲ ▲        │    │
│ └────────┘    ▼
│ worker died   awaiting (the plan waits for the user's yes), paused (by the user) ──▶ cancelled
└───────────────┘ approved, resumed
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bgmsync.shared import alive

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models.manager import RelatedManager

    from sync.models.item import SyncItem
    from sync.models.plan import SubjectPlan

LEASE = timedelta(minutes=5)
"""A running run whose heartbeat is older than this (times RETRY_SCALE, at least 15 s) is taken for dead."""


class SyncRun(models.Model):
    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("schedule")
        BUTTON = "button", _("run sync now")
        PREVIEW = "preview", _("preview")
        FULL = "full", _("full resync")
        RETRY = "retry", _("retry")
        COMMAND = "command", _("command line")
        UNDO = "undo", _("undo")
        IMPORT = "import", _("Trakt export")

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        AWAITING = "awaiting", _("waiting for your approval")
        PAUSED = "paused", _("paused")
        SUCCEEDED = "succeeded", _("succeeded")
        INCOMPLETE = "incomplete", _("incomplete")
        FAILED = "failed", _("failed")
        DEFERRED = "deferred", _("put off")
        CANCELLED = "cancelled", _("cancelled")

    class Stage(models.TextChoices):
        READ = "read", _("reading Trakt")
        MATCH = "match", _("matching")
        PLAN = "plan", _("planning")
        APPLY = "apply", _("writing to Bangumi")
        CONFIRM = "confirm", _("confirming")
        OVER = "over", _("over")

    ACTIVE = (Status.QUEUED, Status.RUNNING)
    HELD = (Status.AWAITING, Status.PAUSED)
    """Those that go on when their user says so."""
    BROKEN_OFF = (Status.PAUSED, Status.QUEUED)
    """As what a run is left that stops on the way and goes on from there: paused by its user, or handed back by a
    worker that was asked to stop."""
    FINAL = (Status.SUCCEEDED, Status.INCOMPLETE, Status.FAILED, Status.DEFERRED, Status.CANCELLED)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="runs"
    )
    trigger = models.CharField(_("started by"), max_length=10, choices=Trigger.choices)
    dry_run = models.BooleanField(_("preview"), default=False)
    full = models.BooleanField(_("full"), default=False)
    kinds = models.JSONField(default=list, help_text="What it was asked for; empty: all kinds that the user has on.")
    only_retry = models.BooleanField(default=False, help_text="Takes up what failed or waits, and reads nothing new.")
    undoes = models.ForeignKey(
        "self", verbose_name=_("undoes"), on_delete=models.SET_NULL, null=True, related_name="undone_by"
    )
    archive = models.JSONField(
        default=dict, help_text="Trakt's export that it takes over: its name, and what was found in it. Empty: none."
    )
    undo_items = models.JSONField(default=list, help_text="Of an undo of items: their primary keys.")
    undo_since = models.DateTimeField(_("undoes all since"), null=True)
    undo_shown = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+", help_text="The preview: no more than it showed."
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices, default=Stage.READ)
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)
    stage_began_at = models.DateTimeField(null=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    not_before = models.DateTimeField(_("next try"), null=True)

    read = models.PositiveIntegerField(_("read"), default=0)
    expected = models.PositiveIntegerField(_("expected"), default=0)
    counts = models.JSONField(_("items by state"), default=dict)
    reasons = models.JSONField(_("reasons"), default=dict)
    by_kind = models.JSONField(_("by kind"), default=dict, help_text="For each kind: read, expected, items by state.")
    requests = models.JSONField(_("requests"), default=dict)
    writes = models.PositiveIntegerField(_("writes"), default=0)

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    worked = models.DurationField(
        default=timedelta,
        help_text="How long it worked until it last stopped: what it waited for its user is not in it.",
    )
    heartbeat_at = models.DateTimeField(null=True)
    owner = models.CharField(max_length=120, blank=True, default="", help_text="host, process and its start time")
    sender = models.CharField(
        max_length=32, blank=True, default="", help_text="PUBLIC_ADDRESS of the machine that does it, or did last."
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    cancel_asked = models.BooleanField(default=False)
    pause_asked = models.BooleanField(default=False)
    retry_asked = models.BooleanField(default=False, help_text="A retry was asked for meanwhile; it follows this run.")

    may_ask = models.BooleanField(default=True, help_text="May stop after the plan for the user's approval.")
    approved_at = models.DateTimeField(_("approved"), null=True)
    held = models.JSONField(default=dict, help_text="What it had read and spent, kept while it waits for its user.")

    if TYPE_CHECKING:
        id: int
        user_id: int
        items: RelatedManager[SyncItem]
        plans: RelatedManager[SubjectPlan]
        events: RelatedManager[RunEvent]

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(status__in=["queued", "running"]), name="one_active_run_per_user"
            )
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="runs_of_user"),
            models.Index(fields=["status", "heartbeat_at"], name="runs_alive"),
            # What the first page says of half a year's runs, from the index alone; measured by `make bench-admin`.
            models.Index(fields=["user", "created_at", "dry_run", "status"], name="runs_by_week"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def is_held(self) -> bool:
        return self.status in self.HELD

    @property
    def seconds(self) -> float | None:
        """How long it worked, or has been working; None when it never began."""
        if self.started_at is None:
            return None
        worked = self.worked_until(timezone.now()) if self.status == self.Status.RUNNING else self.worked
        return worked.total_seconds()

    def worked_until(self, stop: datetime | None) -> timedelta:
        """Return how long it will have worked if it stops then; None: nobody knows when it stopped."""
        if self.started_at is None or stop is None:
            return self.worked
        return self.worked + max(stop - self.started_at, timedelta())

    def log(self, message: str, level: str = "info", **params: Any) -> None:
        """Add a line: *message* is in English, is translated when it is shown, and names its *params* as %(name)s."""
        RunEvent.objects.create(run=self, level=level, message=message[:500], params=params)

    def is_dead(self) -> bool:
        """Tell whether the process that runs it is gone: at once on this machine, by its heartbeat on another."""
        if self.status != self.Status.RUNNING:
            return False
        if alive.is_gone(self.owner):
            return True
        seconds = max(LEASE.total_seconds() * settings.RETRY_SCALE, 15)
        return self.heartbeat_at is None or timezone.now() - self.heartbeat_at > timedelta(seconds=seconds)


class RunEvent(models.Model):
    """One line of a run's log."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, default="info")
    message = models.CharField(max_length=500)
    params = models.JSONField(default=dict, help_text="What the message quotes, by name.")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message
