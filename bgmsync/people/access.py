"""Who may open which of these pages."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from bgmsync.shared.people import Role, is_operator, role_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    View = Callable[..., HttpResponseBase]


def signed_in(view: View) -> View:
    """Ask for the admin's log-in, and come back to the page afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_active and request.user.is_staff:
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method == "GET" else reverse("admin:index")
        return redirect_to_login(back, reverse("admin:login"))

    return guarded


def operators_only(view: View) -> View:
    @signed_in
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_operator(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def may_manage(actor: Any, person: Any) -> bool:
    """Tell whether *actor* may act for *person*, shut them out and delete them: operators for members alone.

    On oneself nobody acts in this way; there are pages of one's own for what one may do.
    """
    if actor.pk == person.pk:
        return False
    return actor.is_superuser or (is_operator(actor) and role_of(person) in {Role.MEMBER, Role.NONE})
