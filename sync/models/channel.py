"""Where a user wants to be told what happens, what was told last, and the notes that are on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.encryption import EncryptedTextField
from sync.models.run import SyncRun

if TYPE_CHECKING:
    from datetime import datetime


class Event(models.TextChoices):
    """What a user may be told."""

    FAILING = "failing", _("a sync failed")
    RECOVERED = "recovered", _("it works again")
    RECONNECT = "reconnect", _("an account has to be connected again")
    ENDING = "ending", _("an access token ends in a week")
    REVIEW = "review", _("something waits for your decision")
    AWAITING = "awaiting", _("a plan waits for your approval")
    DIGEST = "digest", _("what happened this week")
    TEST = "test", _("test")


CHOSEN = tuple(event for event in Event if event != Event.TEST)
"""What a channel may be subscribed to; a test goes to any."""


class Signal(models.TextChoices):
    """What a monitor is told about each run."""

    START = "start", _("a run began")
    SUCCESS = "success", _("a run succeeded")
    FAIL = "fail", _("a run failed")
    TEST = "test", _("test")


class Trouble(models.TextChoices):
    """Why a note could not be delivered. Never more than this is kept: what services say may quote the address."""

    REFUSED = "refused", _("the service refused it")
    UNREACHABLE = "unreachable", _("the service could not be reached, or answered too late")
    PRIVATE = "private", _("the address leads into a private network, which the operator does not allow")
    INVALID = "invalid", _("the address can't be read")
    LOST_KEY = "lost_key", _("the stored address can't be read any more: enter it again")


class NotificationChannel(models.Model):
    """One way to reach a user: a messenger or mailbox, or a monitor that watches whether runs come and succeed.

    The address is a secret: it is stored encrypted, and nothing but :attr:`label` is ever shown of it.
    """

    class Kind(models.TextChoices):
        MESSAGE = "message", _("messages: mail, a messenger, a webhook")
        PING = "ping", _("pings of a monitor, as Healthchecks understands them")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="channels"
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("What you call it: “my phone”."))
    kind = models.CharField(_("what it takes"), max_length=8, choices=Kind.choices, default=Kind.MESSAGE)
    address = EncryptedTextField()
    label = models.CharField(
        _("leads to"), max_length=80, editable=False, help_text="What may be shown of the address."
    )
    events = models.JSONField(_("tell me when"), default=list, help_text="Values of Event; of no meaning for pings.")
    with_titles = models.BooleanField(
        _("with titles"),
        default=False,
        help_text=_(
            "Name what you watched. Off: only numbers, since the service that carries the message reads it too."
        ),
    )
    enabled = models.BooleanField(_("on"), default=True)

    last_sent_at = models.DateTimeField(_("last delivered"), null=True, editable=False)
    failing_since = models.DateTimeField(_("broken since"), null=True, editable=False)
    trouble = models.CharField(_("trouble"), max_length=12, choices=Trouble.choices, blank=True, editable=False)
    trouble_status = models.PositiveSmallIntegerField(null=True, editable=False, help_text="What HTTP status it got.")

    if TYPE_CHECKING:
        id: int
        user_id: int

    class Meta:
        verbose_name = _("notification channel")
        verbose_name_plural = _("notification channels")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_broken(self) -> bool:
        return self.failing_since is not None

    def trouble_text(self) -> str:
        """Say in a person's words why the last note could not be delivered; empty when it could."""
        if not self.trouble:
            return ""
        text = str(Trouble(self.trouble).label)
        return f"{text} (HTTP {self.trouble_status})" if self.trouble_status else text

    def note_delivery(self, trouble: str = "", status: int | None = None) -> None:
        """Keep how the last delivery went; nothing else is written, since the page may have been edited meanwhile."""
        now = timezone.now()
        self.trouble, self.trouble_status = trouble, status
        if trouble:
            self.failing_since = self.failing_since or now
        else:
            self.last_sent_at, self.failing_since = now, None
        rows = NotificationChannel.objects.filter(pk=self.pk)
        rows.update(
            trouble=self.trouble,
            trouble_status=self.trouble_status,
            failing_since=self.failing_since,
            last_sent_at=self.last_sent_at,
        )


class Told(models.Model):
    """What a user was told last: only what differs from it is news. One a user, from the first channel on."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="told")
    failing = models.BooleanField(default=False)
    trakt_lost = models.BooleanField(default=False)
    bangumi_lost = models.BooleanField(default=False)
    trakt_ending = models.BooleanField(default=False)
    bangumi_ending = models.BooleanField(default=False)
    in_review = models.BooleanField(default=False)
    awaiting = models.BigIntegerField(null=True, help_text="The run whose plan was announced.")
    digest_due_at = models.DateTimeField(null=True, db_index=True)

    if TYPE_CHECKING:
        user_id: int

    def __str__(self) -> str:
        return str(self.user)


class Note(models.Model):
    """One message on its way to one channel.

    waiting ──▶ sending ──▶ sent | given up | dropped
       ▲          │
       └──────────┘ it failed, or the process died
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        GIVEN_UP = "given_up"
        DROPPED = "dropped"

    UNDELIVERED = (State.WAITING, State.SENDING)

    channel = models.ForeignKey(NotificationChannel, on_delete=models.CASCADE, related_name="notes")
    run = models.ForeignKey(
        SyncRun, on_delete=models.SET_NULL, null=True, help_text="Of a signal: a monitor is told each once a run."
    )
    about = models.CharField(max_length=10, help_text="An Event, or for pings a Signal.")
    facts = models.JSONField(default=dict, help_text="What the text quotes; it is worded when it is sent.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    if TYPE_CHECKING:
        id: int
        channel_id: int

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "run", "about"], name="one_signal_per_run")]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(state__in=["waiting", "sending"]), name="notes_undelivered"
            )
        ]

    def __str__(self) -> str:
        return self.about

    def claim(self, until: datetime) -> bool:
        """Take the note for this process; others leave it alone before *until*."""
        rows = Note.objects.filter(pk=self.pk, state=self.State.WAITING)
        return bool(rows.update(state=self.State.SENDING, attempts=self.attempts + 1, next_try_at=until))
