"""Where people come in, see to their own things and leave, and where operators help."""

from __future__ import annotations

from django.urls import path

from bgmsync.people import entering, guarding, joining, mine, others

app_name = "people"
urlpatterns = [
    path("join/", joining.join, name="register"),
    path("join/<str:token>/", joining.join, name="join"),
    path("me/", mine.profile, name="profile"),
    path("me/log/", mine.own_log, name="own_log"),
    path("me/export/", mine.export_all, name="export"),
    path("me/support/", mine.support, name="support"),
    path("me/delete/", mine.delete, name="delete"),
    path("me/code/", entering.code, name="code"),
    path("me/two-step/", guarding.second_step, name="two_step"),
    path("me/sessions/", guarding.logged_in, name="sessions"),
    path("me/sessions/end/", guarding.end_sessions, name="end_sessions"),
    path("people/", others.everybody, name="list"),
    path("people/log/", others.everybodys_log, name="log"),
    path("people/invitations/", others.invite, name="invitations"),
    path("people/invitations/<int:pk>/withdraw/", others.withdraw, name="withdraw"),
    path("people/runs/<int:pk>/", others.run, name="run"),
    path("people/runs/<int:pk>/progress/", others.run_progress, name="run_progress"),
    path("people/runs/<int:pk>/cancel/", others.cancel, name="cancel"),
    path("people/<int:pk>/", others.person, name="person"),
    path("people/<int:pk>/start/", others.start, name="start"),
    path("people/<int:pk>/retry/", others.retry, name="retry"),
    path("people/<int:pk>/active/", others.set_active, name="set_active"),
    path("people/<int:pk>/role/", others.set_role, name="set_role"),
    path("people/<int:pk>/two-step-off/", others.reset_two_step, name="reset_two_step"),
    path("people/<int:pk>/delete/", others.delete, name="delete_other"),
]
