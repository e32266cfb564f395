"""The pages of statistics: what a user's ledger adds up to, and a look back on each year."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from bgmsync.shared.admin import user_asked_for
from sync.admin import plots
from sync.admin.figures import (
    by_season,
    figures_of,
    longest_streak,
    ratings_between,
    tally_between,
    years_of,
)
from trakt.models import Title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.urls import URLPattern

    from sync.admin.figures import Play, Tally

HERE = "admin:sync_syncitem_statistics"
YEAR = "admin:sync_syncitem_year"
TOP_TITLES = 10
OLDEST = 1900
AN_HOUR = 60


class Statistics(admin.ModelAdmin):
    """Adds the statistics to the admin of items."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("statistics/", view(require_GET(self.statistics)), name="sync_syncitem_statistics"),
            path("statistics/<int:year>/", view(require_GET(self.year)), name="sync_syncitem_year"),
            *super().get_urls(),
        ]

    def statistics(self, request: HttpRequest) -> HttpResponse:
        """Show one's own, or, where a superuser asks for it, those of the user named in ``user``."""
        user = user_asked_for(self, request, request.GET.get("user", ""))
        figures = figures_of(user)
        today = timezone.localdate()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Statistics"),
            "opts": self.opts,
            "whose": user,
            "figures": figures,
            "tiles": _tiles(figures.plays, figures.days, figures.titles, figures.minutes),
            "years": _years(user, request.user),
            "months": plots.months_plot(figures.months, (today.year, today.month)),
            "seasons": plots.seasons_plot(figures.seasons),
            "ratings": plots.ratings_plot(figures.ratings),
            "quality": plots.quality_plot(figures.quality),
            "delay": plots.delay_plot(figures.delay),
        }
        return TemplateResponse(request, "admin/sync/syncitem/statistics.html", context)

    def year(self, request: HttpRequest, year: int) -> HttpResponse:
        """Look back on a year. One without plays has a page that says so; one yet to come has none."""
        user = user_asked_for(self, request, request.GET.get("user", ""))
        if not OLDEST <= year <= timezone.localdate().year:
            raise Http404
        first, last = date(year, 1, 1), date(year, 12, 31)
        tally = tally_between(user, first, last)
        titles = _titles(tally)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("A look back on %(year)s") % {"year": year},
            "opts": self.opts,
            "whose": user,
            "year": year,
            "years": _years(user, request.user, year),
            "statistics": _address(HERE, user, request.user),
            "tiles": _tiles(tally.plays, len(tally.days), len(tally.titles), tally.minutes),
            "calendar": plots.calendar_plot(tally.days, first, last),
            "months": plots.months_plot(tally.months, (year, 12), 12),
            "seasons": plots.seasons_plot(by_season(tally.subjects)),
            "ratings": plots.ratings_plot(ratings_between(user, first, last)),
            "top": _top(tally, titles),
            "highlights": _highlights(tally, titles),
        }
        return TemplateResponse(request, "admin/sync/syncitem/year.html", context)


def _tiles(plays: int, days: int, titles: int, minutes: int) -> list[tuple[object, str]]:
    hours = round(minutes / AN_HOUR)
    return [
        (_("plays"), f"{plays:,}"),
        (_("days with a play"), f"{days:,}"),
        (_("shows and films"), f"{titles:,}"),
        (_("hours"), f"{hours:,}"),
    ]


def _years(whose: Any, viewer: Any, here: int | None = None) -> list[dict[str, Any]]:
    return [
        {"year": year, "address": _address(YEAR, whose, viewer, year), "here": year == here} for year in years_of(whose)
    ]


def _address(name: str, whose: Any, viewer: Any, *arguments: int) -> str:
    address = reverse(name, args=arguments)
    return address if whose == viewer else f"{address}?{urlencode({'user': whose.pk})}"


def _titles(tally: Tally) -> dict[int, Title]:
    """Return the titles that the page names, in one query."""
    named = [title_id for title_id, _count in tally.titles.most_common(TOP_TITLES)]
    named += [play.title_id for play in (tally.first, tally.last) if play and play.title_id]
    return Title.objects.defer("seasons", "genres").in_bulk(named)


def _top(tally: Tally, titles: Mapping[int, Title]) -> list[dict[str, Any]]:
    """Return the titles that were watched most, each with its share of the first one's plays for a bar."""
    most = tally.titles.most_common(TOP_TITLES)
    return [
        {"title": titles[title_id], "count": count, "share": round(100 * count / most[0][1], 1)}
        for title_id, count in most
    ]


def _highlights(tally: Tally, titles: Mapping[int, Title]) -> list[dict[str, Any]]:
    """Return what is worth remembering: the first and the last play, the longest day, the longest row of days."""
    if not tally.first or not tally.last:
        return []
    first, last = (titles.get(play.title_id or 0, "–") for play in (tally.first, tally.last))
    day, most = max(tally.days.items(), key=lambda pair: (pair[1], pair[0]))
    begin, length = longest_streak(tally.days) or (day, 1)
    days = ngettext("%(n)s day in a row", "%(n)s days in a row", length) % {"n": length}
    return [
        {"name": _("The first"), "text": first, "when": _day(tally.first)},
        {"name": _("The last"), "text": last, "when": _day(tally.last)},
        {"name": _("The longest day"), "text": plots.plays_text(most), "when": date_format(day)},
        {
            "name": _("Without a break"),
            "text": days,
            "when": gettext("from %(day)s") % {"day": date_format(begin)},
        },
    ]


def _day(play: Play) -> str:
    return date_format(timezone.localtime(play.at))
