"""What all admin pages build on: who may see which row, lists that stay quick; and the operator's own pages."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.models import HostBudget, ServiceApp
from bgmsync.shared.people import is_operator, shows_titles

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

MOST_COUNTED = 5_000
"""Lists count no further than this, so that a million rows cost no more than a few thousand."""


class QuickPaginator(Paginator):
    """Pages over the first :data:`MOST_COUNTED` rows; what lies beyond is found by filter and search."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by()[:MOST_COUNTED].count()

    @property
    def is_cut(self) -> bool:
        return self.count >= MOST_COUNTED


class QuickAdmin(admin.ModelAdmin):
    """A list whose cost does not grow with the table."""

    paginator = QuickPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 50


class OwnedAdmin(admin.ModelAdmin):
    """Rows with a ``user``: a member sees and touches only their own, a superuser sees all."""

    shown_to_operators = False
    """Operators look at these rows of members who allow it. They never touch them: for helping there are pages of
    their own, ``bgmsync.people``.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        own = Q(user=request.user)
        return rows.filter(own | Q(user__profile__titles_shown=True) if self._operator_looks(request) else own)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        columns = tuple(super().get_list_display(request))
        sees_others = request.user.is_superuser or self._operator_looks(request)
        return (*columns, "user") if sees_others and "user" not in columns else columns

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_view_permission(request, obj):
            return False
        return may_touch(request, obj) or (self._operator_looks(request) and shows_titles(obj.user_id))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    def _operator_looks(self, request: HttpRequest) -> bool:
        return self.shown_to_operators and request.method in {"GET", "HEAD"} and is_operator(request.user)


def may_touch(request: HttpRequest, obj: Any) -> bool:
    return obj is None or request.user.is_superuser or obj.user_id == request.user.pk


def user_asked_for(page: admin.ModelAdmin, request: HttpRequest, wanted: str) -> Any:
    """Return the user whom a page is about: whoever looks, or for a superuser the one *wanted* names by primary key."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    if not wanted or wanted == str(request.user.pk):
        return request.user
    if not request.user.is_superuser:
        raise PermissionDenied
    return get_object_or_404(get_user_model(), pk=wanted if wanted.isdecimal() else 0)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the program writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django names it
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  # Django names it
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  # Django names it
        return False


class OperatorAdmin(admin.ModelAdmin):
    """For superusers alone, whatever permissions a group was given."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser) and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser) and super().has_delete_permission(request, obj)


class ServiceAppForm(forms.ModelForm):
    """The secret goes in and never comes out: the field is always shown empty."""

    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and never shown again. Empty: the stored one stays."),
    )
    remove_secret = forms.BooleanField(
        label=_("Remove the stored secret"),
        required=False,
        help_text=_("Trakt's newer apps have none."),
    )

    class Meta:
        model = ServiceApp
        fields = ("service", "client_id")

    def save(self, commit: bool = True) -> ServiceApp:  # noqa: FBT001, FBT002  # Django's signature
        app = super().save(commit=False)
        if self.cleaned_data["remove_secret"]:
            app.client_secret = ""
        elif self.cleaned_data["client_secret"]:
            app.client_secret = self.cleaned_data["client_secret"]
        if commit:
            app.save()
        return app


@admin.register(ServiceApp)
class ServiceAppAdmin(OperatorAdmin):
    form = ServiceAppForm
    fields = ("service", "client_id", "client_secret", "remove_secret")
    list_display = ("service", "client_id", "has_secret", "updated_at")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        return {"service": request.GET.get("service", "")}

    @admin.display(description=_("secret"), boolean=True)
    def has_secret(self, app: ServiceApp) -> bool:
        return bool(app.client_secret)


@admin.register(HostBudget)
class HostBudgetAdmin(ReadOnlyAdmin, OperatorAdmin):
    list_display = ("key", "until", "why", "failures")
    fields = ("key", "until", "why", "failures")
    readonly_fields = ("until",)

    @admin.display(description=_("put off until"))
    def until(self, host: HostBudget) -> datetime | None:
        return datetime.fromtimestamp(host.put_off_until, UTC) if host.put_off_until > time.time() else None
