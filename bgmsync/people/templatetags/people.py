from __future__ import annotations

from django import template
from django.conf import settings

from bgmsync.people.joining import OPEN

register = template.Library()


@register.simple_tag
def registration_is_open() -> bool:
    return settings.REGISTRATION == OPEN
