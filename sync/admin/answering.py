"""The pages on which a person decides: what waits, and the question whether to go on, with what it would move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from bgmsync.shared import audit
from bgmsync.shared.admin import QuickPaginator, user_asked_for
from sync import decisions
from sync.admin import review
from sync.admin.answer import AnswerForm, LeaveOutForm
from sync.admin.extent import sentence_of
from sync.admin.subjects import cards_of

if TYPE_CHECKING:
    from django.urls import URLPattern

    from sync.models import MappingOverride, SyncItem


class Answering(admin.ModelAdmin):
    """Adds the review, and the answers to it, to the admin of items."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("review/", view(require_GET(self.review)), name="sync_syncitem_review"),
            path("<int:pk>/choose/", view(require_POST(self.choose)), name="sync_syncitem_choose"),
            path("<int:pk>/leave-out/", view(require_POST(self.leave_out)), name="sync_syncitem_leave_out"),
            *super().get_urls(),
        ]

    def review(self, request: HttpRequest) -> HttpResponse:
        """Show what waits for the user, or, where a superuser asks for it, for the user named in ``user``."""
        user = user_asked_for(self, request, request.GET.get("user", ""))
        pages = QuickPaginator(review.waiting_groups(user), review.GROUPS)
        page = pages.get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Waiting for your decision"),
            "opts": self.opts,
            "groups": review.filled(user, list(page.object_list)),
            "page": page,
            "whose": user,
            "back": self._back_to_review(user, request.user, page.number),
        }
        return TemplateResponse(request, "admin/sync/syncitem/review.html", context)

    def choose(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._answer(request, self._mappable(request, pk), AnswerForm(request.POST))

    def leave_out(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._answer(request, self._mappable(request, pk), LeaveOutForm(request.POST))

    def _answer(self, request: HttpRequest, item: SyncItem, form: AnswerForm) -> HttpResponse:
        """Ask with what it would move; when that was confirmed, do it."""
        if not form.is_valid():
            messages.error(request, form.problem())
            return redirect(self._back(request, item))
        everybody = form.cleaned_data["everybody"]
        if everybody and not request.user.is_superuser:
            raise PermissionDenied
        rule = decisions.rule_for(item, form.answer(), everybody=everybody)
        if not form.cleaned_data["confirmed"]:
            return self._confirm(request, item, rule, form)
        try:
            outcome = decisions.decide(rule, item.user)
        except decisions.UnderWay:
            messages.warning(request, busy_text())
            return redirect(self._back(request, item))
        audit.note(request, audit.Act.DECIDED, item.user)
        messages.success(request, outcome_text(outcome))
        if outcome.run and not request.POST.get("back"):
            return redirect("admin:sync_syncrun_change", outcome.run.pk)
        return redirect(self._back(request, item))

    def _confirm(
        self, request: HttpRequest, item: SyncItem, rule: MappingOverride, form: AnswerForm
    ) -> TemplateResponse:
        replaced = decisions.superseded(rule)
        cards = cards_of([rule.subject_id])
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Leave it out?") if rule.subject_id is None else gettext("Is this right?"),
            "opts": self.opts,
            "item": item,
            "rule": rule,
            "extent": sentence_of(rule),
            "card": cards.get(rule.subject_id or 0),
            "replaced": replaced,
            "effect": decisions.effect_of(rule, without=replaced),
            "for_everybody": self._for_everybody(request, item, form),
            "sent": [(name, value) for name, value in request.POST.items() if name in form.fields and value],
            "back": self._back(request, item),
            "back_word": request.POST.get("back", ""),
        }
        return TemplateResponse(request, "admin/sync/syncitem/confirm.html", context)

    def _for_everybody(self, request: HttpRequest, item: SyncItem, form: AnswerForm) -> decisions.Effect | None:
        """Return what the same answer would do for everybody, to whoever may give it."""
        if not request.user.is_superuser:
            return None
        rule = decisions.rule_for(item, form.answer(), everybody=True)
        return decisions.effect_of(rule, without=decisions.superseded(rule))

    def _back(self, request: HttpRequest, item: SyncItem) -> str:
        """Return where the person came from: a page of the review, given by its number, or the item's own."""
        page = request.POST.get("back", "")
        if page.isascii() and page.isdecimal():
            return self._back_to_review(item.user, request.user, int(page))
        return reverse("admin:sync_syncitem_change", args=[item.pk])

    def _back_to_review(self, whose: Any, viewer: Any, page: int) -> str:
        query = {**({"page": page} if page > 1 else {}), **({"user": whose.pk} if whose.pk != viewer.pk else {})}
        address = reverse("admin:sync_syncitem_review")
        return f"{address}?{urlencode(query)}" if query else address

    def _own(self, request: HttpRequest, pk: Any) -> SyncItem:
        """Return the item, or answer 404: whether another member's item exists is nobody's business."""
        item = self.get_object(request, str(pk))
        if item is None:
            raise Http404
        if not self.has_view_permission(request, item):
            raise PermissionDenied
        return item

    def _mappable(self, request: HttpRequest, pk: int) -> SyncItem:
        item = self._own(request, pk)
        if item.title is None:
            raise Http404
        return item


def busy_text() -> str:
    return gettext(
        "A run is at these very plays right now and would write what it has decided. Nothing was changed; "
        "cancel the run, or wait until it is over, and answer again."
    )


def outcome_text(outcome: decisions.Outcome) -> str:
    """Say what was reopened, and which run acts on it."""
    if not outcome.reopened:
        return gettext("Kept. Everything is as it says already.")
    text = ngettext("Kept. %(n)s item is looked at again", "Kept. %(n)s items are looked at again", outcome.reopened)
    text %= {"n": outcome.reopened}
    if outcome.run and outcome.is_new:
        return gettext("%(text)s by run %(run)s, which was started.") % {"text": text, "run": outcome.run}
    if outcome.run:
        return gettext("%(text)s as soon as run %(run)s is over.") % {"text": text, "run": outcome.run}
    return gettext("%(text)s by the next run of those they belong to.") % {"text": text}
