"""When a schedule comes due, in the user's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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
        ("61 * * * *", "Field 1 (minute), character 1: “61” can't be read. Possible: 0 to 59."),
        ("0 25 * * *", "Field 2 (hour)"),
        ("0 0 32 * *", "Field 3 (day of month)"),
        ("0 0 * 13 *", "Field 4 (month)"),
        ("0 0 * * 8", "Field 5 (day of week)"),
        ("0 0 * *", "has 4"),
        ("0 0 30 2 *", "never comes"),
        ("", "has 0"),
        ("每天 * * * *", "Field 1 (minute), character 1: “每天” can't be read"),
    ],
)
def test_an_expression_that_can_not_be_read_says_where(expression, says):
    with pytest.raises(schedule.CronError) as caught:
        schedule.parse(expression)
    assert says in str(caught.value)


def test_jitter_is_small_and_always_the_same_for_a_user():
    found = {schedule.jitter_of(key) for key in range(200)}
    assert len(found) > 150
    assert all(timedelta() <= jitter <= schedule.JITTER for jitter in found)
    assert schedule.jitter_of(7) == schedule.jitter_of(7)


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("0 25 * * *", "25"),
        ("0 1,2,99,4 * * *", "99"),
        ("0 1-99 * * *", "99"),
        ("*/0 * * * *", "0"),
        ("0 0 * * MON-FOO", "FOO"),
        ("0 22-2 * * *", "22-2"),
        ("0 1/ * * *", "1/"),
        ("0  0   30  2 *", "30  2"),
        ("1 2 3 4 5 6", "6"),
        ("0 4 * *  ", ""),
    ],
)
def test_the_part_that_is_wrong_is_told_by_its_place(expression, wrong):
    with pytest.raises(schedule.CronError) as caught:
        schedule.parse(expression)

    span = caught.value.span
    assert expression[span.start : span.end] == wrong
    if wrong and "Field" in str(caught.value):
        assert f"character {span.start + 1}:" in str(caught.value)


def quiet(start, end, zone="Europe/Berlin"):
    return schedule.Quiet(time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone))


def local(text, zone="Europe/Berlin", fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        (("23:00", "07:00"), "2026-11-22 22:59", "2026-11-22 22:59"),
        (("23:00", "07:00"), "2026-11-22 23:00", "2026-11-23 07:00"),
        (("23:00", "07:00"), "2026-11-23 02:30", "2026-11-23 07:00"),
        (("23:00", "07:00"), "2026-11-23 07:00", "2026-11-23 07:00"),
        (("09:00", "17:00"), "2026-11-23 12:00", "2026-11-23 17:00"),
        (("09:00", "17:00"), "2026-11-23 08:59", "2026-11-23 08:59"),
        (("01:00", "02:30"), "2026-03-29 01:10", "2026-03-29 03:30"),  # 2:30 does not exist on that day
    ],
)
def test_what_falls_into_the_quiet_hours_moves_to_their_end(hours, moment, expected):
    assert quiet(*hours).leave(local(moment)) == local(expected)


def test_an_end_that_the_clock_shows_twice_ends_the_quiet_hours_each_time():
    hours = quiet("01:00", "02:30")
    again = local("2026-10-25 02:10", fold=1)

    assert hours.leave(local("2026-10-25 01:10")) == local("2026-10-25 02:30")
    assert hours.leave(again) == local("2026-10-25 02:30", fold=1) > again


def test_what_the_jitter_would_carry_into_the_quiet_hours_moves_as_well():
    moved = quiet("23:00", "07:00").leave(local("2026-11-22 22:58"), timedelta(minutes=4))

    assert moved == local("2026-11-23 07:00")


def test_quiet_hours_that_leave_nearly_nothing_of_the_day_are_told_from_others():
    assert schedule.awake(time(23), time(7)) == timedelta(hours=16)
    assert schedule.awake(time(9), time(17)) == timedelta(hours=16)
    assert schedule.awake(time(7), time(6, 30)) == timedelta(minutes=30)


CRONS = ["", "* * * * *", "0 */6 * * *", "30 4 * * *", "*/15 22-23 * * *", "30 1,2 * * *", "0 9 * * 6", "59 22 * * *"]
ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca"]
minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))


moments = st.integers(1_700_000_000, 1_830_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(
    due=st.tuples(st.sampled_from(CRONS), st.integers(5, 3000)),
    zone=st.sampled_from(ZONES),
    after=moments,
    ends=st.tuples(minutes, minutes),
    key=st.integers(1, 10**6),
)
@example(("30 1,2 * * *", 60), "Europe/Berlin", datetime(2026, 10, 25, 1, 10, tzinfo=UTC), (time(3), time(3)), 1)
@example(("* * * * *", 60), "Europe/Berlin", datetime(2026, 10, 24, 23, 30, tzinfo=UTC), (time(23), time(2, 58)), 1)
def test_no_planned_time_lies_in_the_quiet_hours_and_times_always_advance(due, zone, after, ends, key):
    awake = ends[0] != ends[1] and schedule.awake(*ends) >= schedule.LEAST_AWAKE
    hours = schedule.Quiet(*ends, ZoneInfo(zone)) if awake else None
    jitter = schedule.jitter_of(key)

    found = schedule.next_times(*due, zone, after, 5, quiet=hours, jitter=jitter)

    assert all(earlier < later for earlier, later in pairwise([after, *found]))
    if hours:
        assert not any(hours.covers(moment) or hours.covers(moment + jitter) for moment in found)
