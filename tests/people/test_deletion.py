"""Deleting somebody really deletes: no row of any table leads to them or holds their name."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bgmsync.people import deletion, invitations, two_step
from bgmsync.people.models import Session
from bgmsync.shared import audit
from bgmsync.shared.models import HostBudget, Profile
from sync.models import (
    ArchivePart,
    Note,
    NotificationChannel,
    ParityReport,
    ParityRow,
    Snapshot,
    SubjectPlan,
    SyncItem,
    SyncRun,
    Told,
    Written,
)
from sync.models.snapshot import pack
from tests.people.test_mine import leads_to_a_person
from trakt import connect
from trakt.models import TraktConfig

NAME = "alice-the-unmistakable"


@pytest.fixture
def revoked(monkeypatch):
    """What Trakt was told, without asking it."""
    found = []

    async def revoke(_app, token):
        found.append(token)

    monkeypatch.setattr(connect, "_revoke", revoke)
    return found


@pytest.fixture
def uploaded(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def all_of_it(rows, alice, olga, revoked, uploaded):
    """Something of hers in every table, made by her, by an operator and by the program."""
    User.objects.filter(pk=alice.pk).update(username=NAME)
    alice.refresh_from_db()
    invitation, _link = invitations.make(olga, uses=1, days=1, note=f"for {NAME}")
    Profile.objects.create(user=alice, invitation=invitation)
    invitations.make(alice, uses=1, days=1, note="by a former operator")
    for model in (TraktConfig, type(rows.account)):
        model.objects.filter(user=alice).update(username=NAME)
    two_step.begin(alice)
    channel = NotificationChannel.objects.create(user=alice, name=NAME, address="x", label=NAME)
    Note.objects.create(channel=channel, about="test", next_try_at=timezone.now())
    Told.objects.get_or_create(user=alice)
    Snapshot.objects.create(user=alice, bangumi_id=5, username=NAME, packed=pack([]))
    SubjectPlan.objects.create(run=rows.run, user=alice, subject_id=1)
    Written.objects.create(user=alice, subject_id=1)
    report = ParityReport.objects.create(user=alice, status="done")
    ParityRow.objects.create(report=report, place=1)
    rows.run.archive = {"name": f"{NAME}.zip"}
    rows.run.save()
    ArchivePart.objects.create(run=rows.run, number=0, piece=NAME.encode())
    HostBudget.objects.create(key=f"bangumi:{alice.pk}")
    hers = Client()
    hers.force_login(alice)
    hers.post(reverse("people:profile"), {"language": "", "timezone": "UTC"})
    audit.write(olga, audit.Act.STARTED, alice, "#1")
    root = User.objects.create_superuser("root2", None, "root2")
    as_root = Client()
    as_root.force_login(root)
    settings_page = reverse("admin:trakt_traktconfig_change", args=[rows.config.pk])
    form = as_root.get(settings_page).context["adminform"].form
    as_root.post(settings_page, {name: form[name].value() or "" for name in form.fields} | {"interval_minutes": 77})
    as_root.post(reverse("admin:auth_user_change", args=[alice.pk]), {"username": NAME})
    return rows


def test_the_test_has_something_of_hers_in_every_table(all_of_it, alice):
    empty = {m.__name__ for m in apps.get_models() if leads_to_a_person(m) and not m.objects.exists()}

    assert not empty


def test_no_row_of_any_table_leads_to_a_deleted_person_or_holds_their_name(all_of_it, alice):
    gone = alice.pk

    deletion.delete(alice)

    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.values():
            assert NAME not in str(row), model
        for field in model._meta.concrete_fields:
            if field.related_model is User:
                assert not model._default_manager.filter(**{field.attname: gone}).exists(), model
    assert not [s for s in Session.objects.all() if str(s.get_decoded().get("_auth_user_id")) == str(gone)]
    assert not Session.objects.filter(user_id=gone).exists()
    assert not HostBudget.objects.filter(key__endswith=f":{gone}").exists()


def test_nothing_of_anybody_else_goes(all_of_it, alice, bob):
    SyncItem.objects.create(user=bob, source_key="bobs", title=all_of_it.title)
    Client().force_login(bob)

    deletion.delete(alice)

    assert SyncItem.objects.get().user == bob
    assert {user.username for user in User.objects.all()} == {"bob", "olga", "root2"}


def test_what_others_did_for_them_stays_without_the_name(all_of_it, alice, olga):
    deletion.delete(alice)

    assert [(e.change_message, e.object_repr, e.object_id) for e in olga.logentry_set.all()] == [
        ("run_started: #1", deletion.GONE, None)
    ]


def test_trakt_is_told(all_of_it, alice, revoked):
    assert deletion.delete(alice)
    assert len(revoked) == 1


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_one_deletes_oneself_by_password_and_is_logged_out(rows, alice, revoked):
    client = log_in(alice)

    page = client.post(reverse("people:delete"), {"password": "alice"}, follow=True)

    assert not User.objects.filter(username="alice").exists()
    assert page.redirect_chain[-1][0] == reverse("admin:login")
    assert "deleted" in str(*page.context["messages"])


def test_a_wrong_password_deletes_nothing(rows, alice, revoked):
    page = log_in(alice).post(reverse("people:delete"), {"password": "wrong"})

    assert page.status_code == 400
    assert User.objects.filter(pk=alice.pk).exists()
    assert not revoked


def test_passwords_cannot_be_tried_without_end(rows, alice, revoked):
    client = log_in(alice)
    for _ in range(30):
        client.post(reverse("people:delete"), {"password": "wrong"})

    assert client.post(reverse("people:delete"), {"password": "alice"}).status_code == 400
    assert User.objects.filter(pk=alice.pk).exists()


def test_it_is_told_when_trakt_could_not_be(rows, alice, monkeypatch):
    monkeypatch.setattr(connect, "disconnect", lambda config: config.forget() or False)

    page = log_in(alice).post(reverse("people:delete"), {"password": "alice"}, follow=True)

    assert any("Trakt could not be told" in str(message) for message in page.context["messages"])
    assert not User.objects.filter(pk=alice.pk).exists()


def test_a_run_that_waits_is_cancelled(rows, alice, revoked):
    SyncRun.objects.create(user=alice, trigger="button", status="queued")

    deletion.delete(alice)

    assert not SyncRun.objects.exists()


def test_while_a_worker_is_at_it_nothing_is_deleted_and_it_is_asked_to_stop(rows, alice, revoked):
    run = SyncRun.objects.create(
        user=alice, trigger="button", status="running", owner="elsewhere|1", heartbeat_at=timezone.now()
    )

    page = log_in(alice).post(reverse("people:delete"), {"password": "alice"}, follow=True)

    run.refresh_from_db()
    assert run.cancel_asked
    assert User.objects.filter(pk=alice.pk).exists()
    assert TraktConfig.objects.get(user=alice).access_token
    assert "Try again" in str(*page.context["messages"])
    assert not revoked


def test_a_run_whose_process_is_dead_is_no_obstacle(rows, alice, revoked):
    SyncRun.objects.create(user=alice, trigger="button", status="running", owner="elsewhere|1")

    deletion.delete(alice)

    assert not SyncRun.objects.exists()


def test_a_comparison_that_is_under_way_is_waited_for(rows, alice, revoked):
    ParityReport.objects.create(user=alice, status="running", heartbeat_at=timezone.now())

    with pytest.raises(deletion.Busy):
        deletion.delete(alice)


def test_the_last_superuser_stays(root, revoked):
    page = log_in(root).post(reverse("people:delete"), {"password": "root"}, follow=True)

    assert "last superuser" in str(*page.context["messages"])
    assert User.objects.filter(pk=root.pk).exists()


def test_an_operator_deletes_a_member_in_the_same_way(rows, alice, olga, revoked):
    client = log_in(olga)
    address = reverse("people:delete_other", args=[alice.pk])

    assert client.post(address, {"password": "alice"}).status_code == 400  # their own password is asked for
    assert client.post(address, {"password": "olga"}).status_code == 302
    assert not User.objects.filter(username="alice").exists()
    assert len(revoked) == 1
    assert olga.logentry_set.get().change_message == "deleted"
    assert "alice" not in str(list(olga.logentry_set.values()))


def test_djangos_own_page_of_users_leads_to_the_same(rows, alice, root):
    client = log_in(root)

    assert client.post(reverse("admin:auth_user_delete", args=[alice.pk]), {"post": "yes"}).url == reverse(
        "people:delete_other", args=[alice.pk]
    )
    client.post(
        reverse("admin:auth_user_changelist"),
        {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"},
    )
    assert User.objects.filter(pk=alice.pk).exists()
