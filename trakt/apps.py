from __future__ import annotations

from django.apps import AppConfig


class TraktAppConfig(AppConfig):
    name = "trakt"
    verbose_name = "Trakt"
