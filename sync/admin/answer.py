"""What a person's answer to "which one is it?" looks like when it is sent."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from sync.decisions import Answer, Scope

HOSTS = {"bgm.tv", "bangumi.tv", "chii.in"}
LARGEST = 2**31 - 1
LONGEST = 200
LAST_POSITION = 100_000


def number_in(text: str, what: str) -> int | None:
    """Return the number that *text* is, or that an address of Bangumi names: ``bgm.tv/subject/400602``.

    *what* is ``subject`` or ``ep``. None for anything else, such as another site's address; nothing is fetched.
    """
    text = text.strip()
    number = text if re.fullmatch(r"\d{1,10}", text, re.ASCII) else _in_address(text, what)
    return int(number) if number and 0 < int(number) <= LARGEST else None


def _in_address(text: str, what: str) -> str:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    if host not in HOSTS or parts.scheme not in {"http", "https"}:
        return ""
    found = re.fullmatch(rf"/{what}/(\d{{1,10}})(?:/.*)?", parts.path, re.ASCII)
    return found[1] if found else ""


class NumberOrAddress(forms.CharField):
    """A number on Bangumi, typed or pasted with its address."""

    def __init__(self, what: str, **options: Any) -> None:
        self.what = what
        super().__init__(max_length=LONGEST, **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        number = number_in(text, self.what)
        if number is None:
            raise ValidationError(
                _("“%(text)s” is neither a number nor an address such as bgm.tv/%(what)s/400602."),
                params={"text": text, "what": self.what},
            )
        return number


class AnswerForm(forms.Form):
    """A subject and the place in it. ``confirmed`` comes from the page that says what will be moved."""

    subject_id = NumberOrAddress("subject")
    position = forms.IntegerField(min_value=1, max_value=LAST_POSITION, required=False)
    episode_id = NumberOrAddress("ep", required=False)
    scope = forms.ChoiceField(choices=[(scope.value, scope.value) for scope in Scope], required=False)
    everybody = forms.BooleanField(required=False)
    confirmed = forms.BooleanField(required=False)

    def answer(self) -> Answer:
        data = self.cleaned_data
        scope = Scope(data["scope"] or Scope.RANGE)
        return Answer(data.get("subject_id"), data.get("position"), data.get("episode_id"), scope)

    def problem(self) -> str:
        """Return what is wrong, in one sentence."""
        return " ".join(str(text) for texts in self.errors.values() for text in texts)


class LeaveOutForm(AnswerForm):
    """Leave out: there is no subject to name."""

    subject_id = None
    position = None
    episode_id = None
