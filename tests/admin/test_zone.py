from __future__ import annotations

from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from bgmsync.zone import UserTimeZone
from trakt.models import TraktConfig


def test_pages_show_times_in_the_users_own_zone(alice):
    TraktConfig.objects.create(user=alice, timezone="Asia/Shanghai")
    request = RequestFactory().get("/")
    request.user = alice

    answer = UserTimeZone(lambda _request: HttpResponse(timezone.get_current_timezone_name()))(request)

    assert answer.content == b"Asia/Shanghai"
    assert timezone.get_current_timezone_name() == "UTC"
