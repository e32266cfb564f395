"""Django's sessions in the database, with what a person needs to know their own ones by.

As Django's documentation extends its store: https://docs.djangoproject.com/en/5.2/topics/http/sessions/
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DjangoStore
from django.utils import timezone

from bgmsync.people.models import Session

BROWSER = "browser"
"""Where a session keeps the address and the browser that logged in, and when."""
TOUCH = timedelta(minutes=10)
"""How exactly it is known when a session was last used: each change is a write."""


def stored(session_key: str | None) -> str:
    """Return under which key the table keeps a session. Without salt: what the cookie says is long and random."""
    return sha256((session_key or "").encode()).hexdigest()


class SessionStore(DjangoStore):
    @classmethod
    def get_model_class(cls) -> Any:
        return Session

    def load(self) -> dict[str, Any]:
        now = timezone.now()
        row = Session.objects.filter(session_key=stored(self.session_key), expire_date__gt=now).first()
        if row is None:
            self._session_key = None
            return {}
        if now - row.seen_at > TOUCH:
            Session.objects.filter(pk=row.pk).update(seen_at=now)
        return self.decode(row.session_data)

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    def create_model_instance(self, data: Any) -> Any:
        row: Any = super().create_model_instance(data)
        browser = data.get(BROWSER, {})
        row.session_key = stored(row.session_key)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.address, row.agent = browser.get("address", ""), browser.get("agent", "")
        row.began_at = datetime.fromtimestamp(browser["began"], UTC) if browser else None
        row.seen_at = timezone.now()
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=stored(key)).delete()
