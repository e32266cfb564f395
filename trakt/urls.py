"""Where a user connects and disconnects Trakt."""

from __future__ import annotations

from django.urls import path

from trakt import views

app_name = "trakt"
urlpatterns = [
    path("authorize", views.authorize, name="authorize"),
    path("callback", views.callback, name="callback"),
    path("device", views.device, name="device"),
    path("device/poll", views.device_poll, name="device_poll"),
    path("device/check", views.device_check, name="device_check"),
    path("disconnect", views.disconnect, name="disconnect"),
]
