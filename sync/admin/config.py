"""The settings page, with what runs: ``trakt`` knows nothing of runs, so its page is completed and registered here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bgmsync.shared import audit
from sync import runs
from sync.admin.examples import as_html, shown_beside
from sync.admin.upload import UploadPages
from sync.admin.whatif import WhatIf
from sync.engine.kinds.reopen import REOPENED_BY
from sync.models import BangumiAccount, SyncItem, SyncRun
from trakt.admin import connection_badge
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.forms import ModelForm
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


@admin.register(TraktConfig)
class ConfigAdmin(UploadPages, WhatIf):
    list_display = ("user", "trakt_connection", "bangumi_connection", "enabled", "next_run_at", "last_good_at")
    list_select_related = ("user", "user__bangumi")
    actions = ("run_now", "preview", "full_resync")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Put an example of the user's own beside each rule."""
        page = super().change_view(request, object_id, form_url, extra_context)
        context = getattr(page, "context_data", None) or {}
        if "adminform" in context:
            fields = context["adminform"].form.fields
            for name, shown in shown_beside(TraktConfig.objects.get(pk=object_id)).items():
                fields[name].help_text = format_html("{} {}", fields[name].help_text, as_html(shown))
        return page

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
        made = [self._request(request, config.user, trigger) for config in configs.select_related("user")]
        if new := sum(made):
            text = ngettext("%(n)s run was started.", "%(n)s runs were started.", new) % {"n": new}
            messages.success(request, text)
        if len(made) > new:
            messages.info(request, gettext("Users who have a run under way keep that one."))

    def _request(self, request: HttpRequest, user: Any, trigger: SyncRun.Trigger) -> bool:
        run, new = runs.request(user, trigger)
        if new:
            audit.note(request, audit.Act.STARTED, user, run)
        return new

    @admin.display(description=_("Bangumi"))
    def bangumi_connection(self, config: TraktConfig) -> SafeString | str:
        account = getattr(config.user, "bangumi", None) or BangumiAccount()
        return connection_badge(account)
