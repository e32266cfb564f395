"""What a person decided about matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from bgmsync.shared import audit
from bgmsync.shared.admin import OwnedAdmin, QuickAdmin
from sync import decisions, rulefile
from sync.admin.answer import NumberOrAddress
from sync.admin.answering import busy_text, outcome_text
from sync.admin.extent import code_of
from sync.models import MappingOverride
from trakt.models import Title

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.forms import ModelForm
    from django.http import HttpRequest
    from django.urls import URLPattern


class ImportForm(forms.Form):
    file = forms.FileField(label=_("Rules file"), help_text=_("A JSON file that was exported here."))


class RuleForm(forms.ModelForm):
    """A rule as it is typed. Addresses are taken as well as numbers."""

    owner: Any = None
    """Whose rule it is where the form does not ask."""

    subject_id = NumberOrAddress(
        "subject",
        label=_("Bangumi subject"),
        required=False,
        help_text=_("Its number or address: bgm.tv/subject/400602. Empty: leave this out."),
    )
    episode_id = NumberOrAddress(
        "ep",
        label=_("Bangumi episode"),
        required=False,
        help_text=_("For a special, which has no position: its number or address, bgm.tv/ep/1227087."),
    )

    class Meta:
        model = MappingOverride
        fields = (
            "kind",
            "trakt_id",
            "season",
            "first_episode",
            "last_episode",
            "subject_id",
            "first_position",
            "episode_id",
            "user",
            "note",
        )

    def clean(self) -> dict[str, Any]:
        """Refuse a rule beside another of the same owner about the same episodes: neither would go first."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        rule = MappingOverride(**{name: value for name, value in data.items() if name != "user"})
        rule.pk, rule.user = self.instance.pk, data.get("user", self.owner)
        if others := decisions.rivals_of(rule):
            raise ValidationError(
                _("Another rule is about some of these episodes already: %(rules)s. Change that one."),
                params={"rules": ", ".join(f"{code_of(other)} ({other})" for other in others)},
            )
        return data


@admin.register(MappingOverride)
class MappingOverrideAdmin(OwnedAdmin, QuickAdmin):
    form = RuleForm
    list_display = ("work", "episodes", "target", "note", "created_at")
    list_select_related = ("user",)
    sortable_by = ("created_at",)
    ordering = ("-id",)
    search_fields = ("=trakt_id", "=subject_id", "note")
    fieldsets = (
        (_("On Trakt"), {"fields": ("kind", "trakt_id", "season", "first_episode", "last_episode")}),
        (_("On Bangumi"), {"fields": ("subject_id", "first_position", "episode_id")}),
        (None, {"fields": ("user", "note")}),
    )

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002  # Django names it
        return () if request.user.is_superuser else ("user",)

    def get_fieldsets(self, request: HttpRequest, obj: MappingOverride | None = None) -> Any:
        if request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return (*self.fieldsets[:2], (None, {"fields": ("note",)}))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export/", view(require_GET(self.export_file)), name="sync_mappingoverride_export"),
            path("import/", view(self.import_file), name="sync_mappingoverride_import"),
            *super().get_urls(),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Tell the form whose rule it makes, so that it can compare it with the owner's other rules."""
        form: Any = super().get_form(request, obj, change, **kwargs)  # a class of this request's own
        form.owner = None if request.user.is_superuser else request.user
        return form

    def save_model(self, request: HttpRequest, obj: MappingOverride, form: ModelForm, change: bool) -> None:  # noqa: ARG002, FBT001  # Django's signature
        """Store the rule, a member's as the member's own, and let what it is about be judged anew."""
        if not request.user.is_superuser:
            obj.user = request.user
        before = MappingOverride.objects.get(pk=obj.pk) if change else None
        effect = decisions.effect_of(obj)
        outcome = decisions.replace(before, obj, obj.user or request.user)
        self._tell(request, outcome, effect)

    def delete_model(self, request: HttpRequest, obj: MappingOverride) -> None:
        effect = decisions.effect_of_removing(obj)
        self._tell(request, decisions.remove(obj, obj.user or request.user), effect)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for rule in queryset:
            self.delete_model(request, rule)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except decisions.UnderWay:
            return self._busy(request)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Say beforehand what deleting the rule would move."""
        rule = self.get_object(request, object_id)
        context: Any = {"effect": decisions.effect_of_removing(rule) if rule else None, **(extra_context or {})}
        try:
            return super().delete_view(request, object_id, context)
        except decisions.UnderWay:
            return self._busy(request)

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> Any:
        try:
            return super().response_action(request, queryset)
        except decisions.UnderWay:
            return self._busy(request)

    def export_file(self, request: HttpRequest) -> HttpResponse:
        owner = self._owner(request)
        name = "bgmsync-rules.json" if owner else "bgmsync-rules-for-everybody.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(rulefile.exported(owner), content_type="application/json", headers=headers)

    def import_file(self, request: HttpRequest) -> HttpResponse:
        owner = self._owner(request)
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid() and self._take_file(request, owner, form):
            return redirect("admin:sync_mappingoverride_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Import rules") if owner else gettext("Import rules for everybody"),
            "opts": self.opts,
            "form": form,
            "back": reverse("admin:sync_mappingoverride_changelist"),
        }
        status = 400 if form.errors else 200
        return TemplateResponse(request, "admin/sync/mappingoverride/import.html", context, status=status)

    def _take_file(self, request: HttpRequest, owner: Any, form: ImportForm) -> bool:
        content = form.cleaned_data["file"].read(rulefile.LARGEST + 1)
        try:
            count = rulefile.imported(content, owner)
        except rulefile.RuleFileError as error:
            form.add_error("file", ValidationError([*map(ValidationError, error.problems)]))
            return False
        except decisions.UnderWay:
            form.add_error("file", busy_text())
            return False
        audit.note(request, audit.Act.IMPORTED_RULES, owner)
        text = ngettext("%(n)s rule was imported.", "%(n)s rules were imported.", count) % {"n": count}
        messages.success(request, f"{text} {gettext('What they are about is judged anew within a minute.')}")
        return True

    def _owner(self, request: HttpRequest) -> Any:
        """Return whose rules are meant: the user's own or, as None and for superusers alone, those for everybody."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if "everybody" not in request.GET:
            return request.user
        if not request.user.is_superuser:
            raise PermissionDenied
        return None

    def _busy(self, request: HttpRequest) -> HttpResponse:
        messages.warning(request, busy_text())
        return redirect("admin:sync_mappingoverride_changelist")

    def _tell(self, request: HttpRequest, outcome: decisions.Outcome, effect: decisions.Effect) -> None:
        """Say what the rule moves."""
        if not outcome.reopened:
            return
        text = outcome_text(outcome)
        if effect.taken_back:
            words = ngettext(
                "Up to %(n)s tick that this program made is taken back.",
                "Up to %(n)s ticks that this program made are taken back.",
                effect.taken_back,
            )
            text = f"{text} {words % {'n': effect.taken_back}}"
        messages.info(request, text)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        empty = gettext("No rules yet. Deciding a review makes one; it goes before everything else.")
        context = {"title": gettext("Rules"), "empty_text": empty, **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(title_name=_title_name())

    @admin.display(description=_("on Trakt"))
    def work(self, override: Any) -> str:
        return override.title_name or f"{override.get_kind_display()} {override.trakt_id}"

    @admin.display(description=_("episodes"))
    def episodes(self, override: MappingOverride) -> str:
        return code_of(override)

    @admin.display(description=_("on Bangumi"))
    def target(self, override: MappingOverride) -> Any:
        if override.subject_id is None:
            return gettext("left out")
        return format_html(
            '<a href="https://bgm.tv/subject/{0}" rel="noreferrer">{0}</a> · {1}',
            override.subject_id,
            gettext("from position %(n)s") % {"n": override.first_position},
        )


def _title_name() -> Any:
    titles = Title.objects.filter(kind=OuterRef("kind"), trakt_id=OuterRef("trakt_id"))
    return Subquery(titles.values("title")[:1])
