"""What a person decided about matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.admin import OwnedAdmin, QuickAdmin
from sync.models import MappingOverride
from trakt.models import Title

if TYPE_CHECKING:
    from django.forms import ModelForm
    from django.http import HttpRequest


@admin.register(MappingOverride)
class MappingOverrideAdmin(OwnedAdmin, QuickAdmin):
    list_display = ("work", "episodes", "target", "note", "created_at")
    list_select_related = ("user",)
    sortable_by = ("created_at",)
    ordering = ("-id",)
    search_fields = ("=trakt_id", "=subject_id", "note")
    fieldsets = (
        (_("On Trakt"), {"fields": ("kind", "trakt_id", "season", "first_episode", "last_episode")}),
        (_("On Bangumi"), {"fields": ("subject_id", "first_position", "episode_id")}),
        (None, {"fields": ("user", "note")}),
    )

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002  # Django names it
        return () if request.user.is_superuser else ("user",)

    def get_fieldsets(self, request: HttpRequest, obj: MappingOverride | None = None) -> Any:
        if request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return (*self.fieldsets[:2], (None, {"fields": ("note",)}))

    def save_model(self, request: HttpRequest, obj: MappingOverride, form: ModelForm, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Make a member's override the member's own; a superuser makes them for others, or for everybody."""
        if not request.user.is_superuser:
            obj.user = request.user
        super().save_model(request, obj, form, change)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        empty = gettext("No rules yet. Deciding a review makes one; it goes before everything else.")
        context = {"title": gettext("Rules"), "empty_text": empty, **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(title_name=_title_name())

    @admin.display(description=_("on Trakt"))
    def work(self, override: Any) -> str:
        return override.title_name or f"{override.get_kind_display()} {override.trakt_id}"

    @admin.display(description=_("episodes"))
    def episodes(self, override: MappingOverride) -> str:
        if override.season is None:
            return gettext("all")
        if override.first_episode is None and override.last_episode is None:
            return f"S{override.season:02}"
        first, last = override.first_episode or 1, override.last_episode
        if first == last:
            return f"S{override.season:02}E{first:02}"
        return f"S{override.season:02}E{first:02}–{f'{last:02}' if last else '…'}"

    @admin.display(description=_("on Bangumi"))
    def target(self, override: MappingOverride) -> Any:
        if override.subject_id is None:
            return gettext("left out")
        return format_html(
            '<a href="https://bgm.tv/subject/{0}" rel="noreferrer">{0}</a> · {1}',
            override.subject_id,
            gettext("from position %(n)s") % {"n": override.first_position},
        )


def _title_name() -> Any:
    titles = Title.objects.filter(kind=OuterRef("kind"), trakt_id=OuterRef("trakt_id"))
    return Subquery(titles.values("title")[:1])
