"""The pages on which a person undoes: what would come back is shown first, and only that is undone."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from bgmsync.shared import audit
from sync import undos
from sync.admin import looks
from sync.admin.report import can_be_undone, report
from sync.admin.subjects import cards_of
from sync.models import SyncItem, SyncRun
from sync.undolist import Line, lines_of
from sync.undos import Undo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.urls import URLPattern

    from sync.admin.subjects import Card

Status = SyncRun.Status
MOST_LINES = 300
"""Subjects that a section of the page lists; the rest is counted."""
UNDOABLE = (SyncItem.State.DONE,)


class SinceForm(forms.Form):
    since = forms.DateField(
        label=_("Since"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Every run that began on this day or later is undone, in your own time zone."),
    )

    def clean_since(self) -> datetime:
        since = timezone.make_aware(datetime.combine(self.cleaned_data["since"], time.min))
        if since > timezone.now():
            raise ValidationError(_("This day is yet to come."))
        return since


class Undoing(admin.ModelAdmin):
    """Adds undo to the admin of runs. An undo is a run, and its own page is where it is shown and agreed to."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        get_or_post = require_http_methods(["GET", "POST"])
        return [
            path("undo/since/", view(get_or_post(self.undo_since)), name="sync_syncrun_undo_since"),
            path("undo/item/<int:item>/", view(require_POST(self.undo_item)), name="sync_syncrun_undo_item"),
            path("<int:pk>/undo/", view(require_POST(self.undo)), name="sync_syncrun_undo"),
            path("<int:pk>/undo/exactly/", view(require_POST(self.undo_exactly)), name="sync_syncrun_undo_exactly"),
            *super().get_urls(),
        ]

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Preview the undo of a run; of a run that is an undo itself, preview that once more."""
        run = self._own(request, pk)
        if run.trigger == SyncRun.Trigger.UNDO:
            again = undos.same_as(run)
            return self._ask(request, run.user, Undo(run=again.run, items=again.items, since=again.since, preview=True))
        if not can_be_undone(run):
            messages.info(request, gettext("This run wrote nothing that could be taken back."))
            return redirect("admin:sync_syncrun_change", run.pk)
        return self._ask(request, run.user, Undo(run=run, preview=True))

    def undo_item(self, request: HttpRequest, item: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = SyncItem.objects.select_related("user")
        mine = rows if request.user.is_superuser else rows.filter(user=request.user)
        found = mine.filter(pk=item).first()
        if found is None:
            raise Http404
        if found.state not in UNDOABLE:
            messages.info(request, gettext("This program wrote nothing for it that could be taken back."))
            return redirect("admin:sync_syncitem_change", found.pk)
        return self._ask(request, found.user, Undo(items=(found.pk,), preview=True))

    def undo_since(self, request: HttpRequest) -> HttpResponse:
        """Ask for a day, and preview the undo of everything since."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = SinceForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._ask(request, request.user, Undo(since=form.cleaned_data["since"], preview=True))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Undo everything since…"),
            "opts": self.opts,
            "form": form,
            "days": settings.RUN_HISTORY_DAYS,
        }
        return TemplateResponse(request, "admin/sync/syncrun/undo_since.html", context)

    def undo_exactly(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Undo what a preview showed, and no more."""
        shown = self._own(request, pk)
        if not can_be_agreed_to(shown):
            messages.info(request, gettext("There is no preview here that could be agreed to. Ask for a new one."))
            return redirect("admin:sync_syncrun_change", shown.pk)
        return self._ask(request, shown.user, undos.same_as(shown, shown=shown))

    def _ask(self, request: HttpRequest, user: Any, undo: Undo) -> HttpResponse:
        run, new = undos.ask(user, undo)
        if new and not undo.preview:
            audit.note(request, audit.Act.UNDID, user, run)
        if not new:
            messages.info(request, gettext("A run is under way already: this is it. Undo when it is over."))
        return redirect("admin:sync_syncrun_change", run.pk)

    def undo_page(self, request: HttpRequest, run: SyncRun) -> HttpResponse:
        """Show an undo: how far it is, what comes back or came, and what does not."""
        lines = lines_of(run)
        cards = cards_of(line.plan.subject_id for line in lines)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Undo"),
            "opts": self.opts,
            "original": run,
            "foreign": run.user_id != request.user.pk,
            **report(run),
            "about": what_of(run),
            "verdict": verdict(run, lines),
            "sections": sections(run, lines, cards),
            "can_be_agreed_to": can_be_agreed_to(run),
            "can_be_asked_again": run.is_final and not can_be_agreed_to(run),
        }
        return TemplateResponse(request, "admin/sync/syncrun/undoing.html", context)

    def _own(self, request: HttpRequest, pk: Any) -> SyncRun:
        raise NotImplementedError


def can_be_agreed_to(run: SyncRun) -> bool:
    """Tell whether *run* is a preview of an undo that has something to put back, and is not overtaken."""
    if not (run.trigger == SyncRun.Trigger.UNDO and run.dry_run and run.status == Status.SUCCEEDED):
        return False
    if SyncRun.objects.filter(undo_shown=run).exists():
        return False
    return run.plans.filter(status="planned").exists()


def what_of(run: SyncRun) -> dict[str, Any]:
    """Return what the undo is about, for the line above its title."""
    if run.undo_since:
        return {"since": timezone.localtime(run.undo_since)}
    if run.undo_items:
        return {"facts": SyncItem.objects.filter(pk__in=run.undo_items, user=run.user_id).select_related("title")[:5]}
    return {"run": run.undoes}


def verdict(run: SyncRun, lines: Sequence[Line]) -> str:
    """Say in a sentence how the undo stands."""
    back = sum(bool(line.back) for line in lines)
    if run.dry_run and not run.is_final:
        return gettext("Comparing what was written with what Bangumi shows now. Nothing is written.")
    if run.dry_run and run.status == Status.SUCCEEDED and back:
        return ngettext(
            "%(n)s subject would be put back. Nothing was written yet.",
            "%(n)s subjects would be put back. Nothing was written yet.",
            back,
        ) % {"n": back}
    if run.status == Status.SUCCEEDED and not back:
        return gettext("There is nothing to put back.")
    if run.status == Status.SUCCEEDED:
        return ngettext(
            "%(n)s subject was put back. What stays, and why, is listed below.",
            "%(n)s subjects were put back. What stays, and why, is listed below.",
            back,
        ) % {"n": back}
    return str(report(run)["verdict"])


def sections(run: SyncRun, lines: Sequence[Line], cards: dict[int, Card]) -> list[dict[str, Any]]:
    """Return the lists of the page: what comes back, what stays as the user changed it, what can't be taken back."""
    heads = (
        ("back", gettext("What would come back") if run.dry_run else gettext("Put back on Bangumi"), "undo", ""),
        (
            "kept",
            gettext("Stays as it is"),
            "skip",
            gettext(
                "You changed this on Bangumi after it was written, or another play speaks for it. It is left alone."
            ),
        ),
        (
            "stuck",
            gettext("Can't be taken back"),
            "alert",
            gettext("What Bangumi lets no program do. If you like, do it by hand at bgm.tv."),
        ),
    )
    return [
        {
            "name": name,
            "title": title,
            "icon": icon,
            "text": text,
            "rows": [_row(line, getattr(line, name), cards) for line in told[:MOST_LINES]],
            "n": len(told),
            "more": max(len(told) - MOST_LINES, 0),
        }
        for name, title, icon, text in heads
        if (told := [line for line in lines if getattr(line, name)])
    ]


def _row(line: Line, sentences: list[str], cards: dict[int, Card]) -> dict[str, Any]:
    plan = line.plan
    badge = looks.plan_badge(plan)
    return {"card": cards[plan.subject_id], "sentences": sentences, "badge": badge, "trouble": line.trouble}
