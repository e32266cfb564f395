"""Runs: the list, each one's report with its live progress, and the buttons that start, repeat, retry and cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from bgmsync.shared import audit
from bgmsync.shared.admin import OwnedAdmin, QuickAdmin, ReadOnlyAdmin, may_touch, user_asked_for
from bgmsync.shared.html import NOTHING, moment
from sync import runs
from sync.admin import approving, looks
from sync.admin.comparison import compared
from sync.admin.ready import what_is_missing
from sync.admin.report import in_seconds, progress, report
from sync.admin.undoing import Undoing
from sync.models import SyncRun

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

Trigger = SyncRun.Trigger
STARTED_BY_HAND = (Trigger.BUTTON, Trigger.PREVIEW, Trigger.FULL)


@admin.register(SyncRun)
class SyncRunAdmin(Undoing, ReadOnlyAdmin, OwnedAdmin, QuickAdmin):
    shown_to_operators = True
    list_display = ("status_badge", "when", "trigger_text", "duration", "outcome", "requests_made", "writes")
    list_display_links = ("status_badge", "when")
    list_select_related = ("user",)
    list_filter = ("status", "trigger")
    sortable_by = ()
    actions = ("rerun_selected", "retry_selected")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("start/", view(require_POST(self.start)), name="sync_syncrun_start"),
            path("<int:pk>/progress/", view(require_GET(self.progress)), name="sync_syncrun_progress"),
            path("<int:pk>/rerun/", view(require_POST(self.rerun)), name="sync_syncrun_rerun"),
            path("<int:pk>/retry/", view(require_POST(self.retry)), name="sync_syncrun_retry"),
            path("<int:pk>/approve/", view(require_POST(self.approve)), name="sync_syncrun_approve"),
            path("<int:pk>/pause/", view(require_POST(self.pause)), name="sync_syncrun_pause"),
            path("<int:pk>/resume/", view(require_POST(self.resume)), name="sync_syncrun_resume"),
            path("<int:pk>/cancel/", view(require_POST(self.cancel)), name="sync_syncrun_cancel"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        empty = gettext("No run yet. Start one on the settings page; a preview writes nothing.")
        context = {"title": gettext("Runs"), "empty_text": empty, **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002  # Django names it
        extra_context: Any = None,
    ) -> Any:
        """Show the run as a report; there is nothing on it to change."""
        run = self._own(request, object_id)
        if run.trigger == Trigger.UNDO:
            return self.undo_page(request, run)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Run %(number)s") % {"number": run},
            "opts": self.opts,
            "original": run,
            "foreign": run.user_id != request.user.pk,
            **report(run),
            **(approving.question_of(run) if may_touch(request, run) else {}),
            **compared(run),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/sync/syncrun/change_form.html", context)

    def progress(self, request: HttpRequest, pk: int) -> JsonResponse:
        """Tell a page that watches the run how far it is, as the same piece of page that it has."""
        run = self._own(request, pk)
        html = render_to_string("admin/sync/syncrun/progress.html", {"original": run, **progress(run)}, request)
        return JsonResponse({"final": not run.is_active, "html": html})

    def start(self, request: HttpRequest) -> HttpResponse:
        """Start a run for the user, or, where a superuser asks for it, for the user named in ``user``."""
        trigger = request.POST.get("trigger", "")
        if trigger not in STARTED_BY_HAND:
            raise Http404
        user = self._whose(request)
        if missing := what_is_missing(user):
            messages.error(request, missing)
            return redirect("admin:trakt_traktconfig_mine")
        if trigger == Trigger.FULL and not request.POST.get("confirmed"):
            return self._confirm(request, "full", gettext("Full resync?"), whose=user)
        return self._go(request, user, Trigger(trigger))

    def rerun(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self._own(request, pk)
        without_trakt = run.trigger == Trigger.IMPORT and run.only_retry
        return self._go(request, run.user, _trigger_of(run), only_retry=without_trakt)

    def retry(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self._own(request, pk)
        count = runs.retry_items(run.user, run.items.filter(state__in=("failed", "waiting")))
        if not count:
            messages.info(request, gettext("Nothing of this run failed or waits."))
            return redirect("admin:sync_syncrun_change", run.pk)
        return self._go(request, run.user, Trigger.RETRY, only_retry=True)

    def approve(self, request: HttpRequest, pk: int) -> HttpResponse:
        return approving.answer(request, self._own(request, pk))

    def pause(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self._own(request, pk)
        if runs.pause(run):
            audit.note(request, audit.Act.PAUSED, run.user, run)
        else:
            messages.info(request, gettext("This run can not be paused: it is not under way, or it is an undo."))
        return redirect("admin:sync_syncrun_change", run.pk)

    def resume(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self._own(request, pk)
        if runs.resume(run):
            audit.note(request, audit.Act.RESUMED, run.user, run)
        else:
            messages.info(request, gettext("This run is not paused any more, or another one is under way."))
        return redirect("admin:sync_syncrun_change", run.pk)

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self._own(request, pk)
        if runs.cancel(run):
            audit.note(request, audit.Act.CANCELLED, run.user, run)
            told = (
                gettext("Nothing was written. The next run plans it anew and asks you again.")
                if run.status == SyncRun.Status.AWAITING
                else gettext("The run stops after the subject it is at. What was written stays.")
            )
            messages.success(request, told)
        else:
            messages.info(request, gettext("The run is over already."))
        return redirect("admin:sync_syncrun_change", run.pk)

    @admin.action(description=_("Run the selected again"), permissions=["view"])
    def rerun_selected(self, request: HttpRequest, selected: QuerySet[SyncRun]) -> None:
        """Repeat the latest of the selected runs of each user: one run a user is under way at a time."""
        latest = {run.user_id: run for run in selected.select_related("user").order_by("pk")}
        new = sum(runs.request(run.user, _trigger_of(run))[1] for run in latest.values())
        for run in latest.values():
            audit.note(request, audit.Act.STARTED, run.user)
        messages.success(request, ngettext("%(n)s run was started.", "%(n)s runs were started.", new) % {"n": new})

    @admin.action(description=_("Retry what failed in the selected"), permissions=["view"])
    def retry_selected(self, request: HttpRequest, selected: QuerySet[SyncRun]) -> None:
        count = 0
        for run in selected.select_related("user"):
            found = runs.retry_items(run.user, run.items.filter(state__in=("failed", "waiting")))
            if found:
                runs.request(run.user, Trigger.RETRY, only_retry=True)
                audit.note(request, audit.Act.RETRIED, run.user, run)
            count += found
        messages.success(request, ngettext("%(n)s item is retried.", "%(n)s items are retried.", count) % {"n": count})

    @admin.display(description=_("status"))
    def status_badge(self, run: SyncRun) -> SafeString:
        return looks.run_badge(run)

    @admin.display(description=_("started"))
    def when(self, run: SyncRun) -> SafeString:
        return moment(run.created_at)

    @admin.display(description=_("started by"))
    def trigger_text(self, run: SyncRun) -> str:
        return run.get_trigger_display()

    @admin.display(description=_("took"))
    def duration(self, run: SyncRun) -> str:
        return in_seconds(run.seconds)

    @admin.display(description=_("outcome"))
    def outcome(self, run: SyncRun) -> SafeString:
        counts = [(state, n) for state, n in run.counts.items() if n]
        if not counts:
            return NOTHING
        return format_html(
            '<span class="counts">{}</span>',
            format_html_join("", "{}", ((looks.state_badge(state, f"{n} {_state(state)}"),) for state, n in counts)),
        )

    @admin.display(description=_("requests"))
    def requests_made(self, run: SyncRun) -> int:
        return sum(run.requests.values())

    def _own(self, request: HttpRequest, pk: Any) -> SyncRun:
        """Return the run, or answer 404: whether another member's run exists is nobody's business."""
        run = self.get_object(request, str(pk))
        if run is None:
            raise Http404
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return run

    def _whose(self, request: HttpRequest) -> Any:
        wanted = request.POST.get("user", "")
        if wanted and not wanted.isdecimal():
            raise PermissionDenied
        return user_asked_for(self, request, wanted)

    def _confirm(self, request: HttpRequest, what: str, title: str, **about: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **about}
        return TemplateResponse(request, f"admin/sync/syncrun/confirm_{what}.html", context)

    def _go(self, request: HttpRequest, user: Any, trigger: Trigger, *, only_retry: bool = False) -> HttpResponse:
        run, new = runs.request(user, trigger, only_retry=only_retry)
        if new:
            audit.note(request, audit.Act.RETRIED if only_retry else audit.Act.STARTED, user, run)
        else:
            messages.info(request, _under_way(run, only_retry=only_retry))
        return redirect("admin:sync_syncrun_change", run.pk)


def _trigger_of(run: SyncRun) -> Trigger:
    if run.dry_run:
        return Trigger.PREVIEW
    return Trigger.FULL if run.full else Trigger.BUTTON


def _under_way(run: SyncRun, *, only_retry: bool) -> str:
    if run.status == SyncRun.Status.AWAITING:
        return gettext("A plan waits for your approval already; this is it.")
    if only_retry:
        return gettext("A run is under way already; this is it. The retry follows as soon as it is over.")
    return gettext("A run is under way already; this is it.")


def _state(state: str) -> object:
    return looks.State(state).label if state in looks.State.values else state
