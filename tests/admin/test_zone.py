from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from bgmsync.people.middleware import LanguageAndZone
from trakt.models import TraktConfig


def zone_of_page(user, **cookies):
    request = RequestFactory().get("/")
    request.user, request.COOKIES = user, cookies
    answer = LanguageAndZone(lambda _request: HttpResponse(timezone.get_current_timezone_name()))(request)
    return answer.content.decode()


def test_pages_show_times_in_the_users_own_zone(alice):
    TraktConfig.objects.create(user=alice, timezone="Asia/Shanghai")

    assert zone_of_page(alice, zone="Europe/Paris") == "Asia/Shanghai"
    assert timezone.get_current_timezone_name() == "UTC"


def test_who_has_no_schedule_sees_times_in_the_zone_of_the_browser(alice):
    assert zone_of_page(alice, zone="Europe/Paris") == "Europe/Paris"
    assert zone_of_page(AnonymousUser(), zone="Europe/Paris") == "Europe/Paris"


@pytest.mark.parametrize("name", ["Nowhere", "../../etc/passwd", "/etc/localtime", "\0", "Europe", "x" * 5000])
def test_a_zone_that_is_none_is_passed_over(alice, name):
    assert zone_of_page(alice, zone=name) == "UTC"
