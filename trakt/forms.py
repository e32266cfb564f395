"""The settings form, and the same settings as a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from trakt.models import TraktConfig, valid_cron
from trakt.rules import Rules

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

LONGEST_INTERVAL = 31 * 24 * 60
"""Minutes."""
LARGEST_FILE = 64 * 1024
BY_INTERVAL = "interval"
PRESETS = [
    ("", _("as written below")),
    (BY_INTERVAL, _("by the interval below")),
    ("0 * * * *", _("every hour")),
    ("0 */6 * * *", _("every six hours")),
    ("30 4 * * *", _("every day at 4:30")),
    ("0 21 * * *", _("every day at 21:00")),
    ("0 9 * * 6", _("every Saturday at 9:00")),
]


class ZoneInput(forms.TextInput):
    """A text field that suggests every zone there is, and works without suggestions as well."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        field = super().render(name, value, {**(attrs or {}), "list": "zones"}, renderer)
        zones = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
        options = format_html_join("", '<option value="{}"></option>', ((zone,) for zone in zones))
        return format_html('{}<datalist id="zones">{}</datalist>', field, options)


RULES = {name: type(value) for name, value in Rules().as_data().items()} | {"quiet_first": bool}
"""The rules of what is carried over, each with its type in a settings file."""


class TraktConfigForm(forms.ModelForm):
    preset = forms.ChoiceField(label=_("How often"), choices=PRESETS, required=False)
    interval_minutes = forms.IntegerField(
        label=_("Interval in minutes"),
        min_value=5,
        max_value=LONGEST_INTERVAL,
        help_text=TraktConfig._meta.get_field("interval_minutes").help_text,  # noqa: SLF001  # Django's documented API
    )

    class Meta:
        model = TraktConfig
        fields = (
            "enabled",
            "cron",
            "interval_minutes",
            "timezone",
            "quiet_from",
            "quiet_to",
            "history",
            "since",
            "scope",
            "threshold",
            "ask_first",
            "ask_above",
            "private",
            *RULES,
        )
        widgets = {
            "cron": forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocapitalize": "off"}),
            "timezone": ZoneInput(attrs={"spellcheck": "false"}),
            "quiet_from": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "quiet_to": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "since": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "threshold": forms.RadioSelect,
            "scope": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Let a rule that is not sent stay as it is: what sends the form may know of fewer rules."""
        super().__init__(*args, **kwargs)
        for name in RULES:
            self.fields[name].required = False

    def clean_timezone(self) -> str:
        return self.cleaned_data["timezone"].strip()

    def clean_cron(self) -> str:
        """Check the expression as it was written, so that a place that is named is the one that one sees."""
        cron = self.cleaned_data["cron"]
        if cron:
            valid_cron(cron)
        return " ".join(cron.split())

    def clean(self) -> dict[str, Any]:
        """Take the preset, unless the expression was written anew: then the person meant the expression."""
        data = super().clean() or self.cleaned_data
        preset = data.get("preset", "")
        if preset and "cron" not in self.changed_data:
            data["cron"] = "" if preset == BY_INTERVAL else preset
        return data


SETTINGS: dict[str, tuple[type, ...]] = {
    "enabled": (bool,),
    "cron": (str,),
    "interval_minutes": (int,),
    "timezone": (str,),
    "quiet_from": (str, type(None)),
    "quiet_to": (str, type(None)),
    "history": (bool,),
    "since": (str, type(None)),
    "scope": (str,),
    "threshold": (int,),
    "ask_first": (bool,),
    "ask_above": (int,),
    "private": (bool,),
    **{name: (kind,) for name, kind in RULES.items()},
}
"""What a settings file may hold, and as which types of JSON. Tokens are not among them."""


def to_file(config: TraktConfig) -> str:
    settings = {name: getattr(config, name) for name in SETTINGS}
    return json.dumps({"bgmsync": {"version": 1}, "settings": settings}, default=str, indent=2, ensure_ascii=False)


def from_file(config: TraktConfig, content: bytes) -> TraktConfigForm:
    """Return a valid form of what *content* sets; raise :class:`ValidationError` naming each key that is wrong.

    Keys that the file leaves out stay as they are.
    """
    given = _settings_in(content)
    problems = [gettext("Unknown key: %(key)s") % {"key": key} for key in given if key not in SETTINGS]
    for key, value in given.items():
        if key in SETTINGS and not _is_one_of(value, SETTINGS[key]):
            problems.append(gettext("%(key)s: a value of this type is not possible.") % {"key": key})
    if problems:
        raise ValidationError([*map(ValidationError, problems)])
    form = TraktConfigForm({**{name: getattr(config, name) for name in SETTINGS}, **given}, instance=config)
    if not form.is_valid():
        raise ValidationError([f"{key}: {text}" for key, texts in form.errors.items() for text in texts])
    return form


def _settings_in(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST_FILE:
        raise ValidationError(gettext("The file is too large to be a settings file."))
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise ValidationError(gettext("The file is not JSON.")) from None
    if not isinstance(data, dict) or not isinstance(data.get("settings"), dict):
        raise ValidationError(gettext("The file is not a settings file: it has no “settings”."))
    if strange := [key for key in data if key not in {"bgmsync", "settings"}]:
        raise ValidationError([gettext("Unknown key: %(key)s") % {"key": key} for key in strange])
    return data["settings"]


def _is_one_of(value: Any, types: tuple[type, ...]) -> bool:
    """Tell JSON's true from 1, which Python takes for the same."""
    if isinstance(value, bool):
        return bool in types
    return isinstance(value, types)
