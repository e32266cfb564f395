"""What both sides keep: a user's connection to a service, the operator's app at it, and the budget of its host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.encryption import EncryptedTextField

if TYPE_CHECKING:
    from bgmsync.shared.http import TokenGrant

FIRST_REFRESH = timedelta(hours=24)
"""Tokens are renewed this long before they expire, or at half their life where that is shorter."""


class Service(models.TextChoices):
    TRAKT = "trakt", "Trakt"
    BANGUMI = "bangumi", "Bangumi"


class ConnectionState(models.TextChoices):
    NONE = "none", _("not connected")
    CONNECTED = "connected", _("connected")
    RECONNECT = "reconnect", _("reconnect needed")
    APP_GONE = "app_gone", _("the operator's app is gone")
    VIP_ONLY = "vip_only", _("VIP only")
    LOCKED = "locked", _("account locked")


class Connection(models.Model):
    """A user's tokens at one service, and whether they still work.

    Re-authorising changes only what stands here: schedule, cursor and settings are other fields and stay.
    """

    service: ClassVar[Service]

    access_token = EncryptedTextField(blank=True, default="", editable=False)
    refresh_token = EncryptedTextField(blank=True, default="", editable=False)
    token_created_at = models.DateTimeField(null=True, editable=False)
    token_expires_at = models.DateTimeField(_("token valid until"), null=True, editable=False)
    refresh_lease_until = models.DateTimeField(null=True, editable=False)
    refresh_lease_by = models.CharField(max_length=120, blank=True, default="", editable=False)
    redirect_uri = models.CharField(max_length=300, blank=True, default="", editable=False)
    state = models.CharField(
        _("connection"),
        max_length=12,
        choices=ConnectionState.choices,
        default=ConnectionState.NONE,
        editable=False,
    )
    state_detail = models.CharField(max_length=300, blank=True, default="", editable=False)
    username = models.CharField(_("account"), max_length=100, blank=True, default="", editable=False)
    connected_at = models.DateTimeField(_("connected since"), null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def is_usable(self) -> bool:
        return self.state == ConnectionState.CONNECTED and bool(self.access_token)

    def renewal_due(self, now: datetime) -> bool:
        """Tell whether the token should be renewed before it is used."""
        if not self.refresh_token or not self.token_expires_at:
            return False
        early = FIRST_REFRESH
        if self.token_created_at:
            early = min(early, (self.token_expires_at - self.token_created_at) / 2)
        return now >= self.token_expires_at - early

    @property
    def ends_at(self) -> datetime | None:
        """When the connection ends by itself, because nothing renews its token; None where that is not known."""
        return self.token_expires_at if self.is_usable and not self.refresh_token else None

    def has_expired(self, now: datetime) -> bool:
        return self.token_expires_at is not None and now >= self.token_expires_at

    def keep(self, grant: TokenGrant, *, renewal: bool = False) -> None:
        """Store a fresh grant; no other field is written, so that an edit made meanwhile is not undone.

        A *renewal* that brings no new refresh token leaves the old one in use; a new authorisation never does.

        Renewals that are under way lose their lease, and with it the right to store what they get.
        """
        self.access_token = grant.access_token.get_secret_value()
        if grant.refresh_token or not renewal:
            self.refresh_token = grant.refresh_token.get_secret_value() if grant.refresh_token else ""
        self.token_created_at = grant.created_at
        self.token_expires_at = grant.expires_at
        self.state = ConnectionState.CONNECTED
        self.state_detail = ""
        self.refresh_lease_until = None
        self.connected_at = self.connected_at or timezone.now()
        self.save(update_fields=TOKEN_FIELDS)

    def forget(self) -> None:
        """Remove the tokens; everything else about the user stays."""
        self.access_token = self.refresh_token = self.username = self.state_detail = ""
        self.token_created_at = self.token_expires_at = self.connected_at = self.refresh_lease_until = None
        self.state = ConnectionState.NONE
        self.save(update_fields=[*TOKEN_FIELDS, "username"])

    def lose(self, state: ConnectionState, why: str = "") -> None:
        """Note that the service refuses the connection. Tokens are kept: an outage must never log anyone out."""
        self.state = state
        self.state_detail = why[:300]
        self.save(update_fields=["state", "state_detail"])

    def state_text(self) -> str:
        """Say in a person's words how the connection stands."""
        if self.state == ConnectionState.RECONNECT:
            return gettext("reconnect needed: %(why)s") % {"why": self.state_detail or "?"}
        if self.state != ConnectionState.CONNECTED:
            return str(STATE_TEXTS[ConnectionState(self.state)])
        if self.token_expires_at is None:
            return gettext("connected")
        days = {"days": max((self.token_expires_at - timezone.now()).days, 0)}
        if self.refresh_token:
            return gettext("connected (token renews itself, %(days)s days left)") % days
        return gettext("connected (expires in %(days)s days)") % days


STATE_TEXTS = {
    ConnectionState.NONE: _("not connected"),
    ConnectionState.APP_GONE: _("the operator's app is gone; the operator must register it again"),
    ConnectionState.VIP_ONLY: _("Trakt allows this to VIP members only"),
    ConnectionState.LOCKED: _("the account is locked at the service; ask its support"),
}

TOKEN_FIELDS = [
    "access_token",
    "refresh_token",
    "token_created_at",
    "token_expires_at",
    "refresh_lease_until",
    "redirect_uri",
    "state",
    "state_detail",
    "connected_at",
]


class ServiceApp(models.Model):
    """The operator's OAuth app at a service: one for the installation. The environment's, if set, goes first."""

    service = models.CharField(_("service"), max_length=8, choices=Service.choices, unique=True)
    client_id = models.CharField(
        _("client id"), max_length=200, help_text=_("As shown on the service's page of your app.")
    )
    client_secret = EncryptedTextField(
        _("client secret"),
        blank=True,
        default="",
        help_text=_("Bangumi needs it. Trakt's newer apps have none: leave it empty. It is stored encrypted."),
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("OAuth app")
        verbose_name_plural = _("OAuth apps")

    def __str__(self) -> str:
        return self.get_service_display()

    @classmethod
    def for_service(cls, service: Service) -> ServiceApp:
        """Return the app to use, with an empty ``client_id`` when the operator has not set one."""
        name = service.value.upper()
        client_id = getattr(settings, f"{name}_CLIENT_ID")
        if client_id:
            secret = getattr(settings, f"{name}_CLIENT_SECRET")
            return cls(service=service, client_id=client_id, client_secret=secret)
        return cls.objects.filter(service=service).first() or cls(service=service)


class HostBudget(models.Model):
    """What may be asked of a remote host, shared by all processes, and kept over restarts.

    The key is a service, or ``service@address`` where machines have public addresses of their own, for the host itself;
    ``service:user`` is what the host allows one account.
    """

    key = models.CharField(_("host or account"), max_length=40, primary_key=True)
    next_free_at = models.FloatField(default=0, help_text="When the next request may be sent, in epoch seconds.")
    put_off_until = models.FloatField(default=0, help_text="Not to be asked before this, in epoch seconds.")
    why = models.CharField(_("why"), max_length=40, blank=True, default="")
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    probe_until = models.FloatField(default=0, help_text="One process looks whether the host is back, until then.")

    class Meta:
        verbose_name = _("host")
        verbose_name_plural = _("hosts")

    def __str__(self) -> str:
        return self.key

    def left_alone_until(self) -> datetime | None:
        """Return when the host may be asked again; None when it may be asked now."""
        if self.put_off_until <= timezone.now().timestamp():
            return None
        return datetime.fromtimestamp(self.put_off_until, UTC)


class Heartbeat(models.Model):
    """When a part of the program was last seen alive: queue workers are watched by what they do, not by a process."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        cls.objects.update_or_create(name=name, defaults={"at": timezone.now()})


class KeyProof(models.Model):
    """Word of the keys that this installation works with (see ``bgmsync.shared.keyproof``); one row."""

    ONLY = 1

    proof = EncryptedTextField(help_text="A fingerprint of SECRET_KEY; whoever can read it has the token keys as well.")

    def __str__(self) -> str:
        return "keys"


class Figure(models.Model):
    """A figure that all processes add to (see ``bgmsync.shared.counting``)."""

    key = models.CharField(max_length=120, primary_key=True, help_text="Its name and labels, with | between them.")
    value = models.FloatField(default=0)

    def __str__(self) -> str:
        return self.key


class Invitation(models.Model):
    """A link by which somebody makes an account here. Whoever has the link may use it; only its hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(_("made"), auto_now_add=True)
    expires_at = models.DateTimeField(_("good until"))
    most_uses = models.PositiveSmallIntegerField(_("for so many people"), default=1)
    used = models.PositiveSmallIntegerField(_("used"), default=0)
    note = models.CharField(_("note"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.used < self.most_uses and timezone.now() < self.expires_at


class Profile(models.Model):
    """What a person chose about themselves. Not their time zone: that is the one of their schedule."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    language = models.CharField(
        _("language"), max_length=10, blank=True, default="", help_text="Empty: as the browser asks for it."
    )
    last_language = models.CharField(
        max_length=10, blank=True, default="", help_text="In which they logged in last: what is sent is in it, too."
    )
    titles_shown = models.BooleanField(
        _("operators may see my titles"),
        default=False,
        help_text=_(
            "Off: whoever runs this installation sees whether your syncs work and why not, but not what you watched. "
            "Superusers and whoever owns the database can always see it; nobody is ever shown your tokens."
        ),
    )
    pictures_shown = models.BooleanField(
        _("show covers from Bangumi"),
        default=False,
        help_text=_(
            "On: pages that name Bangumi's entries show their covers, and your browser fetches these from Bangumi's "
            "picture server, lain.bgm.tv. That server then sees your address, but not which page you look at."
        ),
    )
    invitation = models.ForeignKey(Invitation, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        permissions = [("help_members", "Can see how members' syncs stand, and help them")]

    def __str__(self) -> str:
        return str(self.user)
