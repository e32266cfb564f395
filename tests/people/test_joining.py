from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bgmsync import checks
from bgmsync.people import invitations
from bgmsync.people.throttle import MOST
from bgmsync.shared.models import Invitation, Profile
from trakt.models import TraktConfig

PASSWORD = "korrekt-pferd-batterie"
CHOSEN = {
    "username": "lin",
    "password1": PASSWORD,
    "password2": PASSWORD,
    "language": "zh-hans",
    "timezone": "Asia/Shanghai",
}


def invite(made_by=None, uses=1):
    _row, link = invitations.make(made_by, uses=uses, days=7, note="")
    return link.replace("http://localhost:8000", "")


@pytest.mark.parametrize("mode", ["off", "invite"])
def test_nobody_makes_an_account_without_a_link(db, client, settings, mode):
    settings.REGISTRATION = mode

    assert client.get(reverse("people:register")).status_code == 404
    assert client.post(reverse("people:register"), CHOSEN).status_code == 404
    assert not User.objects.exists()


def test_a_link_does_not_work_where_registration_is_off(db, client):
    assert client.post(invite(), CHOSEN).status_code == 404


def test_anybody_makes_an_account_where_the_door_is_open(db, client, settings):
    settings.REGISTRATION = "open"

    assert "/join/" in client.get(reverse("admin:login")).content.decode()
    assert client.post(reverse("people:register"), CHOSEN).status_code == 302
    assert User.objects.get().username == "lin"


def test_the_invited_person_is_a_member_is_logged_in_and_sees_the_first_steps(by_invitation, db, client):
    page = client.post(invite(), CHOSEN, follow=True)

    user = User.objects.get()
    assert [group.name for group in user.groups.all()] == ["members"]
    assert user.is_staff
    assert not user.is_superuser
    assert user.check_password(PASSWORD)
    assert Profile.objects.get(user=user).language == "zh-hans"
    assert TraktConfig.objects.get(user=user).timezone == "Asia/Shanghai"
    assert page.redirect_chain == [(reverse("admin:index"), 302)]
    assert 'lang="zh-hans"' in page.content.decode()
    assert "连接 Trakt" in page.content.decode()


def test_a_link_works_for_as_many_people_as_it_was_made_for(by_invitation, db):
    link = invite(uses=2)

    codes = [Client().post(link, {**CHOSEN, "username": name}).status_code for name in ("a1", "b2", "c3")]

    assert codes == [302, 302, 404]
    assert User.objects.count() == 2


def test_a_form_with_a_mistake_uses_nothing_up(by_invitation, db, client):
    link = invite()

    assert client.post(link, {**CHOSEN, "password2": "another"}).status_code == 400
    assert client.post(link, CHOSEN).status_code == 302


def test_two_who_use_the_last_place_at_once_do_not_both_get_in(by_invitation, db, client, monkeypatch):
    link = invite()
    monkeypatch.setattr(invitations, "use", lambda _row: False)  # the other one was quicker

    assert client.post(link, CHOSEN).status_code == 404
    assert not User.objects.exists()


def test_links_that_are_wrong_old_or_used_up_look_all_alike(by_invitation, db, client):
    old, used = invite(), invite()
    last, first = Invitation.objects.all()
    Invitation.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(1))
    Invitation.objects.filter(pk=last.pk).update(used=1)

    pages = [client.get(link) for link in ("/join/no-such-token/", old, used)]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content.decode().partition('id="content"')[2] for page in pages}) == 1


def test_a_name_that_is_taken_is_said(by_invitation, alice, client):
    page = client.post(invite(), {**CHOSEN, "username": "Alice"})

    assert page.status_code == 400
    assert "username" in page.context["form"].errors


def test_a_password_that_is_too_easy_is_refused(by_invitation, db, client):
    page = client.post(invite(), {**CHOSEN, "password1": "12345678", "password2": "12345678"})

    assert page.status_code == 400
    assert not User.objects.exists()


def test_the_zone_of_the_browser_is_offered(by_invitation, db, client):
    client.cookies["zone"] = "Asia/Tokyo"

    assert 'value="Asia/Tokyo"' in client.get(invite()).content.decode()


def test_who_tries_too_often_is_told_to_come_back_later(by_invitation, db, client):
    link = invite()
    codes = [client.get("/join/guess/").status_code for _ in range(MOST + 1)]

    assert codes[-2:] == [404, 429]
    assert client.post(link, CHOSEN).status_code == 429
    assert Client(REMOTE_ADDR="192.0.2.7").post(link, CHOSEN).status_code == 302


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(by_invitation, db, settings):
    settings.BEHIND_PROXY = True
    for _ in range(MOST + 1):
        Client(headers={"x-forwarded-for": "made-up, 192.0.2.1"}).get("/join/guess/")

    assert Client(headers={"x-forwarded-for": "192.0.2.1, 192.0.2.2"}).get("/join/guess/").status_code == 404
    assert Client(headers={"x-forwarded-for": "other, 192.0.2.1"}).get("/join/guess/").status_code == 429


def test_a_link_is_shown_once_and_stored_as_a_hash(by_invitation, olga, client):
    client.force_login(olga)

    page = client.post(reverse("people:invitations"), {"uses": 1, "days": 7, "note": "for Lin"})

    token = page.context["link"].rstrip("/").rpartition("/")[2]
    row = Invitation.objects.get()
    assert token in page.content.decode()
    assert token not in str(Invitation.objects.values().get())
    assert token not in client.get(reverse("people:invitations")).content.decode()
    assert (row.note, row.made_by) == ("for Lin", olga)
    client.logout()
    assert client.get(reverse("people:join", args=[token])).status_code == 200


def test_a_link_that_was_withdrawn_does_not_work_any_more(by_invitation, olga, client):
    link = invite(olga)
    client.force_login(olga)
    client.post(reverse("people:withdraw", args=[Invitation.objects.get().pk]))
    client.logout()

    assert client.get(link).status_code == 404


def test_a_word_that_is_no_way_of_registration_is_refused_at_start(settings):
    settings.REGISTRATION = "maybe"

    assert [message.id for message in checks.registration()] == ["bgmsync.E005"]


def test_a_superuser_who_logs_in_first_gets_the_zone_of_the_browser(root, client):
    client.cookies["zone"] = "Asia/Tokyo"
    client.post(reverse("admin:login"), {"username": "root", "password": "root"})

    assert TraktConfig.objects.get().timezone == "Asia/Tokyo"
    assert Profile.objects.get().last_language == "en"
