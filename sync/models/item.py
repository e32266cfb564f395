"""An item: one fact from Trakt, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sync.models.run import SyncRun
from trakt.models import Title


class SyncItem(models.Model):
    """A row of the ledger. It is here before anything is written to Bangumi for it, and it stays.

    new ──▶ matched ──▶ planned ──▶ done
     │         │           └──────▶ waiting, failed ──▶ (next try) matched
     ├──▶ skipped          already
     └──▶ review ──▶ (decision) new
    """

    class Kind(models.TextChoices):
        HISTORY = "history", _("play")
        RATINGS = "ratings", _("rating")
        COLLECTION = "collection", _("collected")
        WATCHLIST = "watchlist", _("watchlist")
        HIDDEN = "hidden", _("dropped or hidden")

    class State(models.TextChoices):
        NEW = "new", _("new")
        MATCHED = "matched", _("matched")
        PLANNED = "planned", _("planned")
        DONE = "done", _("done")
        ALREADY = "already", _("already so")
        SKIPPED = "skipped", _("skipped")
        REVIEW = "review", _("in review")
        FAILED = "failed", _("failed")
        WAITING = "waiting", _("waiting")

    UNFINISHED = (State.NEW, State.MATCHED, State.PLANNED)
    RETRIED = (State.FAILED, State.WAITING)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="items"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.HISTORY)
    source_key = models.CharField(
        max_length=48, help_text="Trakt's identity of the fact: the history id of a play, or what was rated or listed."
    )
    told = models.JSONField(default=dict, help_text="What Trakt says of it: the rating, the seasons that are owned.")
    gone_at = models.DateTimeField(null=True, help_text="Since when Trakt's list lacks it.")
    gone_reads = models.PositiveSmallIntegerField(default=0, help_text="Complete reads in a row that lacked it.")
    title = models.ForeignKey(Title, verbose_name=_("title"), on_delete=models.PROTECT, null=True)
    season = models.IntegerField(_("season"), null=True)
    number = models.IntegerField(_("episode"), null=True)
    number_abs = models.IntegerField(null=True)
    episode_trakt_id = models.BigIntegerField(null=True)
    episode_title = models.CharField(_("episode title"), max_length=300, blank=True, default="")
    first_aired = models.DateTimeField(_("first aired"), null=True)
    runtime = models.IntegerField(null=True)
    watched_at = models.DateTimeField(
        _("watched"), null=True, help_text="Of other kinds: when it was rated, collected, listed or hidden."
    )

    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.NEW)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    subject_id = models.BigIntegerField(_("Bangumi subject"), null=True)
    targets = models.JSONField(default=list, help_text="All subjects it is about, where that may be several.")
    episode_id = models.BigIntegerField(_("Bangumi episode"), null=True)
    position = models.IntegerField(_("position"), null=True)
    confidence = models.PositiveSmallIntegerField(_("confidence"), default=0)
    ticked_subject_id = models.BigIntegerField(null=True, help_text="Where this program ticked it, to take it back.")
    ticked_episode_id = models.BigIntegerField(null=True)
    stale = models.JSONField(default=list, help_text="Subjects it was written to before a person chose others.")
    by_person = models.BooleanField(_("decided by a person"), default=False)
    approved = models.BooleanField(default=False, help_text="The user saw the plan that writes it, and agreed.")
    evidence = models.JSONField(default=list)
    candidates = models.JSONField(default=list)

    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next try"), null=True)
    run = models.ForeignKey(SyncRun, verbose_name=_("run"), on_delete=models.SET_NULL, null=True, related_name="items")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    if TYPE_CHECKING:
        id: int
        user_id: int
        title_id: int | None

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "source_key"], name="one_item_per_fact"),
        ]
        indexes = [
            models.Index(fields=["user", "state", "next_try_at"], name="items_by_state"),
            models.Index(fields=["run", "state"], name="items_of_run"),
            models.Index(fields=["user", "subject_id"], name="items_by_subject"),
            models.Index(fields=["user", "-id"], name="items_of_user"),
            models.Index(fields=["user", "ticked_subject_id"], name="items_ticked"),
            # What the first page and the statistics count over all of a user's items, from the index alone; measured by
            # `make bench-admin`.
            models.Index(fields=["user", "kind", "state", "reason", "confidence", "by_person"], name="items_by_reason"),
            models.Index(fields=["user", "kind", "state", "watched_at"], name="items_by_day"),
        ]

    def __str__(self) -> str:
        name = self.title.title if self.title else self.source_key
        if self.season is None:
            return name
        if self.number is None:
            return f"{name} S{self.season:02}"
        return f"{name} S{self.season:02}E{self.number:02}"
