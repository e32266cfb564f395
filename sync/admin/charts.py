"""Plots, drawn on the server: numbers in, SVG out. Colours and sizes are classes of the theme; nothing is inline.

Every plot carries a sentence for those who do not see it, and the page shows the numbers beside it as a table.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEEK = 7
LEVELS = 4
"""Shades of a day that has something."""
CELL, GAP = 11, 3
PITCH = CELL + GAP
HEAD, SIDE = 18, 34
"""Room for the names of the months above the calendar, and of the days beside it."""
MONTH_ROOM = 2
"""Weeks that a month needs before the next one's name has room."""
PLOT_HEIGHT, FOOT, TOP = 120, 20, 20
LABEL = 14
"""Half of a label's width: the first and the last one keep so far from the edge."""
LEAST = 2
"""Height of a part that is there at all."""


class Part(NamedTuple):
    """A piece of a column. ``tone`` is a class of the theme: good, warn, bad, info, quiet, or accent."""

    tone: str
    value: float


class Column(NamedTuple):
    """``label`` stands below it, unless it is empty; ``text`` is what pointing at it says."""

    label: str
    parts: Sequence[Part]
    text: str

    @property
    def total(self) -> float:
        return sum(part.value for part in self.parts)


def level(value: int, thresholds: Sequence[int]) -> int:
    """Return the shade of a day: 0 for nothing, else 1 to :data:`LEVELS`."""
    return 1 + sum(value > threshold for threshold in thresholds) if value > 0 else 0


def thresholds(values: Sequence[int]) -> tuple[int, ...]:
    """Cut the days that have something into quarters, so that one binge does not make all the others pale."""
    found = sorted(value for value in values if value > 0)
    if not found:
        return ()
    return tuple(found[len(found) * quarter // LEVELS] for quarter in range(1, LEVELS))


def calendar(days: Mapping[date, tuple[int, str]], first: date, last: date, sentence: str) -> SafeString:
    """Draw a cell a day from *first* to *last*, a column a week that begins on Monday.

    *days* has the count of a day and what pointing at it says; a day that is not there has nothing.
    """
    begin = first - timedelta(days=first.weekday())
    weeks = (last - begin).days // WEEK + 1
    cuts = thresholds([count for count, _text in days.values()])
    cells = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        week, weekday = divmod((day - begin).days, WEEK)
        count, text = days.get(day, (0, ""))
        cells.append((SIDE + week * PITCH, HEAD + weekday * PITCH, level(count, cuts), _title(text)))
    squares = format_html_join(
        "", f'<rect x="{{}}" y="{{}}" width="{CELL}" height="{CELL}" rx="2" class="l{{}}">{{}}</rect>', cells
    )
    size = (SIDE + weeks * PITCH, HEAD + WEEK * PITCH)
    return _svg(
        "calendar", size, sentence, format_html("{}{}{}", _months(begin, first, weeks), _weekdays(begin), squares)
    )


def _months(begin: date, first: date, weeks: int) -> SafeString:
    names: list[tuple[int, str]] = []
    last_week = -MONTH_ROOM
    seen = 0
    for week in range(weeks):
        day = max(begin + timedelta(weeks=week), first)
        if day.month == seen:
            continue
        seen = day.month
        if week - last_week > MONTH_ROOM or not names:
            names.append((SIDE + week * PITCH, date_format(day, "M")))
        else:
            names[-1] = (SIDE + week * PITCH, date_format(day, "M"))
        last_week = week
    return format_html_join("", '<text x="{}" y="11">{}</text>', names)


def _weekdays(monday: date) -> SafeString:
    rows = [
        (HEAD + place * PITCH + CELL - 2, date_format(monday + timedelta(days=place), "D")) for place in (0, 2, 4, 6)
    ]
    return format_html_join("", '<text x="0" y="{}">{}</text>', rows)


def columns(bars: Sequence[Column], sentence: str, *, shares: bool = False, width: int = 640) -> SafeString:
    """Draw a column each, its parts on top of one another from the bottom; with *shares*, all equally high."""
    most = max((bar.total for bar in bars), default=0)
    if not most:
        return mark_safe("")  # nothing to draw
    pitch = width / len(bars)
    drawn = [_column(bar, place * pitch, pitch, bar.total if shares else most) for place, bar in enumerate(bars)]
    size = (width, TOP + PLOT_HEIGHT + FOOT)
    ground = format_html('<path class="ground" d="M0 {0}.5H{1}"></path>', TOP + PLOT_HEIGHT, width)
    top = mark_safe("") if shares else format_html('<text x="0" y="{}">{}</text>', TOP - 6, f"{most:,.0f}")
    return _svg("columns", size, sentence, format_html("{}{}{}{}", ground, top, _join(drawn), _labels(bars, pitch)))


def _column(bar: Column, left: float, pitch: float, most: float) -> SafeString:
    """Draw one column, and over its whole height a part that is not seen but answers to pointing."""
    width = max(pitch * 0.72, 1)
    bottom = float(TOP + PLOT_HEIGHT)
    rects = []
    for part in bar.parts:
        height = PLOT_HEIGHT * part.value / most if most else 0
        if not height:
            continue
        height = max(height, LEAST)
        bottom -= height
        rects.append((part.tone, f"{left + (pitch - width) / 2:.1f}", f"{bottom:.1f}", f"{width:.1f}", f"{height:.1f}"))
    drawn = format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>', rects)
    return format_html(
        '<g>{}<rect class="over" x="{}" y="{}" width="{}" height="{}"></rect>{}</g>',
        _title(bar.text),
        f"{left:.1f}",
        TOP,
        f"{pitch:.1f}",
        PLOT_HEIGHT,
        drawn,
    )


def _labels(bars: Sequence[Column], pitch: float) -> SafeString:
    width = pitch * len(bars)
    rows = [
        (f"{min(max((place + 0.5) * pitch, LABEL), width - LABEL):.1f}", TOP + PLOT_HEIGHT + 14, bar.label)
        for place, bar in enumerate(bars)
        if bar.label
    ]
    return format_html_join("", '<text class="mid" x="{}" y="{}">{}</text>', rows)


def stacked(parts: Sequence[tuple[Part, str]], sentence: str) -> SafeString:
    """Draw one bar over the whole width, of parts side by side, each with what pointing at it says."""
    total = sum(part.value for part, _text in parts)
    if not total:
        return mark_safe("")  # nothing to draw
    width, left, rects = 640.0, 0.0, []
    for part, text in parts:
        share = width * part.value / total
        if share:
            rects.append((part.tone, f"{left:.1f}", f"{max(share - 1.5, 1):.1f}", _title(text)))
        left += share
    drawn = format_html_join("", '<rect class="{}" x="{}" y="0" width="{}" height="18">{}</rect>', rects)
    return _svg("stacked", (int(width), 18), sentence, drawn)


def _svg(kind: str, size: tuple[int, int], sentence: str, inside: SafeString) -> SafeString:
    text = '<svg class="plot {}" viewBox="0 0 {} {}" preserveAspectRatio="{}" role="img" aria-label="{}">{}</svg>'
    ratio = "none" if kind == "stacked" else "xMinYMid"
    return format_html(text, kind, *size, ratio, sentence, inside)


def _title(text: str) -> SafeString:
    return format_html("<title>{}</title>", text) if text else mark_safe("")  # nothing to say


def _join(pieces: Sequence[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((piece,) for piece in pieces))
