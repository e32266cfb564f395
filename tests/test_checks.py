from __future__ import annotations

import pytest

from bgmsync import checks


def found(check):
    return [message.id for message in check()]


def test_a_key_that_is_no_key_is_refused(settings):
    settings.TOKEN_KEYS = ["nonsense"]
    assert found(checks.token_keys) == ["bgmsync.E001"]


@pytest.mark.parametrize("address", ["", "sync.example.org", "ftp://example.org", "https://"])
def test_an_address_that_is_none_is_refused(settings, address):
    settings.BASE_URL = address
    assert found(checks.addresses) == ["bgmsync.E002"]


def test_plain_http_on_a_public_name_is_warned_about(settings):
    settings.BASE_URL = "http://sync.example.org"
    assert found(checks.addresses) == ["bgmsync.W001"]


def test_lifting_the_limits_of_a_real_service_is_warned_about(settings):
    settings.BANGUMI_API_URL, settings.BANGUMI_RATE = "https://api.bgm.tv", 0
    assert "bgmsync.W002" in found(checks.limits)


def test_good_settings_are_silent():
    assert found(checks.token_keys) + found(checks.addresses) + found(checks.limits) == []
