"""The comparison of Trakt and Bangumi: how much is in step, what is not and why, and the button that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from bgmsync.shared import audit
from bgmsync.shared.admin import OwnedAdmin, QuickAdmin, ReadOnlyAdmin, user_asked_for
from sync.admin.differences import ABOUT, FILTERS, lines_of, tabs_of, verdict_of
from sync.admin.remedies import remedy_of
from sync.models import ParityReport
from sync.parity import comparing, mending
from sync.reasons import text_of

if TYPE_CHECKING:
    from django.urls import URLPattern

ROWS = 50
"""Subjects on a page."""
MOST_CHOSEN = 2 * ROWS
"""Differences that one press may mend: those of a page."""


@admin.register(ParityReport)
class ParityReportAdmin(ReadOnlyAdmin, OwnedAdmin, QuickAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("compare/", view(require_POST(self.compare)), name="sync_parityreport_compare"),
            path("<int:pk>/progress/", view(require_GET(self.progress)), name="sync_parityreport_progress"),
            path("<int:pk>/fix/", view(require_POST(self.fix)), name="sync_parityreport_fix"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:  # noqa: ARG002  # Django names it
        """Show the user's last comparison, or, where a superuser asks for it, that of the user named in ``user``."""
        user = user_asked_for(self, request, request.GET.get("user", ""))
        comparing.bury_dead(user)
        return self._page(request, user, comparing.last_done(user))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002  # Django names it
        extra_context: Any = None,  # noqa: ARG002  # Django names it
    ) -> Any:
        """Lead to the page of the report's user: there is one comparison a user, the last one."""
        report = self._own(request, object_id)
        return self._page(request, report.user, comparing.last_done(report.user))

    def progress(self, request: HttpRequest, pk: int) -> JsonResponse:
        """Tell a page that watches how far it is, as the same piece of page that it has."""
        report = self._own(request, pk)
        html = render_to_string("admin/sync/parityreport/progress.html", {"active": report}, request)
        return JsonResponse({"final": report.is_final, "html": html})

    def compare(self, request: HttpRequest) -> HttpResponse:
        user = user_asked_for(self, request, request.POST.get("user", ""))
        _report, new = comparing.request(user)
        audit.note(request, audit.Act.COMPARED, user)
        if not new:
            messages.info(request, gettext("A comparison is under way already; this is it."))
        return redirect(_address(user, request.user))

    def fix(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have what was chosen written again, by a run."""
        report = self._own(request, pk)
        chosen = _chosen(request.POST.getlist("chosen"))
        if not chosen:
            messages.info(request, gettext("Nothing was chosen, so nothing was changed."))
            return redirect(_address(report.user, request.user, request.POST.get("show", "")))
        mended = mending.mend(report, chosen)
        if mended.run is None:
            messages.info(request, gettext("Nothing of what you chose is left to be mended. Compare again."))
            return redirect(_address(report.user, request.user))
        text = ngettext(
            "%(n)s difference is mended by this run.", "%(n)s differences are mended by this run.", mended.findings
        )
        if not mended.is_new:
            text = gettext("This run is under way already; what you chose follows it.")
        audit.note(request, audit.Act.MENDED, report.user, mended.run)
        messages.success(request, text % {"n": mended.findings})
        return redirect("admin:sync_syncrun_change", mended.run.pk)

    def _page(self, request: HttpRequest, user: Any, report: ParityReport | None) -> HttpResponse:
        shown = request.GET.get("show", "")
        shown = shown if shown in FILTERS else ""
        rows = FILTERS[shown](report.rows.select_related("title")) if report else ParityReport.objects.none()
        page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
        active = comparing.active_of(user)
        failed = _failed_since(user, report) if active is None else None
        lines = lines_of(list(page.object_list)) if report else []
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Trakt and Bangumi compared"),
            "opts": self.opts,
            "whose": user,
            "report": report,
            "active": active,
            "failed": failed,
            "why": text_of(failed.reason) if failed else None,
            "remedy": remedy_of(failed.reason) if failed else None,
            "verdict": verdict_of(report) if report else None,
            "tabs": tabs_of(report, shown) if report else [],
            "shown": shown,
            "about": ABOUT[shown],
            "page": page,
            "lines": lines,
            "can_fix": any(said.choice for line in lines for said in line.said),
            "query": _query(user, request.user, shown),
        }
        return TemplateResponse(request, "admin/sync/parityreport/change_list.html", context)

    def _own(self, request: HttpRequest, pk: Any) -> ParityReport:
        """Return the comparison, or answer 404: whether another member's exists is nobody's business."""
        report = self.get_object(request, str(pk))
        if report is None:
            raise Http404
        if not self.has_view_permission(request, report):
            raise PermissionDenied
        return report


def _failed_since(user: Any, report: ParityReport | None) -> ParityReport | None:
    """Return the attempt that failed after *report* was made, if the last one did."""
    last = ParityReport.objects.filter(user=user).first()
    return last if last and last.status == ParityReport.Status.FAILED and last != report else None


def _chosen(values: list[str]) -> dict[int, set[int]]:
    """Read what was ticked: each value is a row's key and the place of one of its differences."""
    chosen: dict[int, set[int]] = {}
    for value in values[:MOST_CHOSEN]:
        row, _dash, place = value.partition("-")
        if row.isascii() and row.isdecimal() and place.isascii() and place.isdecimal():
            chosen.setdefault(int(row), set()).add(int(place))
    return chosen


def _query(whose: Any, viewer: Any, shown: str = "") -> str:
    parts = {**({"show": shown} if shown else {}), **({"user": whose.pk} if whose.pk != viewer.pk else {})}
    return urlencode(parts)


def _address(whose: Any, viewer: Any, shown: str = "") -> str:
    query = _query(whose, viewer, shown if shown in FILTERS else "")
    address = reverse("admin:sync_parityreport_changelist")
    return f"{address}?{query}" if query else address
