"""Where a user connects and disconnects Bangumi."""

from __future__ import annotations

from django.urls import path

from sync import views

app_name = "bangumi"
urlpatterns = [
    path("authorize", views.authorize, name="authorize"),
    path("callback", views.callback, name="callback"),
    path("token", views.token, name="token"),
    path("disconnect", views.disconnect, name="disconnect"),
]
