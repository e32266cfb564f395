"""Numbers in, SVG out: what is drawn, and what those hear who do not see it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from sync.admin import plots
from sync.admin.charts import Column, Part, calendar, columns, level, stacked, thresholds
from sync.admin.figures import Delay, Quality, Week

FIRST, LAST = date(2025, 11, 24), date(2026, 11, 22)


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own


def rects(svg: str, tone: str = "") -> list[ET.Element]:
    return [one for one in drawn(svg).iter("rect") if not tone or one.get("class") == tone]


def test_a_day_without_plays_has_no_shade():
    assert level(0, (1, 2, 3)) == 0


def test_the_days_are_cut_into_quarters_so_that_one_binge_does_not_pale_the_others():
    cuts = thresholds([1, 1, 2, 2, 3, 3, 4, 400])

    assert [level(value, cuts) for value in (1, 3, 4, 400)] == [1, 2, 3, 4]


def test_days_that_are_all_alike_have_the_same_shade():
    cuts = thresholds([5, 5, 5])

    assert {level(5, cuts)} == {1}


def test_nothing_at_all_needs_no_shades():
    assert thresholds([0, 0]) == ()


def test_a_calendar_has_a_cell_for_each_day_and_a_column_for_each_week():
    cells = rects(calendar({}, FIRST, LAST, "nothing"))

    assert len(cells) == 364
    assert len({cell.get("x") for cell in cells}) == 52
    assert len({cell.get("y") for cell in cells}) == 7


def test_a_year_that_does_not_begin_on_a_monday_keeps_its_days_on_their_rows():
    cells = rects(calendar({}, date(2026, 1, 1), date(2026, 1, 5), "nothing"))

    rows = [int(cell.get("y", "")) for cell in cells]

    assert rows == [*sorted(rows[:4]), rows[0] - 3 * (rows[1] - rows[0])]


def test_a_day_says_what_it_had_when_it_is_pointed_at():
    svg = calendar({date(2026, 3, 1): (3, "1 March: 3 plays")}, FIRST, LAST, "three plays")

    [cell] = rects(svg, "l1")

    assert [title.text for title in cell.iter("title")] == ["1 March: 3 plays"]


def test_a_plot_is_a_picture_with_a_sentence():
    svg = drawn(calendar({}, FIRST, LAST, "Nothing <b>yet</b>"))

    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Nothing <b>yet</b>"


def test_the_parts_of_a_column_stand_on_top_of_one_another():
    svg = columns([Column("a", (Part("good", 3), Part("bad", 1)), "")], "x")

    [good], [bad] = rects(svg, "good"), rects(svg, "bad")

    assert float(good.get("height", "")) == 3 * float(bad.get("height", ""))
    assert float(bad.get("y", "")) + float(bad.get("height", "")) == float(good.get("y", ""))


def test_columns_share_one_scale():
    svg = columns([Column("a", (Part("good", 10),), ""), Column("b", (Part("good", 5),), "")], "x")

    high, low = (float(rect.get("height", "")) for rect in rects(svg, "good"))

    assert high == 2 * low


def test_columns_of_shares_are_all_equally_high():
    svg = columns([Column("a", (Part("good", 10),), ""), Column("b", (Part("good", 5),), "")], "x", shares=True)

    assert len({rect.get("height") for rect in rects(svg, "good")}) == 1


def test_what_is_little_beside_the_rest_is_still_seen():
    svg = columns([Column("a", (Part("good", 100_000), Part("bad", 1)), "")], "x")

    [bad] = rects(svg, "bad")

    assert float(bad.get("height", "")) >= 1


@pytest.mark.parametrize("svg", [columns([], "x"), columns([Column("a", (), "")], "x"), stacked([], "x")])
def test_nothing_is_drawn_of_nothing(svg):
    assert svg == ""


def test_parts_side_by_side_share_the_width():
    svg = stacked([(Part("good", 3), "three"), (Part("bad", 1), "one"), (Part("warn", 0), "none")], "x")

    [good], [bad] = rects(svg, "good"), rects(svg, "bad")

    assert float(bad.get("x", "")) == 480
    assert float(good.get("width", "")) > 2.9 * float(bad.get("width", ""))
    assert not rects(svg, "warn")


def test_what_comes_from_outside_is_escaped():
    svg = columns([Column("<b>", (Part("good", 1),), "<script>alert(1)</script>")], "x")

    assert "<script" not in svg
    assert "<b>" not in svg


def test_no_plot_has_a_style_or_a_script_of_its_own():
    weeks = [Week(date(2026, 11, 16), 1, 1, 1)]
    shown = [
        plots.calendar_plot({date(2026, 3, 1): 2}, FIRST, LAST),
        plots.weeks_plot(weeks),
        plots.months_plot({(2026, 3): 4}, (2026, 11)),
        plots.seasons_plot({"2024-01": 4}),
        plots.ratings_plot({7: (1, 1)}),
        plots.quality_plot(Quality(high=1)),
        plots.delay_plot(Delay(timedelta(hours=1), timedelta(hours=2), (1, 1, 0, 0, 0))),
    ]

    for plot in shown:
        assert plot is not None
        assert not re.search(r"\sstyle=|<script|\son\w+=", plot.svg)
        assert plot.rows
        assert all(len(row) == len(plot.head) for row in plot.rows)
        assert drawn(plot.svg).get("aria-label") == plot.sentence


@pytest.mark.parametrize(
    "plot",
    [
        plots.calendar_plot({}, FIRST, LAST),
        plots.weeks_plot([Week(FIRST, 0, 0, 0)]),
        plots.months_plot({}, (2026, 11)),
        plots.seasons_plot({}),
        plots.ratings_plot({}),
        plots.quality_plot(Quality()),
        plots.delay_plot(None),
    ],
)
def test_there_is_no_plot_of_nothing(plot):
    assert plot is None


def test_the_year_is_said_in_a_sentence_and_told_month_by_month():
    plot = plots.calendar_plot({date(2026, 3, 1): 2, date(2026, 3, 9): 5, date(2026, 4, 1): 1}, FIRST, LAST)

    assert plot is not None
    assert plot.sentence.startswith("8 plays on 3 of the days")
    assert plot.sentence.endswith("The most on March 9, 2026: 5.")
    assert plot.rows == [["April 2026", 1, 1], ["March 2026", 7, 2]]


def test_seasons_are_drawn_without_gaps_and_listed_as_they_are():
    plot = plots.seasons_plot({"2024-01": 4, "2023-04": 1})

    assert plot is not None
    assert len(rects(plot.svg, "over")) == plots.SEASONS
    assert plot.rows == [["2024-01", 4], ["2023-04", 1]]


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=90), "1.5 hours"),
        (timedelta(hours=23, minutes=59), "24 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=40, hours=3), "40 days"),
    ],
)
def test_a_length_of_time_is_told_by_its_largest_unit(length, text):
    assert plots.span(length) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 %"), (1, "0.1 %"), (500, "50 %"), (999, "99.9 %"), (1000, "100 %")])
def test_a_share_is_never_nothing_of_some_nor_all_of_not_all(count, text):
    assert plots.share(count, 1000) == text
