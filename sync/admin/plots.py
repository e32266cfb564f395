"""The plots of the first page and of the statistics: a figure's numbers as a picture, a sentence, and a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sync.admin import charts
from sync.admin.charts import Column, Part
from sync.admin.figures import MONTHS_A_SEASON, WITHIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.utils.safestring import SafeString

    from sync.admin.figures import Delay, Quality, Week

MONTHS = 24
SEASONS = 24
HALF = 480
"""The width of a plot that shares the page with another."""


@dataclass(frozen=True, slots=True)
class Plot:
    """``svg`` says its ``sentence`` to who does not see it; ``rows`` are the same numbers under ``head``."""

    svg: SafeString
    sentence: str
    head: Sequence[object]
    rows: Sequence[Sequence[object]]
    key: Sequence[tuple[str, object]] = ()
    """What the tones mean, where there are several."""


def plays_text(count: int) -> str:
    return ngettext("%(n)s play", "%(n)s plays", count) % {"n": count}


def calendar_plot(days: Mapping[date, int], first: date, last: date) -> Plot | None:
    """Plot the plays of each day; None where there are none."""
    if not days:
        return None
    texts = {day: (count, f"{date_format(day)}: {plays_text(count)}") for day, count in days.items()}
    best = max(days, key=lambda day: (days[day], day))
    sentence = gettext(
        "%(plays)s on %(days)s of the days from %(first)s to %(last)s. The most on %(best)s: %(most)s."
    ) % {
        "plays": plays_text(sum(days.values())),
        "days": len(days),
        "first": date_format(first),
        "last": date_format(last),
        "best": date_format(best),
        "most": days[best],
    }
    months: dict[date, list[int]] = {}
    for day, count in days.items():
        months.setdefault(day.replace(day=1), []).append(count)
    rows = [[month_name(month), sum(months[month]), len(months[month])] for month in sorted(months, reverse=True)]
    head = [gettext("Month"), gettext("Plays"), gettext("Days with a play")]
    return Plot(charts.calendar(texts, first, last, sentence), sentence, head, rows)


def weeks_plot(weeks: Sequence[Week]) -> Plot | None:
    """Plot how the runs of each week ended; None where there were none."""
    ended = [week for week in weeks if week.good or week.left or week.bad]
    if not ended:
        return None
    bars = [
        Column(
            date_format(week.begin, "M") if _is_first_of_month(week.begin) else "",
            (Part("good", week.good), Part("warn", week.left), Part("bad", week.bad)),
            gettext("Week of %(day)s: %(good)s succeeded, %(left)s left something over, %(bad)s failed")
            % {"day": date_format(week.begin), "good": week.good, "left": week.left, "bad": week.bad},
        )
        for week in weeks
    ]
    sentence = gettext(
        "Runs of the last %(weeks)s weeks: %(good)s succeeded, %(left)s left something over, %(bad)s failed."
    ) % {
        "weeks": len(weeks),
        "good": sum(week.good for week in weeks),
        "left": sum(week.left for week in weeks),
        "bad": sum(week.bad for week in weeks),
    }
    names = (gettext("succeeded"), gettext("left something over"), gettext("failed"))
    return Plot(
        charts.columns(bars, sentence, shares=True, width=HALF),
        sentence,
        [gettext("Week of"), *names],
        [[date_format(week.begin), week.good, week.left, week.bad] for week in reversed(ended)],
        list(zip(("good", "warn", "bad"), names, strict=True)),
    )


def months_plot(months: Mapping[tuple[int, int], int], last: tuple[int, int], count: int = MONTHS) -> Plot | None:
    """Plot the plays of the *count* months up to *last*, and list all there are."""
    if not months:
        return None
    shown = _months_until(last, count)
    names = {month: month_name(date(*month, 1)) for month in [*shown, *months]}
    bars = [_bar(_month_label(month), months.get(month, 0), names[month]) for month in shown]
    best = max(months, key=lambda month: (months[month], month))
    sentence = gettext("Plays by month. The most in %(best)s: %(most)s.") % {
        "best": names[best],
        "most": months[best],
    }
    rows = [[names[month], months[month]] for month in sorted(months, reverse=True)]
    return Plot(charts.columns(bars, sentence, width=HALF), sentence, [gettext("Month"), gettext("Plays")], rows)


def seasons_plot(seasons: Mapping[str, int]) -> Plot | None:
    """Plot the plays by the season in which the subject began: the latest ones, and list all there are."""
    if not seasons:
        return None
    names = sorted(seasons)
    bars = [_bar(_season_label(name), seasons.get(name, 0), name) for name in _seasons_until(names[-1], SEASONS)]
    best = max(names, key=lambda name: (seasons[name], name))
    sentence = gettext("Plays by season of broadcast. The most of %(best)s: %(most)s.") % {
        "best": best,
        "most": seasons[best],
    }
    rows = [[name, seasons[name]] for name in reversed(names)]
    return Plot(charts.columns(bars, sentence, width=HALF), sentence, [gettext("Season"), gettext("Plays")], rows)


def ratings_plot(ratings: Mapping[int, tuple[int, int]]) -> Plot | None:
    """Plot how often each rating was given, on Bangumi and on Trakt alone."""
    total = sum(sum(pair) for pair in ratings.values())
    if not total:
        return None
    there, alone = gettext("on Bangumi as well"), gettext("on Trakt alone")
    bars = [
        Column(
            str(rating),
            (Part("accent", pair[0]), Part("quiet", pair[1])),
            f"{rating}: {pair[0]} {there}, {pair[1]} {alone}",
        )
        for rating, pair in sorted(ratings.items())
    ]
    mean = sum(rating * sum(pair) for rating, pair in ratings.items()) / total
    sentence = ngettext("%(n)s rating, %(mean)s on average.", "%(n)s ratings, %(mean)s on average.", total) % {
        "n": total,
        "mean": f"{mean:.1f}",
    }
    return Plot(
        charts.columns(bars, sentence, width=HALF),
        sentence,
        [gettext("Rating"), there, alone],
        [[rating, *ratings[rating]] for rating in sorted(ratings, reverse=True)],
        [("accent", there), ("quiet", alone)],
    )


QUALITY = {
    "high": ("good", _("sure: high")),
    "medium": ("info", _("sure: medium")),
    "low": ("quiet", _("sure: low")),
    "by_person": ("accent", _("decided by a person")),
    "in_review": ("warn", _("in review")),
}


def quality_plot(quality: Quality) -> Plot | None:
    """Plot how what is about a subject came to it."""
    if not quality.total:
        return None
    counts = quality._asdict()
    named = [(tone, str(name), counts[field]) for field, (tone, name) in QUALITY.items()]
    parts = [(Part(tone, count), f"{name}: {count}") for tone, name, count in named]
    sentence = gettext("How sure the matches are: %(list)s.") % {
        "list": "; ".join(f"{name} {share(count, quality.total)}" for _tone, name, count in named if count)
    }
    rows = [[name, count, share(count, quality.total)] for _tone, name, count in named]
    head = [gettext("Match"), gettext("Items"), gettext("Share")]
    key = [(tone, f"{name}: {share(count, quality.total)}") for tone, name, count in named if count]
    return Plot(charts.stacked(parts, sentence), sentence, head, rows, key)


def delay_plot(delay: Delay | None) -> Plot | None:
    """Plot how soon after watching plays were on Bangumi."""
    if delay is None:
        return None
    labels = [*(span(most) for most in WITHIN), gettext("later")]
    texts = [gettext("within %(time)s") % {"time": span(most)} for most in WITHIN]
    texts.append(gettext("later than %(time)s") % {"time": span(WITHIN[-1])})
    bars = [
        Column(label, (Part("accent", count),), f"{text}: {plays_text(count)}")
        for label, text, count in zip(labels, texts, delay.within, strict=True)
    ]
    sentence = gettext(
        "Half of the plays were on Bangumi within %(median)s after you watched them, nine of ten within %(p90)s."
    ) % {"median": span(delay.median), "p90": span(delay.p90)}
    rows = [[text, count, share(count, delay.total)] for text, count in zip(texts, delay.within, strict=True)]
    head = [gettext("How soon"), gettext("Plays"), gettext("Share")]
    return Plot(charts.columns(bars, sentence, width=HALF), sentence, head, rows)


def share(count: int, total: int) -> str:
    percent = 100 * count / total
    return f"{percent:.1f} %" if 0 < percent < 1 or 99 < percent < 100 else f"{percent:.0f} %"  # noqa: PLR2004  # never 0 % of some, nor 100 % of not all


def span(length: timedelta) -> str:
    """Write a length of time by its largest unit, with a tenth where that is short."""
    seconds = length.total_seconds()
    for size, text in (
        (86400, lambda n: ngettext("%(n)s day", "%(n)s days", n)),
        (3600, lambda n: ngettext("%(n)s hour", "%(n)s hours", n)),
        (60, lambda n: ngettext("%(n)s minute", "%(n)s minutes", n)),
    ):
        if seconds >= size:
            count = round(seconds / size, 1 if seconds < 10 * size else None)
            count = int(count) if count == int(count) else count
            return text(1 if count == 1 else 2) % {"n": count}
    return gettext("less than a minute")


def month_name(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


def _is_first_of_month(monday: date) -> bool:
    return monday.day <= charts.WEEK


def _bar(label: str, count: int, name: str) -> Column:
    return Column(label, (Part("accent", count),), f"{name}: {plays_text(count)}")


def _month_label(month: tuple[int, int]) -> str:
    """Name every third month, so that there is room; January by its year."""
    year, number = month
    if number == 1:
        return str(year)
    return date_format(date(year, number, 1), "M") if number % MONTHS_A_SEASON == 1 else ""


def _season_label(season: str) -> str:
    return season.removesuffix("-01") if season.endswith("-01") else ""


def _months_until(last: tuple[int, int], count: int) -> list[tuple[int, int]]:
    index = last[0] * 12 + last[1] - 1
    return [(place // 12, place % 12 + 1) for place in range(index - count + 1, index + 1)]


def _seasons_until(last: str, count: int) -> list[str]:
    year, month = map(int, last.split("-"))
    months = _months_until((year, month), MONTHS_A_SEASON * (count - 1) + 1)
    return [f"{year:04}-{month:02}" for year, month in months[::MONTHS_A_SEASON]]
