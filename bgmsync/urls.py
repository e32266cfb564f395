"""Every address of the program."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from bgmsync import views
from bgmsync.people.mine import language
from bgmsync.watching.views import metrics

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("trakt/", include("trakt.urls")),
    path("bangumi/", include("sync.urls")),
    path("", include("bgmsync.people.urls")),
    path("language", language, name="set_language"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
