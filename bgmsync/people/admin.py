"""Django's page of users, which deletes as all else does: through ``bgmsync.people.deletion``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect

from bgmsync.shared.admin import OperatorAdmin

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

admin.site.unregister(get_user_model())
admin.site.unregister(Group)


@admin.register(get_user_model())
class UserAdmin(OperatorAdmin, DjangoUserAdmin):
    # Django's widget of two lists, and its fields of date and time, can't be used with a screen reader.
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")

    def get_actions(self, request: HttpRequest) -> Any:
        """Leave out deleting many at once: each is disconnected at Trakt first, and asks for a password."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002  # Django names it
        person = self.get_object(request, object_id)
        if not self.has_delete_permission(request, person):
            raise PermissionDenied
        if person is None:
            return redirect("people:list")
        if person.pk == request.user.pk:
            return redirect("people:delete")
        return redirect("people:delete_other", person.pk)


@admin.register(Group)
class GroupAdmin(OperatorAdmin, DjangoGroupAdmin):
    filter_horizontal = ()
