"""Bangumi accounts: to look at. They are connected and disconnected on the settings page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.admin import OwnedAdmin, QuickAdmin, ReadOnlyAdmin
from sync.models import BangumiAccount
from trakt.admin import connection_badge

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(BangumiAccount)
class BangumiAccountAdmin(ReadOnlyAdmin, OwnedAdmin, QuickAdmin):
    list_display = ("__str__", "connection", "connected_at", "token_expires_at")
    list_select_related = ("user",)
    fields = ("user", "username", "bangumi_id", "connection", "connected_at", "token_expires_at")
    readonly_fields = ("connection",)
    sortable_by = ()
    search_fields = ("username", "user__username")

    @admin.display(description=_("connection"))
    def connection(self, account: BangumiAccount) -> SafeString:
        return connection_badge(account)
