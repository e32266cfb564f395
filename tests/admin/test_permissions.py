"""Who may open which address: a table that is complete by construction."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from bgmsync.shared.models import Invitation
from sync.models import NotificationChannel, ParityReport, Snapshot
from sync.models.snapshot import pack

ROLES = ("anonymous", "visitor", "bob", "alice", "root", "olga")
"""Nobody; a user who is no staff; another member; the member whose rows these are; a superuser; an operator.

A row has a code for each but the last: an operator is another member, save where ``HELPED`` says otherwise.
"""

LOGIN = (302, 302)
MEMBERS = (*LOGIN, 200, 200, 200)
MEMBERS_ARE_SENT_ON = (*LOGIN, 302, 302, 302)
OWN = (*LOGIN, 404, 200, 200)
OWN_DONE = (*LOGIN, 404, 302, 302)
OWN_OR_HOME = (*LOGIN, 302, 200, 200)
"""Django sends home whoever asks for a row that is not theirs, as it does for one that does not exist."""
OPERATOR = (*LOGIN, 403, 403, 200)
OPERATOR_DONE = (*LOGIN, 403, 403, 302)
NEVER = (*LOGIN, 403, 403, 403)
ANYBODY = (200,) * 5

OPERATORS_MODELS = ("auth_user", "auth_group", "shared_serviceapp")
READ_ONLY = {"add": NEVER, "delete": NEVER}
LISTS = {"changelist": MEMBERS, "history": OWN_OR_HOME}
OPERATORS_READ_ONLY = {"changelist": OPERATOR, "change": OPERATOR, "history": OPERATOR, **READ_ONLY}
MODELS: dict[str, dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(OPERATORS_MODELS, dict.fromkeys(("changelist", "add", "change", "delete", "history"), OPERATOR)),
    "auth_user": {**dict.fromkeys(("changelist", "add", "change", "history"), OPERATOR), "delete": OPERATOR_DONE},
    "shared_hostbudget": OPERATORS_READ_ONLY,
    "sync_subject": OPERATORS_READ_ONLY,
    "sync_bangumiaccount": {**LISTS, **READ_ONLY, "change": OWN_OR_HOME},
    "sync_syncrun": {**LISTS, **READ_ONLY, "change": OWN},
    "sync_snapshot": {**LISTS, **READ_ONLY, "change": OWN_OR_HOME},
    "sync_syncitem": {**LISTS, **READ_ONLY, "change": OWN},
    "sync_parityreport": {**LISTS, **READ_ONLY, "change": OWN},
    "sync_notificationchannel": {**LISTS, "add": MEMBERS, "change": OWN_OR_HOME, "delete": OWN_OR_HOME},
    "sync_mappingoverride": {**LISTS, "add": MEMBERS, "change": OWN_OR_HOME, "delete": OWN_OR_HOME},
    "trakt_traktconfig": {
        "changelist": (*LOGIN, 302, 302, 200),
        "add": NEVER,
        "change": OWN_OR_HOME,
        "delete": OPERATOR,
        "history": OWN_OR_HOME,
    },
}
READ = {
    **{f"admin:{model}_{page}": codes for model, pages in MODELS.items() for page, codes in pages.items()},
    "admin:index": MEMBERS,
    "admin:login": (200, 200, 302, 302, 302),
    "admin:jsi18n": MEMBERS,
    "admin:password_change": MEMBERS,
    "admin:password_change_done": MEMBERS,
    "admin:auth_user_password_change": OPERATOR,
    "admin:autocomplete": NEVER,
    "admin:app_list": MEMBERS,
    "admin:view_on_site": (*LOGIN, 404, 404, 404),
    "admin:(?P<url>.*)$": (*LOGIN, 404, 404, 404),
    "admin:trakt_traktconfig_mine": MEMBERS_ARE_SENT_ON,
    "admin:trakt_traktconfig_next_times": MEMBERS,
    "admin:trakt_traktconfig_export": OWN,
    "admin:trakt_traktconfig_import": OWN,
    "admin:trakt_traktconfig_upload": MEMBERS,
    "admin:sync_syncrun_progress": OWN,
    "admin:sync_syncrun_undo_since": MEMBERS,
    "admin:sync_snapshot_download": OWN,
    "admin:sync_syncitem_review": MEMBERS,
    "admin:sync_syncitem_statistics": MEMBERS,
    "admin:sync_syncitem_year": MEMBERS,
    "admin:sync_parityreport_progress": OWN,
    "admin:sync_mappingoverride_export": MEMBERS,
    "admin:sync_mappingoverride_import": MEMBERS,
    "admin:sync_subject_data": MEMBERS,
    "trakt:callback": (*LOGIN, 400, 400, 400),
    "trakt:disconnect": MEMBERS,
    "bangumi:callback": (*LOGIN, 400, 400, 400),
    "bangumi:token": MEMBERS,
    "bangumi:disconnect": MEMBERS,
    "people:register": (404, 302, 302, 302, 302),
    "people:join": (404, 302, 302, 302, 302),
    "people:profile": MEMBERS,
    "people:own_log": MEMBERS,
    "people:export": MEMBERS,
    "people:code": (302,) * 5,  # only who gave the right password a moment ago has a code to give
    "people:two_step": MEMBERS,
    "people:sessions": MEMBERS,
    "people:delete": MEMBERS,
    "people:list": OPERATOR,
    "people:log": OPERATOR,
    "people:invitations": OPERATOR,
    "people:person": OPERATOR,
    "people:run": OPERATOR,
    "people:run_progress": OPERATOR,
    "people:delete_other": OPERATOR,
    "home": (302,) * 5,
    "healthz": ANYBODY,
    "readyz": (503,) * 5,
    "metrics": (404,) * 5,  # METRICS_TOKEN opens it, and no log-in: tests/watching/test_metrics.py
}
POSTED = {
    "admin:logout": MEMBERS,
    "admin:sync_syncrun_start": (*LOGIN, 404, 404, 404),
    "admin:sync_syncrun_rerun": OWN_DONE,
    "admin:sync_syncrun_approve": OWN_DONE,
    "admin:sync_syncrun_retry": OWN_DONE,
    "admin:sync_syncrun_cancel": OWN_DONE,
    "admin:sync_syncrun_pause": OWN_DONE,
    "admin:sync_syncrun_resume": OWN_DONE,
    "admin:sync_syncrun_undo": OWN_DONE,
    "admin:sync_syncrun_undo_exactly": OWN_DONE,
    "admin:sync_syncrun_undo_item": OWN_DONE,
    "admin:trakt_traktconfig_what_if": OWN,
    "admin:sync_syncitem_choose": OWN_DONE,
    "admin:sync_syncitem_leave_out": OWN,
    "admin:sync_syncitem_retry": OWN_DONE,
    "admin:sync_syncitem_retry_reason": MEMBERS_ARE_SENT_ON,
    "admin:sync_notificationchannel_test": OWN_DONE,
    "admin:sync_parityreport_compare": MEMBERS_ARE_SENT_ON,
    "admin:sync_parityreport_fix": OWN_DONE,
    "admin:sync_subject_update_data": OPERATOR_DONE,
    "admin:sync_subject_roll_back": OPERATOR_DONE,
    "people:withdraw": OPERATOR_DONE,
    "people:cancel": OPERATOR_DONE,
    "people:start": (*LOGIN, 403, 403, 404),
    "people:retry": OPERATOR_DONE,
    "people:set_active": OPERATOR_DONE,
    "people:set_role": OPERATOR_DONE,
    "people:support": MEMBERS,
    "people:reset_two_step": OPERATOR_DONE,  # a superuser's to do: HELPED has no row for it
    "people:end_sessions": MEMBERS_ARE_SENT_ON,
    "trakt:authorize": (*LOGIN, 200, 200, 200),
    "trakt:device": (*LOGIN, 502, 502, 502),
    "trakt:device_poll": MEMBERS,
    "trakt:device_check": MEMBERS_ARE_SENT_ON,
    "bangumi:authorize": (*LOGIN, 409, 409, 409),
    "set_language": (302,) * 5,
}
"""A POST without any data. Where it succeeds with nothing given, that is because nothing has to be given."""

HELPED = {
    **dict.fromkeys(("people:list", "people:log", "people:invitations", "people:person", "people:run"), 200),
    "people:run_progress": 200,
    "people:delete_other": 200,
    **dict.fromkeys(("people:withdraw", "people:cancel", "people:retry", "people:set_active"), 302),
    "people:start": 404,
}
"""What an operator may, and another member may not."""


def codes_of(name: str) -> tuple[int, ...]:
    """Return what each role is answered."""
    row = (READ | POSTED)[name]
    return (*row, HELPED.get(name, row[ROLES.index("bob")]))


def every_address(resolver=None, prefix="") -> set[str]:
    """Return the names of all addresses, the nameless ones by their pattern."""
    found = set()
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            found |= every_address(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
        elif isinstance(entry, URLPattern) and "<path:object_id>/$" not in str(entry.pattern):
            found.add(prefix + (entry.name or str(entry.pattern)))
    return found - {"admin:<path:object_id>/"}  # Django's redirect from an old form of its change pages


def test_every_address_is_in_the_table():
    assert every_address() == READ.keys() | POSTED.keys()


@pytest.fixture
def address(rows, bob, olga, root):
    alice = rows.config.user
    invitation = Invitation.objects.create(token_hash="x", expires_at=timezone.now())
    by_model = {
        "auth_user": rows.config.user,
        "auth_group": rows.config.user.groups.first(),
        "shared_serviceapp": rows.app,
        "shared_hostbudget": rows.host,
        "sync_subject": rows.subject,
        "sync_bangumiaccount": rows.account,
        "sync_syncrun": rows.run,
        "sync_snapshot": Snapshot.objects.create(user=rows.config.user, bangumi_id=5, packed=pack([])),
        "sync_syncitem": rows.item,
        "sync_parityreport": ParityReport.objects.create(user=rows.config.user, status="done"),
        "sync_notificationchannel": NotificationChannel.objects.create(
            user=rows.config.user, name="monitor", kind="ping", address="http://127.0.0.1:9/"
        ),
        "sync_mappingoverride": rows.override,
        "trakt_traktconfig": rows.config,
    }
    special = {
        "admin:app_list": "/admin/sync/",
        "admin:view_on_site": f"/admin/r/{ContentType.objects.get_for_model(User).pk}/{rows.config.user.pk}/",
        "admin:(?P<url>.*)$": "/admin/no/such/page/",
        "admin:sync_syncitem_retry_reason": "/admin/sync/syncitem/retry/internal/",
        "admin:sync_syncitem_year": "/admin/sync/syncitem/statistics/2024/",
        "admin:sync_syncrun_undo_item": f"/admin/sync/syncrun/undo/item/{rows.item.pk}/",
        "people:join": reverse("people:join", args=["a-link-that-was-never-made"]),
        "people:withdraw": reverse("people:withdraw", args=[invitation.pk]),
        **{
            f"people:{page}": reverse(f"people:{page}", args=[rows.run.pk])
            for page in ("run", "run_progress", "cancel")
        },
        **{
            f"people:{page}": reverse(f"people:{page}", args=[alice.pk])
            for page in ("person", "start", "retry", "set_active", "set_role", "delete_other", "reset_two_step")
        },
    }

    def find(name: str) -> str:
        if name in special:
            return special[name]
        view = name.removeprefix("admin:")
        model = next((model for model in by_model if view.startswith(f"{model}_")), None)
        bare = (
            "changelist",
            "add",
            "mine",
            "upload",
            "next_times",
            "start",
            "review",
            "data",
            "update_data",
            "roll_back",
            "compare",
            "undo_since",
            "statistics",
        )
        bare += ("export", "import") if model == "sync_mappingoverride" else ()
        needs_row = model and view.removeprefix(f"{model}_") not in bare
        return reverse(name, args=[by_model[model].pk] if needs_row and model else [])

    return find


def client_of(role: str) -> Client:
    client = Client()
    if role != "anonymous":
        client.force_login(User.objects.get_or_create(username=role)[0])
    return client


@pytest.mark.parametrize("name", sorted(READ))
def test_a_page_opens_for_those_who_may_see_it_and_for_nobody_else(name, address):
    where = address(name)

    assert tuple(client_of(role).get(where).status_code for role in ROLES) == codes_of(name)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(POSTED))
def test_a_button_works_for_those_who_may_press_it_and_for_nobody_else(name, role, address, queued):
    where = address(name)

    assert client_of(role).post(where).status_code == codes_of(name)[ROLES.index(role)]


@pytest.mark.parametrize("name", sorted(POSTED.keys() - {"set_language", "trakt:device"}))
def test_what_a_button_does_cannot_be_done_by_a_link(name, address):
    assert client_of("root").get(address(name)).status_code == 405


@pytest.mark.parametrize("name", sorted(POSTED))
def test_another_site_cannot_press_a_button(name, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="alice"))

    assert client.post(address(name)).status_code == 403


def test_lists_show_a_member_their_own_rows_only(rows, bob, client):
    client.force_login(bob)

    for model in ("syncrun", "syncitem", "mappingoverride", "bangumiaccount"):
        page = client.get(reverse(f"admin:sync_{model}_changelist"))
        assert not page.context["cl"].result_list


def test_search_and_filters_do_not_reach_another_members_rows(rows, bob, client):
    client.force_login(bob)
    items = reverse("admin:sync_syncitem_changelist")

    for query in ("?q=Frieren", f"?run__id__exact={rows.run.pk}", "?reason__exact=ambiguous", "?state__exact=review"):
        assert not client.get(items + query).context["cl"].result_list


def test_a_filter_cannot_guess_at_secrets_of_users(rows, bob, client):
    client.force_login(bob)

    answer = client.get(reverse("admin:sync_syncitem_changelist") + "?user__password__startswith=m")

    assert answer.status_code in {302, 400}


def test_actions_leave_out_rows_that_are_not_ones_own(rows, bob, client, queued):
    client.force_login(bob)
    data = {"action": "retry_selected", "_selected_action": [rows.item.pk]}

    client.post(reverse("admin:sync_syncitem_changelist"), data)

    rows.item.refresh_from_db()
    assert rows.item.state == "review"
    assert not queued


def test_a_member_cannot_start_a_run_for_another(rows, bob, client, queued):
    client.force_login(bob)

    answer = client.post(reverse("admin:sync_syncrun_start"), {"trigger": "button", "user": rows.config.user_id})

    assert answer.status_code == 403
    assert not queued


def test_a_member_cannot_give_a_rule_to_everybody(alice, client):
    client.force_login(alice)
    data = {"kind": "show", "trakt_id": "5", "first_position": "1", "user": "", "subject_id": "7"}

    client.post(reverse("admin:sync_mappingoverride_add"), data)

    assert alice.overrides.get().subject_id == 7


def test_the_queues_own_pages_are_not_there(root, client):
    client.force_login(root)

    assert client.get("/admin/django_q/schedule/").status_code == 404
    assert "django_q" not in client.get(reverse("admin:index")).content.decode()
