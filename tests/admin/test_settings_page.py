"""The settings page: schedule, choices, and the same as a file."""

from __future__ import annotations

import json
import math
import re
from datetime import time, timedelta
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
    "ask_first": "on",
    "ask_above": "300",
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


def live(client, **schedule) -> dict:
    """Ask as the page does while somebody edits."""
    given = {"cron": "", "interval_minutes": "360", "timezone": "Asia/Shanghai", **schedule}
    return client.get("/admin/trakt/traktconfig/next-times/", given).json()


def times_in(html: str) -> list[str]:
    return re.findall(r'<time datetime="([^"]+)"', html)


def test_the_next_five_times_are_told_before_saving_in_the_users_zone(page, client):
    html = live(client, cron="30 4 * * 0")["html"]

    assert [time[11:] for time in times_in(html)] == ["04:30:00+08:00"] * 5
    assert html.count("<b>Sunday</b>") == 5


def test_the_meaning_is_told_while_editing_and_on_the_saved_page_without_script(page, client):
    meaning = "At 04:30, on Monday to Friday"
    assert meaning in live(client, cron="30 4 * * 1-5")["html"]

    client.post(page, {**FORM, "cron": "30 4 * * 1-5"})

    saved = client.get(page).content.decode()
    assert meaning in saved
    assert len(times_in(saved.partition('id="next-times"')[2].partition("</ol>")[0])) == 5


def test_the_jitter_is_told_in_general_and_of_the_user(page, rows, client):
    own = math.ceil(rows.config.jitter / timedelta(minutes=1))

    assert (
        f"Starts up to 5 minutes later, so that not everybody comes at once; yours: +{own} min." in live(client)["html"]
    )


def test_the_next_times_say_which_field_is_at_fault(page, client):
    answer = live(client, cron="0 25 * * *", interval_minutes="1", timezone="Nowhere", quiet_from="23:00")

    assert set(answer["wrong"]) == {"cron", "interval_minutes", "timezone", "quiet_to"}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_wrong_part_of_an_expression_is_named_and_marked_while_editing_and_on_save(page, client, language):
    client.cookies["django_language"] = language
    said = {"en": "Field 2 (hour), character 9: “99”", "zh-hans": "第 2 段（时），第 9 个字符：无法识别“99”"}[language]

    for html in (
        live(client, cron="0 1,2,3-99 * * *")["html"],
        client.post(page, {**FORM, "cron": "0 1,2,3-99 * * *"}).content.decode(),
    ):
        assert said in html
        assert "0 1,2,3-<mark>99</mark> * * *" in html


def test_where_a_field_is_missing_is_marked(page, client):
    assert "0 4 * * <mark>?</mark>" in live(client, cron="0 4 * *")["html"]


def test_quiet_hours_are_saved_and_no_time_lies_in_them(page, rows, client):
    client.post(page, {**FORM, "cron": "0 */2 * * *", "quiet_from": "23:00", "quiet_to": "07:00"})

    config = settings_of(rows)
    assert (config.quiet_from, config.quiet_to) == (time(23), time(7))
    shown = times_in(client.get(page).content.decode().partition('id="next-times"')[2].partition("</ol>")[0])
    assert all(7 <= int(text[11:13]) < 23 for text in shown)
    assert not config.is_quiet(next_run(rows))


@pytest.mark.parametrize(
    ("start", "end", "blamed"),
    [
        ("23:00", "", "quiet_to"),
        ("", "07:00", "quiet_from"),
        ("07:00", "06:30", "quiet_to"),
        ("07:00", "07:00", "quiet_to"),
    ],
)
def test_quiet_hours_that_are_half_given_or_leave_no_day_are_refused(page, client, start, end, blamed):
    answer = client.post(page, {**FORM, "quiet_from": start, "quiet_to": end})

    assert blamed in answer.context["adminform"].form.errors


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
        quiet = {"quiet_from": "23:00", "quiet_to": "07:00"}
        chosen = {"cron": "30 4 * * *", "since": "2020-01-01", "threshold": "3", "private": "on"}
        client.post(page, {**FORM, **chosen, **quiet})
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
        assert (config.quiet_from, config.quiet_to) == (time(23), time(7))
        assert config.next_run_at is not None

    def test_a_file_holds_settings_and_nothing_else(self, rows, client):
        assert set(self.exported(rows, client)["settings"]) == {
            "enabled",
            "cron",
            "interval_minutes",
            "timezone",
            "quiet_from",
            "quiet_to",
            "history",
            "since",
            "scope",
            "threshold",
            "ask_first",
            "ask_above",
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
            ({"quiet_from": "23:00"}, "quiet_to"),
            ({"quiet_from": "late", "quiet_to": "07:00"}, "quiet_from"),
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
