"""Snapshots of Bangumi lists, from before the first write: to look at, and to download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from bgmsync.shared.admin import OwnedAdmin, QuickAdmin, ReadOnlyAdmin
from bgmsync.shared.html import icon, moment
from sync.models import Snapshot

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin, OwnedAdmin, QuickAdmin):
    list_display = ("account", "taken", "how_many", "download_link")
    list_display_links = None
    list_select_related = ("user",)
    fields = ("username", "bangumi_id", "taken_at", "entries", "download_link")
    readonly_fields = ("download_link",)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "sync_snapshot_download"
        return [path("<int:pk>/download/", view(require_GET(self.download)), name=name), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Leave the lists themselves where they are: they may be large."""
        return super().get_queryset(request).defer("packed")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        empty = gettext(
            "Nothing was written to a Bangumi account yet. Before the first write, the whole list is kept here."
        )
        context = {"title": gettext("Your list before the first write"), "empty_text": empty, **(extra_context or {})}
        return super().changelist_view(request, context)

    def download(self, request: HttpRequest, pk: int) -> JsonResponse:
        snapshot = self.get_object(request, str(pk))
        if snapshot is None:
            raise Http404
        if not self.has_view_permission(request, snapshot):
            raise PermissionDenied
        name = f"bangumi-{snapshot.bangumi_id}-{snapshot.taken_at:%Y-%m-%d}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return JsonResponse(snapshot.as_data(), headers=headers, json_dumps_params={"ensure_ascii": False, "indent": 1})

    @admin.display(description=_("account"))
    def account(self, snapshot: Snapshot) -> str:
        return snapshot.username or str(snapshot.bangumi_id)

    @admin.display(description=_("taken"))
    def taken(self, snapshot: Snapshot) -> SafeString:
        return moment(snapshot.taken_at)

    @admin.display(description=_("entries"))
    def how_many(self, snapshot: Snapshot) -> str:
        return ngettext("%(n)s entry", "%(n)s entries", snapshot.entries) % {"n": snapshot.entries}

    @admin.display(description=_("file"))
    def download_link(self, snapshot: Snapshot) -> SafeString:
        address = reverse("admin:sync_snapshot_download", args=[snapshot.pk])
        return format_html('<a href="{}" download>{} {}</a>', address, icon("down"), _("Download"))
