"""What guards an account: where it is logged in, its second step, and how often somebody tried to get in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.encryption import EncryptedTextField


class Session(AbstractBaseSession):
    """One browser. The key is a hash of what its cookie says, so that whoever reads the table can't come in by it."""

    session_key = models.CharField(max_length=64, primary_key=True)
    # Without a constraint: Django's store takes a refusal of the database for a key in use, and would try for ever.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, db_constraint=False, related_name="sessions"
    )
    address = models.CharField(max_length=45, blank=True, default="")
    agent = models.CharField(max_length=200, blank=True, default="")
    began_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    @classmethod
    def get_session_store_class(cls) -> Any:
        from bgmsync.people.sessionstore import SessionStore  # noqa: PLC0415  # the store imports this table

        return SessionStore


class TwoStep(models.Model):
    """A person's second step at the log-in: the key of their authenticator app, and codes for when it is lost."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="two_step")
    secret = EncryptedTextField(help_text="In base 32, as apps take it.")
    on_since = models.DateTimeField(null=True, help_text="Empty: begun, and never confirmed by a code.")
    last_counter = models.BigIntegerField(default=0, help_text="Of the newest code that was used: each is good once.")
    recovery = models.JSONField(default=list, help_text="Hashes of the recovery codes that are left.")

    class Meta:
        verbose_name = _("two-step log-in")
        verbose_name_plural = _("two-step log-ins")

    def __str__(self) -> str:
        return str(self.user)


class Tries(models.Model):
    """How often something that can be guessed at was tried, by whom, in the period that began at ``since``."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
