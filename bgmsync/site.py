"""The admin site: its name, its first page, and what is left out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

QUEUE = "django_q"
"""django-q2's own pages let whoever may edit a Schedule run any code, and resubmit jobs without a permission."""


class AdminSite(admin.AdminSite):
    site_header = "bgmsync"
    site_title = "bgmsync"
    index_title = _("Home")
    site_url = ""
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        kept = [model for model in models if model._meta.app_label != QUEUE]  # noqa: SLF001  # Django's documented API
        if kept:
            super().register(kept, admin_class, **options)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Do as Django does, with our form: it counts tries, and asks those who have one for their second step."""
        from bgmsync.people import entering  # noqa: PLC0415  # needs models, which are loaded after this site

        self.login_form = entering.LogInForm
        return entering.log_in(request, lambda: super(AdminSite, self).login(request, extra_context))
