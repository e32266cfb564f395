"""The second step of the log-in: what lets somebody in, and what does not."""

from __future__ import annotations

import re
import time

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bgmsync.people import export, log, two_step
from bgmsync.people.entering import LIFE, PENDING
from bgmsync.people.models import Session, TwoStep

LOGIN = "/admin/login/"
CODE = "/me/code/"
PAGE = "/me/two-step/"


def code_of(user, drift=0):
    """Return what the person's app shows now, or so many half minutes from now."""
    row = TwoStep.objects.get(user=user)
    return two_step._totp(row).generate((int(time.time()) // 30 + drift) * 30).decode()


@pytest.fixture
def codes(alice):
    """Alice's second step is on; these are her recovery codes. The code she turned it on with was an older one."""
    two_step.begin(alice)
    return two_step.confirm(alice, code_of(alice, -1))


def gave_password(name="alice", client=None, **more):
    client = client or Client(**more)
    client.post(LOGIN, {"username": name, "password": name})
    return client


def is_in(client):
    return client.get("/me/").status_code == 200


def test_without_a_second_step_the_password_is_enough(alice):
    assert is_in(gave_password())


def test_the_password_alone_lets_nobody_in(alice, codes):
    client = Client()
    answer = client.post(LOGIN, {"username": "alice", "password": "alice"})

    assert answer["Location"] == CODE
    assert not is_in(client)
    assert not Session.objects.filter(user=alice).exists()


def test_password_and_code_let_in_and_lead_where_one_wanted_to_go(alice, codes):
    client = Client()
    client.post(f"{LOGIN}?next=/me/log/", {"username": "alice", "password": "alice", "next": "/me/log/"})

    assert client.post(CODE, {"code": code_of(alice)})["Location"] == "/me/log/"
    assert is_in(client)


def test_a_code_is_good_once(alice, codes):
    code = code_of(alice)

    assert gave_password().post(CODE, {"code": code}).status_code == 302
    assert gave_password().post(CODE, {"code": code}).status_code == 400


@pytest.mark.parametrize("drift", [-3, 3])
def test_a_code_of_another_time_is_refused(alice, codes, drift):
    assert gave_password().post(CODE, {"code": code_of(alice, drift)}).status_code == 400


@pytest.mark.parametrize("code", ["", "000", "abcdef", "１２３４５６", "1" * 41, "x" * 16])
def test_what_is_no_code_is_refused(alice, codes, code):
    client = gave_password()

    assert client.post(CODE, {"code": code}).status_code in {200, 400}
    assert not is_in(client)


def test_a_recovery_code_lets_in_once_and_the_person_is_told(alice, codes):
    client = gave_password()
    page = client.post(CODE, {"code": codes[3].lower()}, follow=True)

    assert "recovery code" in str(*page.context["messages"])
    assert is_in(client)
    assert gave_password().post(CODE, {"code": codes[3]}).status_code == 400
    assert two_step.left(alice) == len(codes) - 1
    assert "recovery_code_used" in {entry.change_message for entry in log.own(alice)}


def test_the_code_of_somebody_else_lets_nobody_in(alice, bob, codes):
    two_step.begin(bob)
    two_step.confirm(bob, code_of(bob, -1))

    assert gave_password().post(CODE, {"code": code_of(bob)}).status_code == 400


def test_a_code_without_a_password_before_it_lets_nobody_in(alice, codes):
    client = Client()

    assert client.post(CODE, {"code": code_of(alice)})["Location"] == LOGIN
    assert not is_in(client)


@pytest.mark.parametrize("change", [{"at": time.time() - LIFE - 1}, {"proof": "of an older password"}])
def test_the_password_must_be_of_just_now(alice, codes, change):
    client = gave_password()
    session = client.session
    session[PENDING] |= change
    session.save()

    assert client.post(CODE, {"code": code_of(alice)})["Location"] == LOGIN


def test_who_was_shut_out_meanwhile_stays_out(alice, codes):
    client = gave_password()
    User.objects.update(is_active=False)

    assert client.post(CODE, {"code": code_of(alice)})["Location"] == LOGIN


def test_codes_cannot_be_tried_without_end_and_the_owner_can_read_of_it(alice, codes):
    client = gave_password()
    answers = [client.post(CODE, {"code": "000000"}).status_code for _ in range(6)]

    assert answers == [400] * 5 + [429]
    assert gave_password(client=client).post(CODE, {"code": code_of(alice)}).status_code == 429
    assert "codes_refused" in {entry.change_message for entry in log.own(alice)}


def test_turning_it_on_takes_password_and_code_and_ends_other_log_ins(alice):
    here, elsewhere = gave_password(), gave_password()
    here.get(PAGE)

    assert here.post(PAGE, {"code": "000000", "password": "alice"}).status_code == 400
    assert here.post(PAGE, {"code": code_of(alice), "password": "wrong"}).status_code == 400
    assert not two_step.is_on(alice)
    page = here.post(PAGE, {"code": code_of(alice), "password": "alice"})

    assert len(page.context["codes"]) == two_step.CODES
    assert two_step.is_on(alice)
    assert is_in(here)
    assert not is_in(elsewhere)


def test_the_key_is_shown_only_until_it_is_confirmed(alice, client):
    client.force_login(alice)
    before = client.get(PAGE).content.decode()
    secret = two_step.grouped(TwoStep.objects.get().secret)
    two_step.confirm(alice, code_of(alice))

    assert secret in before
    assert re.search(r'<svg[^>]* viewBox="0 0 (\d+) \1"', before)
    assert secret not in client.get(PAGE).content.decode()


def test_turning_it_off_takes_the_password(alice, codes, client):
    client.force_login(alice)

    assert client.post(PAGE, {"do": "off", "password": "wrong"}).status_code == 400
    assert two_step.is_on(alice)
    client.post(PAGE, {"do": "off", "password": "alice"})
    assert not two_step.is_on(alice)


def test_new_recovery_codes_make_the_old_ones_void(alice, codes, client):
    client.force_login(alice)
    new = client.post(PAGE, {"do": "codes", "password": "alice"}).context["codes"]

    assert gave_password().post(CODE, {"code": codes[0]}).status_code == 400
    assert gave_password().post(CODE, {"code": new[0]}).status_code == 302


def test_a_superuser_turns_it_off_for_another_and_nobody_else_does(alice, olga, root, codes):
    address = reverse("people:reset_two_step", args=[alice.pk])
    inside = gave_password()
    inside.post(CODE, {"code": code_of(alice)})

    assert gave_password("olga").post(address).status_code == 403
    assert two_step.is_on(alice)
    gave_password("root").post(address)
    assert not two_step.is_on(alice)
    assert not is_in(inside)
    assert is_in(gave_password())


@pytest.fixture
def people(alice, olga, root):
    """A member, an operator and a superuser."""


@pytest.mark.parametrize(
    ("asked", "let_in"), [("off", "alice olga root"), ("operators", "alice"), ("all", "")], ids=["off", "some", "all"]
)
def test_of_whom_it_is_asked_sees_the_page_that_turns_it_on_and_no_other(people, settings, asked, let_in):
    settings.REQUIRE_TOTP = asked

    for name in ("alice", "olga", "root"):
        client = gave_password(name)
        pages = [client.get(page) for page in ("/admin/", "/me/export/", "/admin/sync/syncrun/")]
        assert {page.status_code for page in pages} == ({200} if name in let_in else {302}), name
        assert all(name in let_in or page["Location"] == PAGE for page in pages)
        assert client.get(PAGE).status_code == 200


def test_once_it_is_on_everything_is_open(alice, codes, settings):
    settings.REQUIRE_TOTP = "all"
    client = gave_password()
    client.post(CODE, {"code": code_of(alice)})

    assert is_in(client)
    client.post(PAGE, {"do": "off", "password": "alice"})
    assert client.get("/me/")["Location"] == PAGE


def test_key_and_codes_are_neither_stored_nor_exported_so_that_somebody_could_use_them(alice, codes):
    row = TwoStep.objects.get()
    stored = str(TwoStep.objects.extra(select={"raw": "secret"}).values_list("raw", "recovery"))
    exported = b"".join(export.archive(alice))

    assert row.secret not in stored
    assert not [code for code in codes if code.replace(" ", "") in stored]
    assert export.as_data(row).keys() == {"id", "user_id", "on_since", "last_counter"}
    assert exported


def test_with_lost_keys_recovery_codes_still_let_in(alice, codes, settings):
    client = gave_password()
    settings.TOKEN_KEYS = ["5QZ8Wv0e0n8m8R3Zr1b3bXoKp0mXv1o3b0m9m1mQ3vE="]

    assert client.post(CODE, {"code": "123456"}).status_code == 400
    assert client.post(CODE, {"code": codes[0]}).status_code == 302
