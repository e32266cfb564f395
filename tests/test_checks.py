from __future__ import annotations

import pytest
from django.db import connections

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


@pytest.mark.django_db
def test_a_database_that_a_later_version_migrated_is_refused_with_the_way_back():
    connections["default"].cursor().execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('sync', '9999_later', '2030-01-01')"
    )
    (message,) = checks.database_not_newer()
    assert message.id == "bgmsync.E004"
    assert "sync.9999_later" in message.msg
    assert "restore FILE" in (message.hint or "")


@pytest.mark.django_db
@pytest.mark.parametrize("app", ["sync", "an_app_that_was_dropped"])
def test_a_database_of_this_version_or_an_earlier_one_is_not_newer(app):
    name = "0001_initial" if app == "sync" else "0007_last"
    connections["default"].cursor().execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, '2030-01-01')", [app, name]
    )
    assert found(checks.database_not_newer) == []


def test_looking_for_a_newer_database_makes_none(tmp_path, monkeypatch):
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", str(tmp_path / "none"))
    assert found(checks.database_not_newer) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("value", "ids"), [("off", []), ("operators", []), ("all", []), ("yes", ["bgmsync.E006"])])
def test_of_whom_a_second_step_is_asked_is_one_of_three_words(settings, value, ids):
    settings.REQUIRE_TOTP = value
    assert found(checks.second_step) == ids


@pytest.mark.parametrize(
    ("https", "behind", "ids"), [(True, False, ["bgmsync.W003"]), (True, True, []), (False, False, [])]
)
def test_https_without_a_proxy_is_warned_about(settings, https, behind, ids):
    settings.HTTPS, settings.BEHIND_PROXY = https, behind
    assert found(checks.proxy) == ids
