"""What a schedule means, in a sentence, in English and in Chinese."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from trakt import schedule
from trakt.cron_words import in_words
from trakt.forms import PRESETS

SAID = {
    "0 * * * *": ("Every hour, on the hour", "每小时整点"),
    "* * * * *": ("Every minute", "每分钟"),
    "*/15 * * * *": ("Every 15 minutes", "每 15 分钟"),
    "5,35 * * * *": ("Every hour at minute 5 and 35", "每小时的第 5、35 分钟"),
    "0 */6 * * *": ("At 00:00, 06:00, 12:00 and 18:00, every day", "每天 00:00、06:00、12:00、18:00"),
    "30 4 * * *": ("At 04:30, every day", "每天 04:30"),
    "0 9 * * 6": ("At 09:00, on Saturday", "每星期六 09:00"),
    "0 9 * * 7": ("At 09:00, on Sunday", "每星期日 09:00"),
    "0 */2 * * *": ("Every 2 hours from 00:00 to 22:00, every day", "每天 00:00 至 22:00 每 2 小时"),
    "*/15 9-17 * * 1-5": (
        "Every 15 minutes from 09:00 to 17:45, on Monday to Friday",
        "每星期一至星期五 09:00 至 17:45 每 15 分钟",
    ),
    "*/7 9,11,14 * * *": (
        "At minute 0, 7, 14 … 56 past 09:00, 11:00 and 14:00, every day",
        "每天 09:00、11:00、14:00 后的第 0、7、14 … 56 分钟",
    ),
    "0 4 1,15 * *": ("At 04:00, on day 1 and 15 of every month", "每月的 1、15 日 04:00"),
    "0 4 L,LW * *": (
        "At 04:00, on the last day and the last working day of every month",
        "每月的最后一天、最后一个工作日 04:00",
    ),
    "0 4 1 */3 *": (
        "At 04:00, on day 1 of January, April, July and October",
        "一月、四月、七月、十月的 1 日 04:00",
    ),
    "0 4 * * 5#2": ("At 04:00, on the second Friday of every month", "每月的第二个星期五 04:00"),
    "0 4 * * 1,5L": (
        "At 04:00, on every Monday and the last Friday of every month",
        "每月的每个星期一、最后一个星期五 04:00",
    ),
    "5 4 * jan-mar sun": ("At 04:05, on Sunday in January to March", "一月至三月的每星期日 04:05"),
    "0 4 * 2 *": ("At 04:00, every day in February", "二月的每一天 04:00"),
    "0 4 1 * 1": ("At 04:00, on day 1 of every month, and also on Monday", "每月的 1 日，以及每星期一 04:00"),
    "0 4 */10 * 1": (
        "At 04:00, on day 1, 11, 21 and 31 of every month, if that is Monday",
        "每月的 1、11、21、31 日（仅当是星期一时） 04:00",
    ),
    "0 4 1 * 0-6": ("At 04:00, every day", "每天 04:00"),
    "": ("Every 6 hours, counted from the end of the last run", "每 6 小时（从上次同步结束算起）"),
}


@pytest.mark.parametrize("cron", SAID)
def test_a_schedule_is_said_in_words(cron):
    assert in_words(cron, 360) == SAID[cron][0]


@pytest.mark.parametrize("cron", SAID)
def test_a_schedule_is_said_in_chinese_as_well(cron):
    with translation.override("zh-hans"):
        assert in_words(cron, 360) == SAID[cron][1]


def test_an_interval_that_is_no_whole_hours_is_said_in_minutes():
    assert in_words("", 90) == "Every 90 minutes, counted from the end of the last run"


@pytest.mark.parametrize("preset", [cron for cron, _name in PRESETS if " " in cron])
def test_every_preset_has_its_words(preset):
    assert in_words(preset, 360)


def field(least, most):
    number = st.integers(least, most)
    span = st.tuples(number, number).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    term = st.one_of(number.map(str), span, st.just("*"), st.integers(1, 9).map(lambda step: f"*/{step}"))
    return st.lists(term, min_size=1, max_size=3).map(",".join)


@given(st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map(" ".join))
def test_whatever_can_be_read_can_be_said(cron):
    schedule.parse(cron)

    for language in ("en", "zh-hans"):
        with translation.override(language):
            said = in_words(cron, 360)
        assert said
        assert "%" not in said
