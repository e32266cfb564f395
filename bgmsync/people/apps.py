from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "bgmsync.people"
    label = "people"
    verbose_name = _("People")

    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from bgmsync.people import arriving  # noqa: F401, PLC0415  # receives a signal about a model; apps are loaded now
