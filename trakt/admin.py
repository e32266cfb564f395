"""The settings page: when to sync, what, and how carefully. Registered by ``sync.admin.config``, which adds runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from bgmsync.shared.admin import OwnedAdmin, QuickAdmin
from bgmsync.shared.html import Look, badge
from bgmsync.shared.models import ConnectionState
from trakt import forms as settings_forms
from trakt.forecast import Forecast, forecast_of, forecast_of_form
from trakt.forms import TraktConfigForm
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from bgmsync.shared.models import Connection

CONNECTION_LOOKS = {
    ConnectionState.NONE: Look("quiet", "unplugged"),
    ConnectionState.CONNECTED: Look("good", "check"),
    ConnectionState.RECONNECT: Look("bad", "alert"),
    ConnectionState.APP_GONE: Look("bad", "alert"),
    ConnectionState.VIP_ONLY: Look("bad", "lock"),
    ConnectionState.LOCKED: Look("bad", "lock"),
}


def connection_badge(connection: Connection) -> SafeString:
    state = ConnectionState(connection.state)
    return badge(CONNECTION_LOOKS[state], state.label)


class ImportForm(forms.Form):
    file = forms.FileField(label=_("Settings file"), help_text=_("A JSON file that was exported here."))


class TraktConfigAdmin(OwnedAdmin, QuickAdmin):
    form = TraktConfigForm
    change_form_template = "admin/trakt/traktconfig/change_form.html"
    fieldsets = (
        (
            _("When"),
            {"fields": ("enabled", "preset", "cron", "interval_minutes", "timezone", ("quiet_from", "quiet_to"))},
        ),
        (_("What"), {"fields": ("history", "since", "scope", "adult")}),
        (_("Watched"), {"fields": ("finished", "resumed")}),
        (
            _("Ratings"),
            {
                "fields": (
                    "ratings",
                    "rating_conflict",
                    "rating_split",
                    "rating_show",
                    "rating_episodes",
                    "rating_episodes_least",
                )
            },
        ),
        (_("Trakt's lists"), {"fields": ("collected", "watchlisted", "hidden", "removed")}),
        (_("How carefully"), {"fields": ("threshold", "ask_first", "ask_above")}),
        (_("What others see"), {"fields": ("private", "mark_private", "quiet_first")}),
    )
    list_display = ("user", "trakt_connection", "enabled", "next_run_at", "last_good_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "username")
    ordering = ("user_id",)
    sortable_by = ("next_run_at", "last_good_at")

    class Media:
        js = ("bgmsync/schedule.js",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("mine/", view(self.mine), name="trakt_traktconfig_mine"),
            path("next-times/", view(require_GET(self.next_times)), name="trakt_traktconfig_next_times"),
            path("<int:pk>/export/", view(require_GET(self.export_file)), name="trakt_traktconfig_export"),
            path("<int:pk>/import/", view(self.import_file), name="trakt_traktconfig_import"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django names it
        """Say no: a settings page is made when its user first comes."""
        return False

    def mine(self, request: HttpRequest) -> HttpResponse:
        config, _made = TraktConfig.objects.get_or_create(user=request.user)
        return redirect("admin:trakt_traktconfig_change", config.pk)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if not request.user.is_superuser and self.has_view_permission(request):
            return self.mine(request)
        return super().changelist_view(request, extra_context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        config = self.get_object(request, object_id)
        own = config is not None and config.user_id == request.user.pk
        context: dict[str, Any] = {
            "title": gettext("Settings"),
            "subtitle": None if own else str(config),
            "own": own,
            "forecast": self._forecast(request, config) if config else None,
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: TraktConfig, form: forms.ModelForm, change: bool) -> None:  # noqa: ARG002, FBT001  # Django's signature
        """Write the settings and nothing else: a worker may have renewed the tokens since the page was opened."""
        obj.plan_next()
        obj.save(update_fields=[*settings_forms.SETTINGS, "next_run_at"])

    def next_times(self, request: HttpRequest) -> JsonResponse:
        """Say what a schedule that is being edited means and when it comes, as the piece of page that shows it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        whose = request.GET.get("user", "")
        forecast = forecast_of_form(request.GET, int(whose) if whose.isdecimal() else request.user.pk or 0)
        html = render_to_string("admin/trakt/traktconfig/forecast.html", {"forecast": forecast}, request)
        return JsonResponse({"html": html, "wrong": [*forecast.errors]})

    @staticmethod
    def _forecast(request: HttpRequest, config: TraktConfig) -> Forecast:
        """Return what the saved schedule comes to, or, when it is shown again with its mistakes, the one sent."""
        if request.method == "POST":
            return forecast_of_form(request.POST, config.user_id)
        return forecast_of(config)

    def export_file(self, request: HttpRequest, pk: int) -> HttpResponse:
        config = self._own(request, pk)
        headers = {"Content-Disposition": 'attachment; filename="bgmsync-settings.json"'}
        return HttpResponse(settings_forms.to_file(config), content_type="application/json", headers=headers)

    def import_file(self, request: HttpRequest, pk: int) -> HttpResponse:
        config = self._own(request, pk)
        if not self.has_change_permission(request, config):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid() and self._take_file(request, config, form):
            messages.success(request, gettext("The settings were imported."))
            return redirect("admin:trakt_traktconfig_change", config.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Import settings"),
            "opts": self.opts,
            "form": form,
            "back": reverse("admin:trakt_traktconfig_change", args=[config.pk]),
        }
        status = 400 if form.errors else 200
        return TemplateResponse(request, "admin/trakt/traktconfig/import.html", context, status=status)

    def _take_file(self, request: HttpRequest, config: TraktConfig, form: ImportForm) -> bool:
        content = form.cleaned_data["file"].read(settings_forms.LARGEST_FILE + 1)
        try:
            settings = settings_forms.from_file(config, content)
        except ValidationError as error:
            form.add_error("file", error)
            return False
        self.save_model(request, settings.save(commit=False), settings, change=True)
        self.log_change(request, config, [{"changed": {"fields": settings.changed_data}}])
        return True

    def _own(self, request: HttpRequest, pk: int) -> TraktConfig:
        config = self.get_object(request, str(pk))
        if config is None or not self.has_view_permission(request, config):
            raise Http404
        return config

    @admin.display(description=_("Trakt"))
    def trakt_connection(self, config: TraktConfig) -> SafeString:
        return connection_badge(config)
