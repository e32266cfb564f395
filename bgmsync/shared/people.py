"""Who is who: members, operators and superusers; and what a person chose about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.models import Profile

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

MEMBERS = "members"
OPERATORS = "operators"
"""The groups; what each may do is decided in ``sync.setup``."""
HELP_MEMBERS = "shared.help_members"


class Role(models.TextChoices):
    """Each may do what those after it may, save that helping others is not being allowed their titles."""

    SUPERUSER = "superuser", _("superuser")
    OPERATOR = "operator", _("operator")
    MEMBER = "member", _("member")
    NONE = "none", _("no access")


def is_operator(user: Any) -> bool:
    """Tell whether *user* may see how others' syncs stand, and help them. A superuser may."""
    return bool(user.is_active and user.is_staff and user.has_perm(HELP_MEMBERS))


def role_of(user: AbstractUser) -> Role:
    """Return the role that *user* has, or had before being shut out."""
    if user.is_superuser:
        return Role.SUPERUSER
    names = {group.name for group in user.groups.all()}
    if OPERATORS in names:
        return Role.OPERATOR
    return Role.MEMBER if user.is_staff else Role.NONE


def language_of(user: Any) -> str:
    """Return in which language *user* is told something outside of a page, where no browser says which one."""
    row = Profile.objects.filter(user=user).values_list("language", "last_language").first()
    return next((name for name in row or () if name), settings.LANGUAGE_CODE)


def shows_titles(user: Any) -> bool:
    """Tell whether *user* lets operators see what they watched."""
    return Profile.objects.filter(user=user, titles_shown=True).exists()
