"""The forms of these pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UserCreationForm, UsernameField
from django.utils.translation import gettext_lazy as _

from bgmsync.people.throttle import Limit, forgive, too_many
from bgmsync.shared.models import Profile
from trakt.forms import ZoneInput
from trakt.models import TraktConfig, valid_zone

MOST_PASSWORDS = 10
LANGUAGES = [("", _("as my browser asks for")), *settings.LANGUAGES]


def zone_field() -> forms.CharField:
    return forms.CharField(
        label=_("Time zone"),
        max_length=64,
        validators=[valid_zone],
        widget=ZoneInput(attrs={"spellcheck": "false", "data-zone": ""}),
        help_text=_("Your own, such as Asia/Shanghai: times are shown in it, and your schedule is read in it."),
    )


class JoinForm(UserCreationForm):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    timezone = zone_field()

    class Meta:
        model = get_user_model()
        fields = ("username",)
        field_classes = {"username": UsernameField}


class ProfileForm(forms.ModelForm):
    """What one chooses about oneself. The time zone is stored where the schedule is, and nowhere else."""

    language = forms.ChoiceField(
        label=_("Language"), choices=LANGUAGES, required=False, help_text=_("Notifications are in it, too.")
    )
    timezone = zone_field()

    class Meta:
        model = Profile
        fields = ("language", "timezone", "pictures_shown", "titles_shown")
        labels = {
            "pictures_shown": _("Show covers from Bangumi"),
            "titles_shown": _("Operators may see my titles"),
        }

    def __init__(self, *args: Any, config: TraktConfig, **kwargs: Any) -> None:
        super().__init__(*args, initial={"timezone": config.timezone}, **kwargs)
        self.config = config

    def save(self, commit: bool = True) -> Profile:  # noqa: FBT001, FBT002  # Django's signature
        if "timezone" in self.changed_data:
            self.config.timezone = self.cleaned_data["timezone"]
            self.config.plan_next()
            self.config.save(update_fields=["timezone", "next_run_at"])
        return super().save(commit)


class InvitationForm(forms.Form):
    uses = forms.IntegerField(label=_("For so many people"), min_value=1, max_value=500, initial=1)
    days = forms.IntegerField(label=_("Good for (days)"), min_value=1, max_value=365, initial=7)
    note = forms.CharField(
        label=_("Note"),
        max_length=200,
        required=False,
        help_text=_("For yourself and other operators: whom it is for."),
    )


class ByPassword(forms.Form):
    """Asks for the password of whoever acts, before something that can't be taken back."""

    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        limit = Limit("password", str(self.user.pk), MOST_PASSWORDS)
        if too_many(limit):
            raise forms.ValidationError(_("Too many tries. Wait ten minutes, and try again."))
        if not self.user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("That is not your password."))
        forgive(limit)
        return self.cleaned_data["password"]


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )


class TurnOnForm(ByPassword):
    """Asks for both: an app that does not work, or a person who is not the account's, must not lock anybody out."""

    code = forms.CharField(
        label=_("The code that the app shows now"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    field_order = ["code", "password"]
