"""What is remembered when a person logs in: the browser, their language, and on the first time their time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.utils.translation import get_language

from bgmsync.people import sessions
from bgmsync.people.zone import zone_of_browser
from bgmsync.shared.models import Profile
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from django.http import HttpRequest


@receiver(user_logged_in, dispatch_uid="bgmsync.people.arriving")
def remember(sender: Any, request: HttpRequest, user: Any, **_kwargs: Any) -> None:  # noqa: ARG001  # Django names it
    """Keep the language for what is sent later, and give a newcomer's schedule the zone of their browser."""
    sessions.begin(request)
    Profile.objects.update_or_create(user=user, defaults={"last_language": get_language() or ""})
    zone = zone_of_browser(request)
    if zone and user.is_staff:
        TraktConfig.objects.get_or_create(user=user, defaults={"timezone": zone})
