"""When a schedule comes due, in the user's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trakt import schedule

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def times(cron, zone="UTC", after=NOON, count=3):
    return [f"{t:%m-%d %H:%M}" for t in schedule.next_times(cron, 60, zone, after, count)]


def test_a_cron_expression_is_read_in_the_users_zone():
    assert times("30 4 * * *", "Asia/Shanghai") == ["11-22 20:30", "11-23 20:30", "11-24 20:30"]


def test_without_an_expression_the_interval_counts():
    assert times("") == ["11-22 13:00", "11-22 14:00", "11-22 15:00"]


def test_sunday_is_both_0_and_7():
    assert times("0 0 * * 0", count=1) == times("0 0 * * 7", count=1) == ["11-29 00:00"]


def test_a_day_that_daylight_saving_shortens_still_gets_its_run():
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert len(times("30 2 * * *", "Europe/Berlin", before, 2)) == 2
    assert times("30 2 * * *", "Europe/Berlin", before, 2)[1] == "03-30 00:30"


def test_an_hour_that_comes_twice_runs_a_daily_job_once():
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert times("30 2 * * *", "Europe/Berlin", before, 2) == ["10-25 00:30", "10-26 01:30"]


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("61 * * * *", "Field 1 (minute) can't be read: “61”"),
        ("0 25 * * *", "Field 2 (hour)"),
        ("0 0 32 * *", "Field 3 (day of month)"),
        ("0 0 * 13 *", "Field 4 (month)"),
        ("0 0 * * 8", "Field 5 (day of week)"),
        ("0 0 * *", "has 4"),
        ("0 0 30 2 *", "never comes"),
        ("", "has 0"),
        ("每天 * * * *", "Field 1 (minute) can't be read: “每天”"),
    ],
)
def test_an_expression_that_can_not_be_read_says_where(expression, says):
    with pytest.raises(schedule.CronError) as caught:
        schedule.parse(expression)
    assert says in str(caught.value)


def test_jitter_is_small_and_always_the_same_for_a_user():
    moments = {schedule.with_jitter(NOON, key) for key in range(200)}
    assert len(moments) > 150
    assert all(NOON <= moment <= NOON + schedule.JITTER for moment in moments)
    assert schedule.with_jitter(NOON, 7) == schedule.with_jitter(NOON, 7)
