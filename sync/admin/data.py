"""The data that matches are made from: whose it is, under which licence, and how old; its refresh for operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from bgmsync.shared import audit
from sync import mappings, mappingsets
from sync.admin.review import span
from sync.admin.subjects import cards_of
from sync.matching import datasets
from sync.matching.published import DataError
from sync.matching.sources import SOURCES
from trakt.models import Title

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

GIVES = {
    "bangumi-data": _("Bangumi subjects with their TMDB seasons, AniList and MyAnimeList ids and broadcast dates"),
    "bangumi-ext-linker": _("Bangumi subjects with their TMDB, TVDB and IMDb ids"),
    "anibridge": _("Episode ranges between AniList or MyAnimeList entries and seasons on TMDB and TVDB"),
}
"""What ``SOURCES`` says in English alone, since matching knows no languages."""
HERE = "admin:sync_subject_data"


class DataPages(admin.ModelAdmin):
    """Adds the page of the mapping data to the admin of subjects: every member may read it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("data/", view(require_GET(self.data)), name="sync_subject_data"),
            path("data/update/", view(require_POST(self.update_data)), name="sync_subject_update_data"),
            path("data/roll-back/", view(require_POST(self.roll_back)), name="sync_subject_roll_back"),
            *super().get_urls(),
        ]

    def data(self, request: HttpRequest) -> HttpResponse:
        known = mappings.status()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Data sources"),
            "opts": self.opts,
            "sources": _sources(),
            "known": known,
            "stamp": datasets.stamp(mappingsets.folder()),
            "can_roll_back": mappings.can_roll_back(),
            "asked": mappings.is_asked_for(),
            "changes": _changes(known) if request.user.is_superuser else [],
        }
        return TemplateResponse(request, "admin/sync/subject/data.html", context)

    def update_data(self, request: HttpRequest) -> HttpResponse:
        _operator_only(request)
        mappings.ask_for_refresh()
        audit.note(request, audit.Act.UPDATED_DATA)
        messages.success(request, gettext("A worker looks for newer data within a minute. This page says what came."))
        return redirect(HERE)

    def roll_back(self, request: HttpRequest) -> HttpResponse:
        _operator_only(request)
        try:
            mappings.roll_back()
        except DataError as error:
            messages.error(request, gettext("Nothing was changed: %(why)s") % {"why": error})
        else:
            audit.note(request, audit.Act.ROLLED_BACK_DATA)
            messages.success(request, gettext("The data from before is in use again, until newer data is published."))
        return redirect(HERE)


def _operator_only(request: HttpRequest) -> None:
    if not request.user.is_superuser:
        raise PermissionDenied


def _sources() -> list[dict[str, Any]]:
    in_use = datasets.load_datasets(mappingsets.folder())
    return [
        {
            "source": source,
            "gives": GIVES.get(source.name, source.gives),
            "version": in_use[source.name].version,
            "rows": len(in_use[source.name].rows),
        }
        for source in SOURCES
        if source.name in in_use
    ]


def _changes(known: mappings.Status) -> list[dict[str, Any]]:
    titles = Title.objects.defer("seasons").in_bulk({change.title for change in known.changes})
    cards = cards_of(subject for change in known.changes for subject in (change.before, change.now))
    return [
        {
            "title": titles.get(change.title),
            "season": change.season,
            "episodes": "" if change.season is None else span(change.first or 0, change.last or 0),
            "before": cards[change.before],
            "now": cards[change.now],
            "items": change.items,
        }
        for change in known.changes
    ]
