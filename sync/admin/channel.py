"""Where a user is told what happens: their channels, whether they work, and a test of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from bgmsync.shared.admin import OwnedAdmin, QuickAdmin
from bgmsync.shared.html import Look, ago, badge
from sync.models import NotificationChannel
from sync.models.channel import CHOSEN, Event, Signal, Trouble
from sync.notifying import outbox, sending, telling
from sync.notifying.addresses import is_web, label_of, names_private_host

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

Kind = NotificationChannel.Kind

FIRST_CHOSEN = [event for event in CHOSEN if event != Event.DIGEST]
SETTINGS = ("name", "kind", "events", "with_titles", "enabled")
"""What the form writes; how the last delivery went is written by whoever delivers."""
LONGEST_ADDRESS = 2000
EXAMPLES = (
    (_("Mail"), "mailtos://user:password@gmail.com?to=you@example.com"),
    ("Telegram", "tgram://123456789:bot-token/chat-id"),
    (_("WeCom group robot"), "wecombot://key"),
    (_("DingTalk robot"), "dingtalk://secret@token"),
    (_("Feishu robot"), "feishu://token"),
    (_("ServerChan"), "schan://send-key"),
    ("PushPlus", "pushplus://token"),
    ("Bark", "barks://api.day.app/device-key"),
    ("Discord", "discord://webhook-id/webhook-token"),
    ("ntfy", "ntfys://ntfy.sh/your-topic"),
    (_("Webhook with JSON"), "jsons://example.com/path"),
    (_("Monitor (Healthchecks)"), "https://hc-ping.com/your-uuid"),
)
REFUSALS = {
    Trouble.INVALID: _("No service is known for this address. Compare it with the examples below."),
    Trouble.UNREACHABLE: _("The address could not be checked just now. Try again in a minute."),
}


class ChannelForm(forms.ModelForm):
    """The address goes in and never comes out: the field is always shown empty."""

    new_address = forms.CharField(  # not "address": the form would be filled with the stored one
        label=_("Address"),
        required=False,
        max_length=LONGEST_ADDRESS,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Tell me when"),
        required=False,
        choices=[(event.value, event.label) for event in CHOSEN],
        widget=forms.CheckboxSelectMultiple,
        initial=[event.value for event in FIRST_CHOSEN],
        help_text=_("Each is told once, when it begins; not again while it stays so."),
    )

    class Meta:
        model = NotificationChannel
        fields = SETTINGS
        widgets = {"kind": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance.pk is None
        self.fields["new_address"].required = self.is_new
        said = _("It holds a key, so it is stored encrypted and never shown again. Examples stand below.")
        if not self.is_new:
            said = _("It is stored encrypted and never shown again. Empty: the stored one stays.")
        self.fields["new_address"].help_text = said

    def clean(self) -> dict[str, Any]:
        """Refuse an address that nothing can be sent to, and find out what may be shown of one that is good."""
        data = super().clean() or self.cleaned_data
        address, kind = data.get("new_address", "").strip(), data.get("kind")
        if not address and "kind" in self.changed_data and not self.is_new:
            self.add_error("new_address", _("Enter the address again: the stored one is of the other kind."))
        if kind == Kind.MESSAGE and not data.get("events") and "events" not in self.errors:
            self.add_error("events", _("Tick at least one, or turn the channel off."))
        if address and not self.errors:
            try:
                self.instance.label = _label_of(address, kind)
            except ValidationError as error:
                self.add_error("new_address", error)
        return data

    def save(self, commit: bool = True) -> NotificationChannel:  # noqa: FBT001, FBT002  # Django's signature
        channel = super().save(commit=False)
        if address := self.cleaned_data["new_address"].strip():
            channel.address = address
            channel.trouble, channel.trouble_status, channel.failing_since = "", None, None
        if commit:
            channel.save()
        return channel


def _label_of(address: str, kind: str | None) -> str:
    """Return what may be shown of *address*; raise :class:`ValidationError` where nothing can be sent to it."""
    if names_private_host(address) and not settings.NOTIFY_PRIVATE:
        raise ValidationError(_("This leads into a private network, which the operator of this installation forbids."))
    if kind == Kind.PING:
        if not is_web(address):
            raise ValidationError(_("A monitor's address begins with https:// or http://."))
        return label_of(address)
    found = sending.look(address)
    if found.trouble:
        raise ValidationError(REFUSALS.get(Trouble(found.trouble), REFUSALS[Trouble.INVALID]))
    return label_of(address, found.service)


@admin.register(NotificationChannel)
class NotificationChannelAdmin(OwnedAdmin, QuickAdmin):
    form = ChannelForm
    change_form_template = "admin/sync/notificationchannel/change_form.html"
    fields = ("name", "kind", "new_address", "events", "with_titles", "enabled")
    list_display = ("name", "leads_to", "works", "last_delivered", "tells")
    list_select_related = ("user",)
    sortable_by = ()
    actions = None
    ordering = ("id",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/test/", view(require_POST(self.send_test)), name="sync_notificationchannel_test"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Leave the addresses where they are: no page needs one, and one that can't be read must not stop a page."""
        return super().get_queryset(request).defer("address")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        empty = gettext("Nothing yet. Add a way to reach you, and you are told when something needs you.")
        context = {"title": gettext("Notifications"), "empty_text": empty, **(extra_context or {})}
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        channel = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {
            "title": gettext("Notifications"),
            "subtitle": None,  # its name stands on the card
            "examples": EXAMPLES,
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
            **(extra_context or {}),
        }
        if channel is not None:
            context |= {"works": _badge_of(channel), "trouble": channel.trouble_text()}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: NotificationChannel, form: forms.ModelForm, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Store what the form holds and nothing else: a worker may have delivered since the page was opened."""
        if not change:
            obj.user = request.user
            obj.save()
        else:
            anew = ("address", "label", "trouble", "trouble_status", "failing_since")
            obj.save(update_fields=[*SETTINGS, *(anew if form.cleaned_data["new_address"].strip() else ())])
        telling.begin(obj.user)

    def response_add(
        self,
        request: HttpRequest,
        obj: NotificationChannel,
        post_url_continue: Any = None,  # noqa: ARG002  # Django names it
    ) -> HttpResponse:
        messages.success(request, gettext("Saved. Send a test to see that it arrives."))
        return redirect("admin:sync_notificationchannel_change", obj.pk)

    def get_deleted_objects(
        self,
        objs: Any,
        request: HttpRequest,  # noqa: ARG002  # Django names it
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """Name the channels alone: the notes that go with them mean nothing to a person."""
        return [str(channel) for channel in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def send_test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a note this very moment, and say how it went."""
        channel = self.get_object(request, str(pk))
        if channel is None or not self.has_change_permission(request, channel):
            raise Http404
        is_ping = channel.kind == Kind.PING
        outcome = outbox.try_now(channel, Signal.TEST if is_ping else Event.TEST, {})
        if outcome.trouble:
            said = gettext("It did not arrive: %(why)s. Nothing else is affected; mend the address and try again.")
            messages.error(request, said % {"why": channel.trouble_text()})
        elif is_ping:
            messages.success(request, gettext("The monitor was told that a run succeeded, and took it."))
        else:
            messages.success(request, gettext("The service took it. Look whether it has arrived."))
        return redirect("admin:sync_notificationchannel_change", channel.pk)

    @admin.display(description=_("leads to"))
    def leads_to(self, channel: NotificationChannel) -> SafeString:
        return format_html('<span class="nowrap">{}</span>', channel.label)

    @admin.display(description=_("status"))
    def works(self, channel: NotificationChannel) -> SafeString:
        return _badge_of(channel)

    @admin.display(description=_("last delivered"))
    def last_delivered(self, channel: NotificationChannel) -> Any:
        return ago(channel.last_sent_at)

    @admin.display(description=_("tells"))
    def tells(self, channel: NotificationChannel) -> str:
        if channel.kind == Kind.PING:
            return gettext("each run")
        n = len(channel.events)
        return ngettext("%(n)s kind of news", "%(n)s kinds of news", n) % {"n": n}


def _badge_of(channel: NotificationChannel) -> SafeString:
    if not channel.enabled:
        return badge(Look("quiet", "stop"), gettext("off"))
    if channel.is_broken:
        return badge(Look("bad", "alert"), gettext("broken"))
    if channel.last_sent_at is None:
        return badge(Look("quiet", "dot"), gettext("not tried yet"))
    return badge(Look("good", "check"), gettext("works"))


def broken_of(user: Any) -> list[Model]:
    """Return the user's channels that do not deliver."""
    rows = NotificationChannel.objects.filter(user=user, enabled=True, failing_since__isnull=False)
    return list(rows.defer("address")[:5])
