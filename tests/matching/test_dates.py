from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sync.matching.dates import air_day, begin_day, iso, read_day

DAY = date(2022, 1, 9).toordinal()


@pytest.mark.parametrize(
    ("instant", "broadcast"),
    [
        ("2022-01-09T15:05:00+00:00", "2022-01-09"),  # five past midnight in Japan belongs to the evening before
        ("2022-01-09T19:59:00+00:00", "2022-01-09"),  # so does one minute to five
        ("2022-01-09T20:00:00+00:00", "2022-01-10"),  # at five the next broadcast day begins
        ("2022-01-09T10:30:00+00:00", "2022-01-09"),
        ("2022-01-09T19:30:00+09:00", "2022-01-09"),
    ],
)
def test_a_broadcast_day_ends_at_five_in_the_morning_in_japan(instant, broadcast):
    assert iso(air_day(datetime.fromisoformat(instant))) == broadcast


def test_a_naive_instant_is_taken_as_utc():
    assert air_day(datetime(2022, 1, 9, 10)) == DAY  # noqa: DTZ001 - naive on purpose


@pytest.mark.parametrize("instant", [None, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_impossible_instants_have_no_day(instant):
    assert air_day(instant) is None


def test_an_instant_at_the_edge_of_the_calendar_with_an_offset_has_no_day():
    assert air_day(datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))) is None


@pytest.mark.parametrize(
    "text",
    [
        "2011-01-08",
        "2011-1-8",
        "2011/01/08",
        "2011年1月8日",
        "2011.01.08",
        "08.01.2011",
        "January 8, 2011",
        " 2011-1-8 ",
    ],
)
def test_air_dates_are_read_however_people_write_them(text):
    assert read_day(text) == date(2011, 1, 8).toordinal()


@pytest.mark.parametrize(
    "text",
    ["", "2006", "2月25日", "20025-22", "原定2021-07-28", "未放送", "95:42", "2021-02-30", "0000-00-00", "32.13.2002"],
)
def test_what_is_no_whole_date_is_unknown(text):
    assert read_day(text) is None


def test_midnight_in_japan_in_bangumi_data_means_that_only_the_day_is_known():
    assert iso(begin_day("2014-02-04T15:00:00.000Z")) == "2014-02-05"


def test_a_late_night_begin_in_bangumi_data_belongs_to_the_evening_before():
    assert iso(begin_day("2013-04-06T16:58:00.000Z")) == "2013-04-06"


def test_a_begin_that_is_no_date_is_unknown():
    assert begin_day("") is None
