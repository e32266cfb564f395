"""What a new password brings about. Django asks its password rules before, and tells them after it was changed."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext


class EndsSessions:
    """Logs the person out wherever they are: whoever knew the old password may sit there.

    Where the person changes it themselves, Django goes on with their own session under a new key.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse nothing."""

    def get_help_text(self) -> str:
        return gettext("Whenever it is changed, you are logged out everywhere else.")

    def password_changed(self, _password: str, user: Any = None) -> None:
        from bgmsync.people import sessions  # noqa: PLC0415  # Django loads the rules where models may not be there yet

        if user is not None and user.pk:
            sessions.end_all(user)
