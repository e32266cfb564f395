"""What operators see and do: how members' syncs stand, without what they watched, unless the member allows it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bgmsync.people import log
from bgmsync.shared import audit
from bgmsync.shared.models import Profile
from bgmsync.shared.people import is_operator
from sync.models import RunEvent, SubjectPlan, SyncItem, SyncRun
from tests.admin.conftest import SECRETS, TRIP_SUBJECT

TITLES = ("frieren", "葬送", str(TRIP_SUBJECT), "Episode about nothing")


@pytest.fixture
def told(rows):
    """Every place that could name what alice watched does so."""
    SyncItem.objects.update(episode_title=TITLES[3], detail=TITLES[0])
    SyncRun.objects.update(detail=TITLES[0], reason="internal")
    RunEvent.objects.create(run=rows.run, message="%(title)s", params={"title": TITLES[0]})
    SubjectPlan.objects.create(run=rows.run, user=rows.config.user, subject_id=TRIP_SUBJECT, detail=TITLES[0])
    return rows


@pytest.fixture
def operator(olga, client):
    client.force_login(olga)
    return client


def allow(user):
    Profile.objects.update_or_create(user=user, defaults={"titles_shown": True})


def pages_about(rows):
    return [
        reverse("people:list"),
        reverse("people:log"),
        reverse("people:person", args=[rows.config.user_id]),
        reverse("people:run", args=[rows.run.pk]),
        reverse("people:run_progress", args=[rows.run.pk]),
        reverse("admin:index"),
        reverse("admin:sync_syncrun_changelist"),
        reverse("admin:sync_syncitem_changelist"),
        reverse("admin:sync_syncitem_changelist") + "?q=Frie",
        reverse("admin:sync_syncitem_review"),
        reverse("admin:sync_mappingoverride_changelist"),
    ]


def test_no_page_of_an_operator_names_what_a_member_watched_or_a_token(told, operator):
    for address in pages_about(told):
        html = operator.get(address).content.decode().replace("?q=Frie", "").replace('value="frieren"', "")
        assert not [word for word in (*TITLES, *SECRETS) if word in html], address


@pytest.mark.parametrize("row", ["run", "item"])
def test_an_operator_does_not_open_a_members_rows(row, told, operator):
    address = reverse(f"admin:sync_sync{row}_change", args=[getattr(told, row).pk])

    assert operator.get(address).status_code == 404


@pytest.mark.parametrize("row", ["run", "item"])
def test_where_the_member_allows_it_an_operator_looks(row, told, alice, operator):
    allow(alice)
    address = reverse(f"admin:sync_sync{row}_change", args=[getattr(told, row).pk])

    page = operator.get(address)

    assert page.status_code == 200
    assert any(word in page.content.decode() for word in TITLES)
    assert not [secret for secret in SECRETS if secret in page.content.decode()]


def test_who_only_looks_is_offered_no_button_that_would_not_work(told, alice, operator):
    allow(alice)
    SyncItem.objects.update(state="failed")

    for row in ("run", "item"):
        html = operator.get(reverse(f"admin:sync_sync{row}_change", args=[getattr(told, row).pk])).content.decode()
        assert 'method="post" action="/admin/sync/' not in html


def test_a_member_who_allows_it_allows_it_to_operators_alone(told, alice, bob, client):
    allow(alice)
    client.force_login(bob)

    assert client.get(reverse("admin:sync_syncrun_change", args=[told.run.pk])).status_code == 404


@pytest.mark.parametrize(
    "button", ["syncrun_cancel", "syncrun_rerun", "syncrun_undo", "syncrun_approve", "syncitem_choose"]
)
def test_to_look_is_not_to_touch(button, told, alice, operator, queued):
    allow(alice)
    row = told.item if "item" in button else told.run

    assert operator.post(reverse(f"admin:sync_{button}", args=[row.pk])).status_code == 404
    assert not queued


def test_settings_tokens_rules_and_channels_stay_closed_even_then(told, alice, operator):
    allow(alice)

    for name, row in (("trakt_traktconfig", told.config), ("sync_mappingoverride", told.override)):
        assert operator.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 302
    assert operator.get(reverse("admin:trakt_traktconfig_export", args=[told.config.pk])).status_code == 404


def test_an_operator_starts_retries_and_cancels_a_members_run_and_the_member_can_read_it(
    told, alice, olga, operator, queued
):
    SyncItem.objects.update(state="failed")

    operator.post(reverse("people:start", args=[alice.pk]), {"trigger": "button"})
    run = SyncRun.objects.get(trigger="button", status="queued")
    operator.post(reverse("people:cancel", args=[run.pk]))
    operator.post(reverse("people:retry", args=[alice.pk]))

    run.refresh_from_db()
    assert run.user == alice
    assert run.status == "cancelled"
    assert SyncRun.objects.get(trigger="retry").user == alice
    lines = [log.line_of(entry, alice) for entry in log.own(alice)]
    assert {(line.who, line.whom) for line in lines} == {("olga", "alice")}
    assert len(lines) == 3


def test_an_operator_gives_no_yes_for_a_member(told, alice, operator, queued):
    operator.post(reverse("people:start", args=[alice.pk]), {"trigger": "button"})

    assert SyncRun.objects.get(status="queued").may_ask


def test_a_run_that_has_nothing_to_read_from_is_not_started(bob, operator, queued):
    operator.post(reverse("people:start", args=[bob.pk]), {"trigger": "button"})

    assert not SyncRun.objects.exists()


def test_a_shut_out_member_cannot_log_in_and_nothing_runs(told, alice, operator, queued):
    SyncRun.objects.update(status="queued")

    operator.post(reverse("people:set_active", args=[alice.pk]), {"active": "no"})

    alice.refresh_from_db()
    assert not alice.is_active
    assert not Client().login(username="alice", password="alice")
    assert not SyncRun.objects.filter(status="queued").exists()
    operator.post(reverse("people:set_active", args=[alice.pk]), {"active": "yes"})
    assert Client().login(username="alice", password="alice")


@pytest.mark.parametrize("name", ["root", "second", "olga"])
@pytest.mark.parametrize("page", ["start", "retry", "set_active", "delete_other"])
def test_an_operator_acts_for_members_alone(name, page, root, operator):
    second = User.objects.create_user("second", is_staff=True)
    second.groups.set(User.objects.get(username="olga").groups.all())
    whom = User.objects.get(username=name)

    assert operator.post(reverse(f"people:{page}", args=[whom.pk]), {"trigger": "button"}).status_code == 403


def test_a_superuser_makes_an_operator_and_takes_it_back(alice, root, client):
    client.force_login(root)
    address = reverse("people:set_role", args=[alice.pk])

    client.post(address, {"role": "operator"})
    assert is_operator(User.objects.get(pk=alice.pk))
    assert not User.objects.get(pk=alice.pk).is_superuser

    client.post(address, {"role": "member"})
    assert not is_operator(User.objects.get(pk=alice.pk))
    assert [entry.change_message for entry in log.own(alice)] == ["made_member", "made_operator"]


def test_an_operator_promotes_nobody(alice, operator):
    assert operator.post(reverse("people:set_role", args=[alice.pk]), {"role": "operator"}).status_code == 403


def test_a_shut_out_operator_is_none(olga):
    olga.is_active = False

    assert not is_operator(olga)


def test_people_are_found_by_name(alice, bob, operator):
    page = operator.get(reverse("people:list") + "?q=ALI")

    assert [line["person"] for line in page.context["lines"]] == [alice]


def test_the_list_costs_no_more_with_more_people(operator, django_assert_max_num_queries):
    User.objects.bulk_create(User(username=f"u{n:03}", is_staff=True) for n in range(40))
    for user in User.objects.filter(username__startswith="u"):
        SyncRun.objects.create(user=user, trigger="schedule", status="succeeded")

    with django_assert_max_num_queries(15):
        operator.get(reverse("people:list"))


def test_every_act_of_the_log_has_words(olga, alice):
    for act in audit.Act:
        audit.write(olga, act, alice, "#1")

    assert {log.line_of(entry, olga).what for entry in log.everybodys()} == {f"{act.label} #1" for act in audit.Act}


def test_a_rule_that_a_member_made_is_named_to_the_member_and_not_to_operators(alice, olga, client):
    client.force_login(alice)
    data = {"kind": "show", "trakt_id": "5", "first_position": "1", "subject_id": "4711"}
    client.post(reverse("admin:sync_mappingoverride_add"), data)

    (mine,) = [log.line_of(entry, alice).what for entry in log.own(alice)]
    (theirs,) = [log.line_of(entry, olga).what for entry in log.everybodys()]

    assert "4711" in mine
    assert "4711" not in theirs
