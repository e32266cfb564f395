"""What an installation needs in its database: the groups of people and the one schedule of the queue."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from bgmsync.shared.people import MEMBERS, OPERATORS

MEMBERS_MAY = Q(content_type__app_label="trakt", codename__in=["view_traktconfig", "change_traktconfig"]) | Q(
    content_type__app_label="sync",
    codename__in=[
        "view_bangumiaccount",
        "view_syncrun",
        "view_syncitem",
        "view_subjectplan",
        "view_snapshot",
        "view_parityreport",
        *(
            f"{verb}_{model}"
            for model in ("mappingoverride", "notificationchannel")
            for verb in ("view", "add", "change", "delete")
        ),
    ],
)
OPERATORS_MAY = MEMBERS_MAY | Q(content_type__app_label="shared", codename="help_members")
"""An operator syncs like a member, too; of others they see and do what ``bgmsync.people`` shows and lets them."""


@receiver(post_migrate, dispatch_uid="sync.setup.ensure")
def ensure(sender: Any, using: str = "default", **_kwargs: Any) -> None:
    """Make the groups with their permissions; those do not exist before the migrations are over."""
    if sender.name != "sync":
        return
    for name, allowed in ((MEMBERS, MEMBERS_MAY), (OPERATORS, OPERATORS_MAY)):
        group, _made = Group.objects.using(using).get_or_create(name=name)
        group.permissions.set(Permission.objects.using(using).filter(allowed))


@receiver(post_migrate, dispatch_uid="sync.setup.schedule")
def ensure_schedule(sender: Any, **_kwargs: Any) -> None:
    """Make the one Schedule row that comes every minute and finds whose run is due."""
    if sender.name != "sync":
        return
    from sync.queue import ensure_dispatch_schedule  # noqa: PLC0415  # apps are not loaded yet when this module is

    ensure_dispatch_schedule()
