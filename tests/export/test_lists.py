"""Ratings, collection, watchlist and what was dropped, from an archive: as the API tells them, and never over it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model

from sync.engine.kinds import KINDS, reading
from sync.models import SyncItem, SyncRun
from tests.export.making import play
from tests.export.test_storing import imported, new_of, rated
from trakt.models import TraktConfig
from trakt.schemas import Page, RatingRow, parse_rows

pytestmark = pytest.mark.django_db

SHOW = {"title": "A Show", "year": 2010, "ids": {"trakt": 9, "tmdb": 90}}
OLD, MIDDLE, NEW = "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2022-01-01T00:00:00Z"


@pytest.fixture
def alice():
    user = get_user_model().objects.create(username="alice")
    TraktConfig.objects.create(user=user, hidden="dropped")
    return user


def told_by_api(user, *rows, moved=None):
    """Store ratings as the reading of Trakt does, and that the list moved last at *moved*."""
    run = SyncRun.objects.create(user=user, trigger="button", status="succeeded")
    good, rejected = parse_rows(RatingRow, rows, "movie")
    page = Page(good, rejected, page=1, page_count=1, item_count=None, limit=100)
    reading._store_page(run, KINDS["ratings"], "", page)
    TraktConfig.objects.filter(user=user).update(activities={"ratings": [moved or NEW, ""]})


def ratings(user):
    rows = SyncItem.objects.filter(user=user, kind="ratings", gone_at=None)
    return {row.source_key: row.told["rating"] for row in rows}


def test_each_list_is_stored_under_the_keys_that_the_api_uses(alice):
    season = {"number": 2, "ids": {"trakt": 92}}
    owned = {"last_collected_at": OLD, "show": SHOW, "seasons": [{"number": 1, "episodes": [{"number": 3}]}]}
    found = imported(
        alice,
        {
            "ratings-movies.json": [rated(1)],
            "ratings-seasons.json": [{"rated_at": OLD, "rating": 7, "season": season, "show": SHOW}],
            "collection-movies.json": [{"collected_at": OLD, "movie": play(2)["movie"]}],
            "collection-shows.json": [owned],
            "lists-watchlist.json": [{"id": 1, "listed_at": OLD, "type": "show", "show": SHOW}],
            "hidden-dropped.json": [{"hidden_at": OLD, "show": SHOW}],
            "hidden-progress-watched.json": [{"hidden_at": OLD, "type": "show", "show": SHOW}],
        },
    )
    stored = SyncItem.objects.order_by("kind", "source_key").values_list("kind", "source_key", "told")
    assert list(stored) == [
        ("collection", "movie:2", {}),
        ("collection", "shows/show:9", {"seasons": [[1, 3]]}),
        ("hidden", "dropped/show:9", {}),
        ("hidden", "hidden/show:9", {}),
        ("ratings", "movie:1", {"rating": 8}),
        ("ratings", "season:9:2", {"rating": 7}),
        ("watchlist", "show:9", {}),
    ]
    assert set(new_of(found).values()) == {1}


def test_importing_again_changes_nothing(alice):
    files = {"ratings-movies.json": [rated(1), {"rating": 11}], "lists-watchlist.json": []}
    imported(alice, files)
    before = list(SyncItem.objects.order_by("pk").values())
    assert new_of(imported(alice, files)) == {"ratings-movies.json": 0, "lists-watchlist.json": 0}
    assert list(SyncItem.objects.order_by("pk").values()) == before


def test_a_later_archive_renews_a_rating_and_lets_it_be_judged_anew(alice):
    imported(alice, {"ratings-movies.json": [rated(1, 5, OLD)]})
    SyncItem.objects.update(state="done")
    imported(alice, {"ratings-movies.json": [rated(1, 9, NEW)]})
    assert ratings(alice) == {"movie:1": 9}
    assert SyncItem.objects.get().state == "new"


def test_an_older_archive_does_not_bring_an_older_rating_back(alice):
    imported(alice, {"ratings-movies.json": [rated(1, 9, NEW)]})
    assert new_of(imported(alice, {"ratings-movies.json": [rated(1, 5, OLD)]})) == {"ratings-movies.json": 0}
    assert ratings(alice) == {"movie:1": 9}


def test_of_two_rows_about_one_thing_the_later_counts_wherever_it_stands(alice):
    imported(alice, {"ratings-movies.json": [rated(1, 9, NEW), rated(1, 5, OLD)]})
    assert ratings(alice) == {"movie:1": 9}


def test_a_rating_that_the_api_told_wins_over_an_older_archive(alice):
    told_by_api(alice, rated(1, 9, MIDDLE), moved=MIDDLE)
    imported(alice, {"ratings-movies.json": [rated(1, 5, OLD)]})
    assert ratings(alice) == {"movie:1": 9}


def test_what_the_apis_list_lacked_does_not_come_back_with_an_older_archive(alice):
    """It was taken off Trakt before the list was read: had it been there, the ledger would know it."""
    told_by_api(alice, rated(1), moved=MIDDLE)
    imported(alice, {"ratings-movies.json": [rated(2, 5, OLD)]})
    assert ratings(alice) == {"movie:1": 8}


def test_what_was_rated_after_the_api_told_is_news(alice):
    told_by_api(alice, rated(1), moved=MIDDLE)
    imported(alice, {"ratings-movies.json": [rated(2, 5, NEW), rated(1, 3, NEW)]})
    assert ratings(alice) == {"movie:1": 3, "movie:2": 5}


def test_what_is_gone_from_trakt_comes_back_only_when_it_was_rated_again_since(alice):
    imported(alice, {"ratings-movies.json": [rated(1, 5, OLD)]})
    SyncItem.objects.update(gone_at=datetime(2021, 6, 1, tzinfo=UTC), gone_reads=2)
    imported(alice, {"ratings-movies.json": [rated(1, 6, MIDDLE)]})
    assert ratings(alice) == {}
    imported(alice, {"ratings-movies.json": [rated(1, 7, NEW)]})
    assert ratings(alice) == {"movie:1": 7}


def test_what_an_archive_lacks_is_not_removed(alice):
    told_by_api(alice, rated(1), rated(2))
    imported(alice, {"ratings-movies.json": []})
    assert ratings(alice) == {"movie:1": 8, "movie:2": 8}


def test_a_row_without_a_date_changes_nothing_that_is_known(alice):
    imported(alice, {"ratings-movies.json": [rated(1, 9, None)]})
    imported(alice, {"ratings-movies.json": [rated(1, 5, None)]})
    assert ratings(alice) == {"movie:1": 9}


def test_a_row_that_can_not_be_understood_is_kept_with_its_place(alice):
    imported(alice, {"ratings-movies.json": [rated(1), {"rating": 8}]})
    item = SyncItem.objects.get(title=None)
    assert (item.kind, item.reason, item.detail[:27]) == ("ratings", "unreadable_row", "ratings-movies.json, row 2:")


def test_the_longest_ids_make_keys_that_the_ledger_holds(alice):
    season = {"number": 2**31 - 1, "ids": {"trakt": 1}}
    show = {"title": "S", "ids": {"trakt": 2**63 - 1}}
    row = {"hidden_at": OLD, "type": "season", "season": season, "show": show}
    imported(alice, {"hidden-progress-watched.json": [row], "hidden-dropped.json": [row]})
    longest = SyncItem._meta.get_field("source_key").max_length
    assert all(len(item.source_key) <= longest for item in SyncItem.objects.all())
    assert SyncItem.objects.count() == 2
