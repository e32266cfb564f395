"""The cache of Bangumi's subjects: shared by all users, so that the operator alone looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.admin import OperatorAdmin, QuickAdmin, ReadOnlyAdmin
from sync.admin.data import DataPages
from sync.models import Subject

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(Subject)
class SubjectAdmin(DataPages, ReadOnlyAdmin, OperatorAdmin, QuickAdmin):
    list_display = ("id", "name", "name_cn", "date", "platform", "airing", "read_at", "on_bangumi")
    search_fields = ("=id", "name", "name_cn")
    sortable_by = ("id",)
    ordering = ("id",)
    fields = ("id", "name", "name_cn", "date", "platform", "eps", "airing", "read_at", "on_bangumi")
    readonly_fields = ("on_bangumi",)

    @admin.display(description=_("on Bangumi"))
    def on_bangumi(self, subject: Subject) -> SafeString:
        return format_html('<a href="https://bgm.tv/subject/{0}" rel="noreferrer">bgm.tv/subject/{0}</a>', subject.pk)
