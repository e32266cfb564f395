"""The settings page: schedule, choices, and the same as a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from sync.models import SyncItem
from trakt.forms import RULES
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from datetime import datetime

FORM = {
    "enabled": "on",
    "cron": "",
    "interval_minutes": "360",
    "timezone": "Asia/Shanghai",
    "history": "on",
    "scope": "anime",
    "threshold": "2",
}


@pytest.fixture
def page(rows, client):
    client.force_login(rows.config.user)
    return f"/admin/trakt/traktconfig/{rows.config.pk}/change/"


def settings_of(rows) -> TraktConfig:
    return TraktConfig.objects.get(pk=rows.config.pk)


def next_run(rows) -> datetime:
    moment = settings_of(rows).next_run_at
    assert moment
    return moment


def test_every_member_who_comes_gets_a_settings_page(bob, client):
    client.force_login(bob)

    answer = client.get("/admin/trakt/traktconfig/", follow=True)

    assert answer.context["original"].user == bob


def test_saving_moves_the_next_run_at_once(page, rows, client):
    client.post(page, {**FORM, "cron": "30 4 * * *"})
    first = next_run(rows)
    client.post(page, {**FORM, "cron": "0 21 * * *"})
    second = next_run(rows)

    assert (first.hour, first.minute // 10) == (20, 3)  # 4:30 in Shanghai, and up to five minutes of jitter
    assert second.hour == 13


def test_switching_the_schedule_off_leaves_no_next_run(page, rows, client):
    client.post(page, {name: value for name, value in FORM.items() if name != "enabled"})

    assert settings_of(rows).next_run_at is None


def test_saving_does_not_bring_back_tokens_that_were_renewed_meanwhile(page, rows, client, monkeypatch):
    def renewed_meanwhile(config, *_args):
        TraktConfig.objects.filter(pk=config.pk).update(access_token="renewed", state_detail="meanwhile")

    monkeypatch.setattr(TraktConfig, "plan_next", renewed_meanwhile)

    client.post(page, {**FORM, "threshold": "3"})

    assert (settings_of(rows).access_token, settings_of(rows).threshold) == ("renewed", 3)


@pytest.mark.parametrize(
    ("cron", "blamed"),
    [
        ("61 4 * * *", "Field 1 (minute)"),
        ("0 25 * * *", "Field 2 (hour)"),
        ("0 4 32 * *", "Field 3 (day of month)"),
        ("0 4 * 13 *", "Field 4 (month)"),
        ("0 4 * * 9", "Field 5 (day of week)"),
        ("0 4 * *", "five fields"),
        ("0 4 31 2 *", "never comes"),
        ("<script>alert(1)</script> 4 * * *", "Field 1 (minute)"),
    ],
)
def test_a_cron_expression_that_cannot_be_read_is_refused_with_its_place(page, rows, client, cron, blamed):
    answer = client.post(page, {**FORM, "cron": cron})

    assert blamed in str(answer.context["errors"])
    assert "<script>alert" not in answer.content.decode()
    assert settings_of(rows).cron == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("timezone", "Mars/Olympus"), ("interval_minutes", "4"), ("interval_minutes", "99999999"), ("since", "yesterday")],
)
def test_other_mistakes_are_refused_as_well(page, client, field, value):
    answer = client.post(page, {**FORM, field: value})

    assert field in answer.context["adminform"].form.errors


def test_a_preset_needs_no_script(page, rows, client):
    client.post(page, {**FORM, "preset": "0 21 * * *"})

    assert settings_of(rows).cron == "0 21 * * *"


def test_the_preset_interval_takes_the_expression_away(page, rows, client):
    client.post(page, {**FORM, "cron": "0 21 * * *"})
    client.post(page, {**FORM, "cron": "0 21 * * *", "preset": "interval"})

    assert settings_of(rows).cron == ""


def test_the_next_three_times_are_told_before_saving_in_the_users_zone(page, client):
    answer = client.get(
        "/admin/trakt/traktconfig/next-times/",
        {"cron": "30 4 * * 0", "interval_minutes": "360", "timezone": "Asia/Shanghai"},
    ).json()

    assert [one["iso"][11:] for one in answer["times"]] == ["04:30:00+08:00"] * 3
    assert {one["day"] for one in answer["times"]} == {"Sunday"}


def test_the_next_times_say_which_field_is_at_fault(page, client):
    wrong = {"cron": "0 25 * * *", "interval_minutes": "1", "timezone": "Nowhere"}

    answer = client.get("/admin/trakt/traktconfig/next-times/", wrong).json()

    assert set(answer["errors"]) == {"cron", "interval_minutes", "timezone"}


def test_a_changed_setting_takes_up_what_the_old_one_had_left_out(page, rows, client):
    SyncItem.objects.filter(pk=rows.item.pk).update(state="skipped", reason="live_action")

    client.post(page, {**FORM, "scope": "all"})

    rows.item.refresh_from_db()
    assert (rows.item.state, rows.item.reason) == ("new", "")


@pytest.mark.usefixtures("page")
class TestFile:
    def exported(self, rows, client) -> dict:
        return client.get(f"/admin/trakt/traktconfig/{rows.config.pk}/export/").json()

    def imported(self, rows, client, data):
        content = data if isinstance(data, bytes) else json.dumps(data).encode()
        file = SimpleUploadedFile("settings.json", content)
        return client.post(f"/admin/trakt/traktconfig/{rows.config.pk}/import/", {"file": file})

    def test_what_was_exported_can_be_imported(self, page, rows, client):
        client.post(page, {**FORM, "cron": "30 4 * * *", "since": "2020-01-01", "threshold": "3", "private": "on"})
        file = self.exported(rows, client)
        client.post(page, FORM)

        self.imported(rows, client, file)

        config = settings_of(rows)
        assert (config.cron, str(config.since), config.threshold, config.private) == (
            "30 4 * * *",
            "2020-01-01",
            3,
            True,
        )
        assert config.next_run_at is not None

    def test_a_file_holds_settings_and_nothing_else(self, rows, client):
        assert set(self.exported(rows, client)["settings"]) == {
            "enabled",
            "cron",
            "interval_minutes",
            "timezone",
            "history",
            "since",
            "scope",
            "threshold",
            "private",
            *RULES,
        }

    def test_what_a_file_leaves_out_stays(self, page, rows, client):
        client.post(page, {**FORM, "cron": "30 4 * * *"})

        self.imported(rows, client, {"settings": {"threshold": 3}})

        assert (settings_of(rows).cron, settings_of(rows).threshold) == ("30 4 * * *", 3)

    @pytest.mark.parametrize(
        ("settings", "blamed"),
        [
            ({"access_token": "x"}, "access_token"),
            ({"user_id": 1}, "user_id"),
            ({"enabled": "no"}, "enabled"),
            ({"enabled": 1}, "enabled"),
            ({"interval_minutes": True}, "interval_minutes"),
            ({"cron": "0 25 * * *"}, "Field 2 (hour)"),
            ({"threshold": 9}, "threshold"),
            ({"timezone": None}, "timezone"),
        ],
    )
    def test_what_is_wrong_in_a_file_is_named_and_nothing_is_taken(self, rows, client, settings, blamed):
        answer = self.imported(rows, client, {"settings": {"private": True, **settings}})

        assert answer.status_code == 400
        assert blamed in str(answer.context_data["form"].errors)
        assert not settings_of(rows).private

    @pytest.mark.parametrize(
        "content", [b"", b"\xff\xfe", b"[]", b"{}", b'{"settings": []}', b"[" * 60_000, b"x" * 100_000, b'{"a": 1}']
    )
    def test_what_is_no_settings_file_is_refused(self, rows, client, content):
        assert self.imported(rows, client, content).status_code == 400
