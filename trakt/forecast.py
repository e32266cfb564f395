"""What the settings page says of a schedule, saved or still being edited: its meaning, its next times, its mistakes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format

from trakt import schedule
from trakt.cron_words import in_words
from trakt.forms import TraktConfigForm
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import Any

SCHEDULE = ("cron", "interval_minutes", "timezone", "quiet_from", "quiet_to")
MISSING = "?"
"""Shown where a field of the expression is missing."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A cron expression that can't be read, cut around the part that is wrong."""

    before: str
    wrong: str
    after: str


@dataclass(frozen=True, slots=True)
class Forecast:
    zone: str = ""
    meaning: str = ""
    times: list[dict[str, str]] = field(default_factory=list)
    most_jitter: int = 0
    jitter: int = 0
    """Minutes, as the one above."""
    quiet: schedule.Quiet | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    marked: Marked | None = None


def forecast_of(config: TraktConfig) -> Forecast:
    return Forecast(
        zone=config.timezone,
        meaning=in_words(config.cron, config.interval_minutes),
        times=in_zone(config.next_times(), ZoneInfo(config.timezone)),
        most_jitter=schedule.JITTER // timedelta(minutes=1),
        jitter=math.ceil(config.jitter / timedelta(minutes=1)),
        quiet=config.quiet,
    )


def forecast_of_form(data: Mapping[str, Any], user_id: int) -> Forecast:
    """Return what a schedule that is being edited comes to; *user_id* says whose jitter counts."""
    form = TraktConfigForm(data)
    wrong = {name: [str(text) for text in form.errors[name]] for name in SCHEDULE if name in form.errors}
    if wrong:
        return Forecast(errors=wrong, marked=_marked(str(data.get("cron", "")).strip()))
    config = TraktConfig(user_id=user_id, **{name: form.cleaned_data[name] for name in SCHEDULE})
    return forecast_of(config)


def _marked(expression: str) -> Marked | None:
    try:
        schedule.parse(expression or "* * * * *")
    except schedule.CronError as error:
        start, end = error.span.start, error.span.end
        return Marked(
            f"{expression[:start]}{'' if end > start else ' '}", expression[start:end] or MISSING, expression[end:]
        )
    return None


def in_zone(times: Iterable[datetime], zone: ZoneInfo) -> list[dict[str, str]]:
    """Return *times* as a person of *zone* reads them, with the day of the week."""
    local = [timezone.localtime(moment, zone) for moment in times]
    return [
        {"iso": t.isoformat(), "day": date_format(t, "l"), "text": date_format(t, "DATETIME_FORMAT")} for t in local
    ]
