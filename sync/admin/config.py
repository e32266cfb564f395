"""The settings page, with what runs: ``trakt`` knows nothing of runs, so its page is completed and registered here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sync import runs
from sync.models import BangumiAccount, SyncItem, SyncRun
from sync.reasons import Reason
from trakt.admin import TraktConfigAdmin, connection_badge
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.forms import ModelForm
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

REOPENED_BY = {
    "scope": (Reason.LIVE_ACTION, Reason.NOT_ANIME),
    "since": (Reason.BEFORE_SINCE,),
    "threshold": (Reason.BELOW_THRESHOLD,),
}
"""What a setting had left out is looked at again when it changes."""


@admin.register(TraktConfig)
class ConfigAdmin(TraktConfigAdmin):
    list_display = ("user", "trakt_connection", "bangumi_connection", "enabled", "next_run_at", "last_good_at")
    list_select_related = ("user", "user__bangumi")
    actions = ("run_now", "preview", "full_resync")

    def save_model(self, request: HttpRequest, obj: TraktConfig, form: ModelForm, change: bool) -> None:  # noqa: FBT001  # Django's signature
        super().save_model(request, obj, form, change)
        reasons = [reason for field in form.changed_data for reason in REOPENED_BY.get(field, ())]
        if reasons:
            SyncItem.objects.filter(user_id=obj.user_id, reason__in=reasons).update(
                state=SyncItem.State.NEW, reason="", detail=""
            )

    @admin.action(description=_("Run sync now"), permissions=["change"])
    def run_now(self, request: HttpRequest, configs: QuerySet) -> None:
        self._start(request, configs, SyncRun.Trigger.BUTTON)

    @admin.action(description=_("Preview (dry run)"), permissions=["change"])
    def preview(self, request: HttpRequest, configs: QuerySet) -> None:
        self._start(request, configs, SyncRun.Trigger.PREVIEW)

    @admin.action(description=_("Full resync"), permissions=["change"])
    def full_resync(self, request: HttpRequest, configs: QuerySet) -> None:
        self._start(request, configs, SyncRun.Trigger.FULL)

    def _start(self, request: HttpRequest, configs: QuerySet, trigger: SyncRun.Trigger) -> None:
        made = [runs.request(config.user, trigger)[1] for config in configs.select_related("user")]
        if new := sum(made):
            text = ngettext("%(n)s run was started.", "%(n)s runs were started.", new) % {"n": new}
            messages.success(request, text)
        if len(made) > new:
            messages.info(request, gettext("Users who have a run under way keep that one."))

    @admin.display(description=_("Bangumi"))
    def bangumi_connection(self, config: TraktConfig) -> SafeString | str:
        account = getattr(config.user, "bangumi", None) or BangumiAccount()
        return connection_badge(account)
