"""The pages of statistics: whose they are, what they say with and without rows, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sync.models import Subject, SyncItem, SyncRun
from trakt.models import Title

STATISTICS = "/admin/sync/syncitem/statistics/"
YEAR = f"{STATISTICS}2025/"
MOST_QUERIES = 15


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


@pytest.fixture
def watched(alice):
    """Three days of Frieren and one of another, in 2025, and a rating."""
    frieren = Title.objects.create(kind="show", trakt_id=7, title="Frieren", year=2023)
    other = Title.objects.create(kind="movie", trakt_id=8, title="Look Back", year=2024)
    Subject.objects.create(pk=400602, date="2023-09-29")
    run = SyncRun.objects.create(user=alice, trigger="button", status="succeeded", finished_at=timezone.now())
    days = [(frieren, 3), (frieren, 4), (frieren, 4), (frieren, 5), (other, 20)]
    for number, (title, day) in enumerate(days):
        SyncItem.objects.create(
            user=alice,
            source_key=str(number),
            title=title,
            state="done",
            confidence=3,
            subject_id=400602 if title == frieren else None,
            watched_at=datetime(2025, 5, day, 12, tzinfo=UTC),
            runtime=30,
            run=run,
        )
    SyncItem.objects.create(
        user=alice,
        kind="ratings",
        source_key="show:7",
        title=frieren,
        state="done",
        told={"rating": 10},
        watched_at=datetime(2025, 6, 1, tzinfo=UTC),
    )
    return alice


def page(client, user, address=STATISTICS) -> str:
    client.force_login(user)
    return client.get(address).content.decode()


def test_the_statistics_show_each_plot_with_its_numbers(watched, client):
    shown = page(client, watched)

    for heading in ("By month", "By season of broadcast", "By rating", "How sure the matches are"):
        assert heading in shown
    assert shown.count('role="img"') == shown.count("The numbers</summary>") == 4
    assert "2023-07" in shown


def test_a_year_is_looked_back_on(watched, client):
    shown = page(client, watched, YEAR)

    assert "A look back on 2025" in shown
    assert "Frieren (2023)" in shown
    assert "3 days in a row" in shown
    assert "Look Back (2024)" in shown
    assert "2 plays" in shown
    assert "May 20, 2025" in shown


def test_nothing_of_another_member_is_counted(watched, bob, client):
    assert "Nothing is on Bangumi yet" in page(client, bob)
    assert "Frieren" not in page(client, bob, YEAR)


@pytest.mark.parametrize("address", [STATISTICS, YEAR])
def test_a_member_may_not_ask_for_anothers(watched, bob, client, address):
    client.force_login(bob)

    assert client.get(f"{address}?user={watched.pk}").status_code == 403


def test_a_superuser_may_look_at_a_members_and_sees_whose_it_is(watched, root, client):
    shown = page(client, root, f"{STATISTICS}?user={watched.pk}")

    assert "alice" in shown
    assert f"{YEAR}?user={watched.pk}" in shown


@pytest.mark.parametrize("wanted", ["0", "abc", "²"])
def test_a_user_that_does_not_exist_has_no_statistics(root, client, wanted):
    client.force_login(root)

    assert client.get(STATISTICS, {"user": wanted}).status_code == 404


@pytest.mark.parametrize("year", [0, 1899, 9999])
def test_a_year_that_cannot_be_has_no_page(alice, client, year):
    client.force_login(alice)

    assert client.get(f"{STATISTICS}{year}/").status_code == 404


def test_a_year_without_plays_says_so(watched, client):
    assert "No play of this year is on Bangumi." in page(client, watched, f"{STATISTICS}2020/")


def test_who_has_nothing_is_told_what_comes_and_where_to_begin(bob, client):
    shown = page(client, bob)

    assert "Nothing is on Bangumi yet" in shown
    assert "To the first steps" in shown


@pytest.mark.parametrize("address", [STATISTICS, YEAR, "/admin/"])
def test_the_pages_are_in_chinese_as_well(watched, client, address):
    client.cookies["django_language"] = "zh-hans"

    shown = page(client, watched, address)

    assert "统计" in shown
    for english in ("By month", "The numbers", "Your year", "A look back", "Plays that are", "Connections"):
        assert english not in shown


@pytest.mark.parametrize("address", [STATISTICS, YEAR, "/admin/"])
def test_more_rows_cost_no_more_queries(watched, client, address):
    client.force_login(watched)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    title = Title.objects.get(trakt_id=7)
    now = timezone.now()
    SyncItem.objects.bulk_create(
        SyncItem(
            user=watched,
            source_key=f"more-{n}",
            title=title,
            state="done",
            confidence=2,
            subject_id=n,
            watched_at=now - timedelta(days=n),
        )
        for n in range(600)
    )
    for _number in range(20):
        SyncRun.objects.create(user=watched, trigger="schedule", status="failed")
    cache.clear()

    with CaptureQueriesContext(connection) as many:
        client.get(address)

    assert len(many) <= len(few) + 1
    assert len(many) <= MOST_QUERIES


def test_every_plot_keeps_to_the_content_policy(watched, client):
    for address in (STATISTICS, YEAR, "/admin/"):
        shown = page(client, watched, address)
        assert " style=" not in shown
        assert "<style" not in shown
