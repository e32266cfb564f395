"""Guessing at passwords: stopped over all processes, and never at the cost of the account's owner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from bgmsync.people.entering import MOST_FROM_HERE, MOST_PASSWORDS, STRANGERS
from bgmsync.people.models import Tries
from bgmsync.people.throttle import Limit, forgive, neighbourhood, too_many

LOGIN = "/admin/login/"


def guess(name="alice", word="wrong", address="203.0.113.9", client=None):
    client = client or Client()
    return client.post(LOGIN, {"username": name, "password": word}, REMOTE_ADDR=address).status_code


def test_after_some_wrong_passwords_even_the_right_one_is_refused_there(alice):
    codes = [guess() for _ in range(MOST_PASSWORDS + 1)]

    assert codes == [200] * MOST_PASSWORDS + [429]
    assert guess(word="alice") == 429


def test_one_attacker_does_not_shut_out_the_owner(alice):
    for _ in range(5 * MOST_PASSWORDS):
        guess()

    assert guess(word="alice", address="192.0.2.1") == 302


def test_many_attackers_do_not_shut_out_the_owners_own_browser(alice):
    own = Client()
    guess(word="alice", address="192.0.2.1", client=own)
    own.cookies.pop("sessionid")
    for number in range(STRANGERS * MOST_PASSWORDS + 1):
        last = guess(address=f"198.51.100.{number}")

    assert last == 429
    assert guess(word="alice", address="192.0.2.1") == 429  # a strange browser, as all the others
    assert guess(word="alice", address="192.0.2.1", client=own) == 302


def test_the_owners_browser_is_no_way_to_try_without_end(alice):
    own = Client()
    guess(word="alice", client=own)

    assert [guess(client=own) for _ in range(MOST_PASSWORDS + 1)][-1] == 429


def test_a_browser_that_is_known_for_one_is_a_stranger_to_another(alice, bob):
    own = Client()
    guess("bob", "bob", client=own)
    for _ in range(MOST_PASSWORDS + 1):
        last = guess(client=own)

    assert last == 429
    assert guess(word="alice") == 429


@pytest.mark.parametrize("cookie", ["", "x", "alice:1", "W10:1abc:sig"])
def test_a_forged_cookie_is_that_of_a_stranger(alice, cookie):
    client = Client()
    client.cookies["device"] = cookie

    assert [guess(client=client) for _ in range(MOST_PASSWORDS + 1)][-1] == 429


def test_an_address_that_tries_many_names_is_stopped(alice):
    codes = [guess(f"name{number}") for number in range(MOST_FROM_HERE + 1)]

    assert codes[-2:] == [200, 429]
    assert guess(word="alice") == 429


def test_right_passwords_are_not_counted(alice):
    assert {guess(word="alice") for _ in range(2 * MOST_FROM_HERE)} == {302}


def test_names_are_counted_as_one_however_they_are_written(alice):
    codes = [guess(name) for name in ["alice", "ALICE", " alice ", "ａｌｉｃｅ"] * MOST_PASSWORDS]

    assert codes[MOST_PASSWORDS] == 429


def test_names_that_nobody_has_are_counted_alike(db):
    assert [guess("nobody") for _ in range(MOST_PASSWORDS + 1)][-1] == 429


@pytest.mark.parametrize("left_out", ["username", "password"])
def test_who_leaves_something_out_is_told_so(alice, left_out):
    data = {"username": "alice", "password": "alice", left_out: ""}

    assert Client().post(LOGIN, data).status_code == 200


def test_it_is_over_after_ten_minutes(alice):
    for _ in range(MOST_PASSWORDS + 1):
        guess()
    Tries.objects.update(since=timezone.now() - timedelta(minutes=10))

    assert guess(word="alice") == 302


def test_it_holds_over_processes_for_nothing_of_it_is_in_this_one(alice):
    for _ in range(MOST_PASSWORDS):
        guess()
    cache.clear()

    assert guess() == 429
    assert "alice" not in str(list(Tries.objects.values()))


def test_a_try_that_is_forgiven_counts_no_more(db):
    limit = Limit("x", "y", 1)

    assert not too_many(limit)
    forgive(limit)
    assert not too_many(limit)
    assert too_many(limit)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_who_has_a_network_of_addresses_is_counted_as_one(address, counted):
    assert neighbourhood(address) == counted
