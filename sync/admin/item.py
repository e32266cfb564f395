"""Items: the ledger to browse, and for each item what it was, where it went, why, and what a person can decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from bgmsync.shared import audit
from bgmsync.shared.admin import MOST_COUNTED, OwnedAdmin, QuickAdmin, ReadOnlyAdmin, may_touch
from bgmsync.shared.html import NOTHING, ago, moment
from sync import decisions, runs
from sync.admin import looks
from sync.admin.answering import Answering
from sync.admin.evidence import sentences
from sync.admin.explain import explain
from sync.admin.factual import facts_of, short_fact
from sync.admin.review import options_of
from sync.admin.statistics import Statistics
from sync.admin.subjects import cards_of
from sync.admin.told import told_of
from sync.models import SyncItem, SyncRun
from sync.reasons import text_of
from trakt.models import Title

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

MOST_TITLES = 1_000
RECENT_RUNS = 30


class ReasonFilter(admin.SimpleListFilter):
    """The reasons that recent runs met: asking a large table which ones it holds would cost a scan."""

    title = _("reason")
    parameter_name = "reason__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002  # Django names it
        runs_seen = SyncRun.objects.all() if request.user.is_superuser else SyncRun.objects.filter(user=request.user)
        codes = {code for reasons in runs_seen.values_list("reasons", flat=True)[:RECENT_RUNS] for code in reasons}
        codes |= {request.GET[self.parameter_name]} if self.parameter_name in request.GET else set()
        return sorted(((code, str(text_of(code).short)) for code in codes), key=lambda pair: pair[1])

    def has_output(self) -> bool:
        return bool(self.lookup_choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:  # noqa: ARG002  # Django names it
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(SyncItem)
class SyncItemAdmin(Answering, Statistics, ReadOnlyAdmin, OwnedAdmin, QuickAdmin):
    shown_to_operators = True
    list_display = ("what", "watched", "state_badge", "subject", "why", "next_try")
    list_select_related = ("title", "user")
    list_filter = ("state", ReasonFilter, "kind")
    search_fields = ("title__title",)
    search_help_text = _("Title, as Trakt has it")
    sortable_by = ()
    actions = ("retry_selected",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/retry/", view(require_POST(self.retry)), name="sync_syncitem_retry"),
            path("retry/<slug:reason>/", view(require_POST(self.retry_reason)), name="sync_syncitem_retry_reason"),
            *super().get_urls(),
        ]

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  # Django names it
        queryset: QuerySet,
        search_term: str,
    ) -> tuple[QuerySet, bool]:
        """Search the titles, of which there are few, and then their items by index: as many as a list counts.

        Asked for the newest fifty of them at once, PostgreSQL walks through all items from the newest on instead.
        """
        titles = Title.objects.all()
        for word in search_term.split():
            titles = titles.filter(Q(title__icontains=word) | Q(original_title__icontains=word))
        if search_term.strip():
            found = queryset.filter(title__in=list(titles.values_list("pk", flat=True)[:MOST_TITLES]))
            newest = found.order_by("-pk").values_list("pk", flat=True)[:MOST_COUNTED]
            queryset = queryset.filter(pk__in=list(newest))
        return queryset, False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        state = request.GET.get("state__exact")
        title = gettext("Waiting for your decision") if state == SyncItem.State.REVIEW else gettext("Items")
        empty = gettext("Nothing was read from Trakt yet. The first run fills this list.")
        return super().changelist_view(request, {"title": title, "empty_text": empty, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002  # Django names it
        extra_context: Any = None,
    ) -> Any:
        item = self._own(request, object_id)
        written = item.state in decisions.WRITTEN
        shown = [item.subject_id, *item.targets, *(candidate["subject_id"] for candidate in item.candidates)]
        cards = cards_of(shown)
        context = {
            **self.admin_site.each_context(request),
            "title": str(item),
            "opts": self.opts,
            "original": item,
            "badge": looks.item_badge(item),
            "why": text_of(item.reason) if item.reason else None,
            "evidence": sentences(item.evidence),
            "confidence": looks.CONFIDENCES[item.confidence],
            "confidence_look": looks.CONFIDENCE_LOOKS[item.confidence],
            "options": [option for option in options_of([item], cards) if not (written and option.is_where(item))],
            "subject": cards.get(item.subject_id or 0),
            "targets": [cards[subject] for subject in item.targets if subject != item.subject_id],
            "facts": facts_of(item),
            "can_be_mapped": item.title is not None and may_touch(request, item),
            "may_touch": may_touch(request, item),
            "is_retried": item.state in SyncItem.RETRIED,
            "is_written": written,
            "explanation": explain(told_of(item, cards)),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/sync/syncitem/change_form.html", context)

    def retry(self, request: HttpRequest, pk: int) -> HttpResponse:
        item = self._own(request, pk)
        return self._retry(request, SyncItem.objects.filter(pk=item.pk), item.user)

    def retry_reason(self, request: HttpRequest, reason: str) -> HttpResponse:
        """Retry everything of one's own that failed or waits for one reason."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._retry(request, SyncItem.objects.filter(user=request.user, reason=reason), request.user)

    @admin.action(description=_("Retry the selected now"), permissions=["view"])
    def retry_selected(self, request: HttpRequest, items: QuerySet[SyncItem]) -> None:
        count = 0
        rows = SyncItem.objects.filter(pk__in=list(items.values_list("pk", flat=True)))
        for user in get_user_model().objects.filter(items__in=rows).distinct():
            if found := runs.retry_items(user, rows):
                runs.request(user, SyncRun.Trigger.RETRY, only_retry=True)
                audit.note(request, audit.Act.RETRIED, user)
                count += found
        messages.success(request, _retried(count))

    @admin.display(description=_("on Trakt"))
    def what(self, item: SyncItem) -> SafeString:
        name = item.title.title if item.title else item.source_key
        place = "" if item.season is None else f"S{item.season:02}"
        place += "" if item.number is None else f"E{item.number:02}"
        kind = "" if item.kind == SyncItem.Kind.HISTORY else short_fact(item)
        text = '<span class="title">{}</span> <span class="mono quiet">{}</span> <span class="quiet">{}</span>'
        return format_html(text, name, place, kind)

    @admin.display(description=_("date"))
    def watched(self, item: SyncItem) -> SafeString | str:
        return moment(item.watched_at) if item.watched_at else gettext("date unknown")

    @admin.display(description=_("next try"))
    def next_try(self, item: SyncItem) -> SafeString | str:
        return ago(item.next_try_at) if item.next_try_at and item.state in SyncItem.RETRIED else NOTHING

    @admin.display(description=_("state"))
    def state_badge(self, item: SyncItem) -> SafeString:
        return looks.item_badge(item)

    @admin.display(description=_("on Bangumi"))
    def subject(self, item: SyncItem) -> SafeString | str:
        if not item.subject_id:
            return NOTHING
        place = f" · {item.position}" if item.position else ""
        address = f"https://bgm.tv/subject/{item.subject_id}"
        return format_html('<a href="{}" rel="noreferrer">{}</a>{}', address, item.subject_id, place)

    @admin.display(description=_("reason"))
    def why(self, item: SyncItem) -> SafeString | str:
        return str(text_of(item.reason).short) if item.reason else NOTHING

    def _retry(self, request: HttpRequest, items: QuerySet[SyncItem], user: Any) -> HttpResponse:
        count = runs.retry_items(user, items)
        if not count:
            messages.info(request, gettext("There is nothing to retry."))
            return redirect("admin:sync_syncitem_changelist")
        run, _new = runs.request(user, SyncRun.Trigger.RETRY, only_retry=True)
        audit.note(request, audit.Act.RETRIED, user, run)
        messages.success(request, _retried(count))
        return redirect("admin:sync_syncrun_change", run.pk)


def _retried(count: int) -> str:
    return ngettext("%(n)s item is tried again.", "%(n)s items are tried again.", count) % {"n": count}
