"""Where somebody is logged in: what they see, and what they end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bgmsync.people import browsers
from bgmsync.people.models import Session
from sync import dispatch

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1"
)
PAGE = "/me/sessions/"
END = "/me/sessions/end/"


def logged_in(name="alice", agent=FIREFOX, address="192.0.2.7"):
    client = Client(REMOTE_ADDR=address, headers={"user-agent": agent})
    client.post("/admin/login/", {"username": name, "password": name})
    return client


def is_in(client):
    return client.get("/me/").status_code == 200


def test_each_log_in_is_listed_with_its_browser_and_address_this_one_first(alice, bob):
    logged_in("bob", address="198.51.100.1")
    logged_in(agent=PHONE, address="203.0.113.5")
    here = logged_in()

    page = here.get(PAGE)

    lines = [(line.browser, line.row.address, line.is_this) for line in page.context["lines"]]
    assert lines == [("Firefox, Linux", "192.0.2.7", True), ("Safari, iPhone", "203.0.113.5", False)]
    assert "198.51.100.1" not in page.content.decode()


def test_one_is_ended_and_the_others_stay(alice):
    here, phone, tablet = logged_in(), logged_in(agent=PHONE), logged_in()
    row = next(line.row for line in here.get(PAGE).context["lines"] if line.browser == "Safari, iPhone")

    here.post(END, {"session": row.pk})

    assert [is_in(client) for client in (here, phone, tablet)] == [True, False, True]


def test_all_others_are_ended(alice, bob):
    here, phone, other = logged_in(), logged_in(agent=PHONE), logged_in("bob")

    here.post(END)

    assert [is_in(client) for client in (here, phone, other)] == [True, False, True]


def test_nobody_ends_the_log_in_of_another(alice, bob):
    hers = logged_in()
    logged_in("bob").post(END, {"session": Session.objects.get(user=alice).pk})

    assert is_in(hers)


def test_a_new_password_ends_all_others(alice):
    here, elsewhere = logged_in(), logged_in(agent=PHONE)
    new = {"old_password": "alice", "new_password1": "korrekt-pferd-x", "new_password2": "korrekt-pferd-x"}

    assert here.post(reverse("admin:password_change"), new).status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)
    assert Session.objects.filter(user=alice).count() == 1


def test_a_password_that_a_superuser_sets_ends_all(alice, root):
    hers = logged_in()
    new = {"password1": "korrekt-pferd-x", "password2": "korrekt-pferd-x", "usable_password": "true"}

    logged_in("root").post(reverse("admin:auth_user_password_change", args=[alice.pk]), new)

    assert not is_in(hers)
    assert not Session.objects.filter(user=alice).exists()


def test_logging_out_removes_the_row(alice):
    client = logged_in()
    client.post(reverse("admin:logout"))

    assert not Session.objects.filter(user=alice).exists()


def test_a_log_in_begins_a_session_under_a_new_key(alice):
    client = Client()
    client.post("/language", {"language": "en"})
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    client.post("/admin/login/", {"username": "alice", "password": "alice"})

    assert client.cookies["sessionid"].value != planted
    assert not is_in(Client(headers={"cookie": f"sessionid={planted}"}))


def test_what_the_table_holds_opens_nothing(alice):
    client = logged_in()
    stored = Session.objects.get(user=alice).session_key

    assert stored != client.cookies["sessionid"].value
    assert not is_in(Client(headers={"cookie": f"sessionid={stored}"}))


def test_when_it_was_last_used_is_kept_to_some_minutes_without_a_write_on_every_page(alice, django_assert_num_queries):
    client = logged_in()
    long_ago = timezone.now() - timedelta(hours=1)
    Session.objects.update(seen_at=long_ago)

    client.get(PAGE)
    seen = Session.objects.get(user=alice).seen_at
    client.get(PAGE)

    assert seen > long_ago
    assert Session.objects.get(user=alice).seen_at == seen


def test_sessions_that_are_over_are_removed_once_a_day(alice):
    logged_in()
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))

    dispatch.prune_daily()

    assert not Session.objects.exists()


@pytest.mark.parametrize("agent", ["", "\u0000", "x" * 900, "<script>alert(1)</script>"])
def test_a_browser_that_says_nothing_sensible_is_listed_too(alice, agent):
    page = logged_in(agent=agent.replace("\0", "")).get(PAGE)

    assert page.context["lines"][0].browser == "unknown browser"
    assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
            "Chrome, Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/126 Mobile Safari/537.36 MicroMessenger/8", "WeChat, Android"),
    ],
)
def test_browsers_are_named_as_people_know_them(agent, said):
    assert browsers.words(agent) == said
