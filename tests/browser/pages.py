"""Every page of ours, and where a member of the tests finds it: complete, since it is held against all addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.admin.test_permissions import READ, ROLES

if TYPE_CHECKING:
    from tests.browser.conftest import Installation

NO_PAGE = {
    **dict.fromkeys(("home", "admin:trakt_traktconfig_mine", "admin:view_on_site"), "sends on"),
    **dict.fromkeys(("admin:jsi18n", "admin:autocomplete", "healthz", "readyz"), "for programs"),
    **dict.fromkeys(("admin:sync_syncrun_progress", "admin:sync_parityreport_progress"), "a part of a page"),
    **dict.fromkeys(("people:run_progress", "admin:trakt_traktconfig_next_times"), "a part of a page"),
    **dict.fromkeys(("admin:trakt_traktconfig_export", "admin:sync_mappingoverride_export"), "a file"),
    "admin:sync_snapshot_download": "a file",
    "admin:(?P<url>.*)$": "nothing is there",
}
"""Addresses that show no page of ours, and why."""

ANYBODY = ("admin:login", "people:register", "people:join")
MEMBER, SUPERUSER = ROLES.index("alice"), ROLES.index("root")


def names() -> dict[str, list[str]]:
    """Return the names of all pages that one logs in for: a member's, and those that only a superuser may open."""
    shown = [name for name in READ if name not in NO_PAGE and name not in ANYBODY]
    mine = [name for name in shown if READ[name][MEMBER] in {200, 400}]
    theirs = [name for name in shown if READ[name][MEMBER] not in {200, 400} and READ[name][SUPERUSER] in {200, 302}]
    return {"member": mine, "operator": theirs}


WHERE = """
import json
from django.apps import apps
from django.contrib.auth.models import User
from django.urls import reverse

me = User.objects.get(username={user!r})

def newest(app, model):
    rows = apps.get_model(app, model).objects.order_by("-pk")
    if app == "auth" and model == "user":
        return me.pk
    rows = rows.filter(user=me) if hasattr(rows.model, "user") else rows
    return rows.values_list("pk", flat=True).first()

special = {{
    "admin:app_list": ["sync"], "admin:sync_syncitem_year": [2025], "admin:auth_user_password_change": [me.pk],
    "people:person": [me.pk], "people:delete_other": [me.pk], "people:run": [newest("sync", "syncrun")],
}}

def where(name):
    if name in special:
        return reverse(name, args=special[name])
    parts = name.removeprefix("admin:").split("_")
    if name.startswith("admin:") and parts[-1] in ("change", "delete", "history", "import") and len(parts) == 3:
        if (parts[0], parts[-1]) != ("sync", "import"):
            return reverse(name, args=[newest(parts[0], parts[1])])
    return reverse(name)

print(json.dumps({{name: where(name) for name in {names!r}}}))
"""

SOMETHING_OF_EACH = """
from bgmsync.shared.models import ServiceApp
from django.contrib.auth.models import User
from sync.models import MappingOverride, NotificationChannel

me = User.objects.get(username={user!r})
NotificationChannel.objects.create(user=me, name="monitor", kind="ping", address="http://127.0.0.1:9/", label="here")
MappingOverride.objects.create(user=me, trakt_id=1, note="for the pictures")
ServiceApp.objects.get_or_create(service="bangumi", defaults={{"client_id": "bgm1"}})
"""


def something_of_each(installation: Installation, user: str) -> None:
    """Give *user* at least one row of whatever has a page."""
    installation.connect(user)
    installation.command("sync", user)
    installation.command("parity", user)
    installation.command("shell", "-c", SOMETHING_OF_EACH.format(user=user))


def addresses(installation: Installation, user: str) -> dict[str, dict[str, str]]:
    """Return where *user*'s pages are, by who opens them and by name."""
    found = names()
    wanted = found["member"] + found["operator"]
    told = json.loads(installation.command("shell", "-c", WHERE.format(user=user, names=wanted)).splitlines()[-1])
    return {who: {name: told[name] for name in mine} for who, mine in found.items()}
