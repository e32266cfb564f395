from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "bgmsync.site.AdminSite"


class ProjectConfig(AppConfig):
    name = "bgmsync"
    label = "bgmsync"

    def ready(self) -> None:
        from bgmsync import checks  # noqa: F401, PLC0415  # registers the system checks once apps are loaded
        from bgmsync.watching import checks as more_checks  # noqa: F401, PLC0415  # likewise
        from bgmsync.watching import errors  # noqa: PLC0415  # it reads the settings

        errors.start()
