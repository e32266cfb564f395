"""What of an archive comes into the ledger, and that no fact comes into it twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model

from sync.engine import importing, ledger, read
from sync.engine.adopt import adopt, aggregate_key
from sync.models import SyncItem, SyncRun
from tests.export.making import play, zipped
from trakt.export import ExportError, opened
from trakt.models import Title, TraktConfig
from trakt.schemas import HistoryRow, parse_rows

pytestmark = pytest.mark.django_db

IDS = {"trakt": 9, "tmdb": 90}
SHOW = {"title": "A Show", "year": 2010, "ids": IDS}


@pytest.fixture
def alice():
    return get_user_model().objects.create(username="alice")


def episode(number: int, **values):
    """Return a play of the first season's episode *number*."""
    one = {"season": 1, "number": number, "title": f"Part {number}", "ids": {"trakt": 900 + number}}
    row = {"id": 5_000 + number, "watched_at": f"2020-05-{number:02}T10:00:00.000Z", "action": "watch"}
    return row | {"type": "episode", "episode": one, "show": SHOW} | values


def watched(*numbers: int, plays: int = 1):
    """Return the aggregate of such plays."""
    episodes = [{"number": n, "plays": plays, "last_watched_at": f"2020-05-{n:02}T10:00:00.000Z"} for n in numbers]
    return {"plays": len(numbers), "show": SHOW, "seasons": [{"number": 1, "episodes": episodes}]}


def rated(number: int, rating: int = 8, at: str | None = "2020-01-01T00:00:00Z"):
    """Return a rating of the film *number*."""
    return {"rated_at": at, "rating": rating, "movie": play(number)["movie"]}


def imported(user, files):
    """Store what stands in *files* as a run does, and return what the run keeps of it."""
    run = SyncRun.objects.create(user=user, trigger="import", status="succeeded")
    config, _made = TraktConfig.objects.get_or_create(user=user)
    with opened(zipped(files)) as archive:
        list(importing.import_archive(run, config, archive))
    run.refresh_from_db()
    return run.archive


def new_of(archive):
    return {name: told["new"] for name, told in archive["files"].items()}


def told_by_api(user, *rows):
    """Store rows as the reading of Trakt does."""
    run = SyncRun.objects.create(user=user, trigger="button", status="succeeded")
    parsed, _rejected = parse_rows(HistoryRow, rows)
    titles = ledger.store_titles(read.titles_of(parsed))
    items = [read.item_of(run, row, titles) for row in parsed]
    adopt(items)
    return ledger.store_items(items)


def keys(user):
    return sorted(SyncItem.objects.filter(user=user).values_list("source_key", flat=True))


def test_plays_are_stored_under_their_history_ids(alice):
    found = imported(alice, {"watched-history-1.json": [episode(1), play(3)], "watched-history-2.json": [episode(2)]})
    assert keys(alice) == ["5001", "5002", "7000003"]
    assert new_of(found) == {"watched-history-1.json": 2, "watched-history-2.json": 1}
    item = SyncItem.objects.get(source_key="5002")
    assert item.title == Title.objects.get(kind="show", trakt_id=9)
    assert (item.season, item.number, item.episode_trakt_id) == (1, 2, 902)
    assert (item.state, item.run) == ("new", SyncRun.objects.get())


def test_importing_again_changes_nothing(alice):
    rows = [episode(1), play(2), {"id": "?"}, play(3, movie=None)]
    files = {"watched-history-1.json": rows, "watched-movies.json": [{"plays": 1, "movie": play(8)["movie"]}]}
    imported(alice, files)
    before = list(SyncItem.objects.order_by("pk").values())
    again = imported(alice, files)
    assert list(SyncItem.objects.order_by("pk").values()) == before
    assert set(new_of(again).values()) == {0}


def test_plays_that_the_api_told_are_not_new(alice):
    told_by_api(alice, episode(1), episode(2))
    found = imported(alice, {"watched-history.json": [episode(1), episode(2), episode(3)]})
    assert new_of(found) == {"watched-history.json": 1}


def test_two_users_have_each_their_own(alice):
    bob = get_user_model().objects.create(username="bob")
    imported(alice, {"watched-history.json": [episode(1)]})
    imported(bob, {"watched-history.json": [episode(1)]})
    assert keys(alice) == keys(bob) == ["5001"]


def test_an_archive_can_not_change_a_title_that_all_users_share(alice):
    told_by_api(alice, episode(1))
    lie = SHOW | {"title": "Another Show", "ids": IDS | {"tmdb": 666}}
    imported(alice, {"watched-history.json": [episode(2, show=lie)]})
    title = Title.objects.get(trakt_id=9)
    assert (title.title, title.tmdb_id) == ("A Show", 90)


def test_a_row_that_can_not_be_understood_is_kept_with_its_place(alice):
    imported(alice, {"watched-history-4.json": [episode(1), episode(2, episode=None), {"id": True}]})
    unread = SyncItem.objects.filter(title=None).order_by("detail")
    assert [item.reason for item in unread] == ["unreadable_row"] * 2
    assert unread[0].source_key == "5002"
    assert unread[0].detail.startswith("watched-history-4.json, row 2: ")
    assert unread[1].source_key.startswith("?")


def test_a_row_that_comes_in_order_later_becomes_the_play_it_is(alice):
    imported(alice, {"watched-history.json": [episode(2, episode=None)]})
    SyncItem.objects.update(state="failed")
    imported(alice, {"watched-history.json": [episode(2)]})
    item = SyncItem.objects.get()
    assert (item.source_key, item.number, item.state, item.reason) == ("5002", 2, "new", "")


def test_a_good_row_wins_over_one_of_the_same_id_that_can_not_be_understood(alice):
    imported(alice, {"watched-history.json": [episode(2), episode(2, episode=None)]})
    assert SyncItem.objects.get().number == 2


def test_nothing_is_stored_of_an_archive_whose_last_file_is_damaged(alice):
    with pytest.raises(ExportError):
        imported(alice, {"watched-history-1.json": [episode(1)], "watched-history-2.json": b"[{]"})
    assert keys(alice) == []
    assert not Title.objects.exists()


def test_aggregates_are_used_where_there_is_no_history(alice):
    movie = {"plays": 2, "last_watched_at": "2019-01-01T00:00:00Z", "movie": play(8)["movie"]}
    imported(alice, {"watched-shows.json": [watched(1, 2, 3)], "watched-movies.json": [movie]})
    show, film = Title.objects.get(kind="show"), Title.objects.get(kind="movie")
    assert keys(alice) == sorted([aggregate_key(film.pk), *(aggregate_key(show.pk, 1, n) for n in (1, 2, 3))])
    assert SyncItem.objects.get(number=2).watched_at == datetime(2020, 5, 2, 10, tzinfo=UTC)


def test_an_episode_without_plays_was_not_watched(alice):
    imported(alice, {"watched-shows.json": [watched(1, plays=0)]})
    assert keys(alice) == []


def test_aggregates_add_nothing_to_a_show_whose_history_is_there(alice):
    files = {"watched-shows.json": [watched(1, 2)], "watched-history-1.json": [episode(1)]}
    assert new_of(imported(alice, files)) == {"watched-history-1.json": 1, "watched-shows.json": 0}
    assert keys(alice) == ["5001"]


def test_aggregates_are_left_out_when_trakt_tells_the_plays_itself(alice):
    TraktConfig.objects.create(user=alice, state="connected", access_token="token")
    assert imported(alice, {"watched-shows.json": [watched(1)]})["skipped"] == {
        "watched-shows.json": {"rows": 1, "why": importing.TOLD_BY_TRAKT}
    }


def test_a_later_aggregate_adds_only_what_was_watched_since(alice):
    imported(alice, {"watched-shows.json": [watched(1, 2)]})
    assert new_of(imported(alice, {"watched-shows.json": [watched(1, 2, 3)]})) == {"watched-shows.json": 1}


@pytest.mark.parametrize("tell", ["api", "archive"])
def test_an_aggregate_becomes_a_play_when_its_history_comes_and_keeps_what_became_of_it(alice, tell):
    imported(alice, {"watched-shows.json": [watched(1, 2)]})
    SyncItem.objects.filter(number=1).update(state="done", subject_id=51, ticked_subject_id=51)
    SyncItem.objects.filter(number=2).update(state="review", reason="ambiguous")
    rows = [episode(1, id=77, watched_at="2018-01-01T00:00:00Z"), episode(1), episode(2)]
    if tell == "api":
        told_by_api(alice, *rows)
    else:
        imported(alice, {"watched-history.json": rows})
    assert keys(alice) == ["5001", "5002", "77"]
    done, open_again = SyncItem.objects.get(source_key="5001"), SyncItem.objects.get(source_key="5002")
    assert (done.state, done.ticked_subject_id, done.episode_trakt_id) == ("done", 51, 901)
    assert (open_again.state, open_again.reason, open_again.episode_trakt_id) == ("new", "", 902)


def test_reading_the_same_plays_again_takes_over_no_further_aggregate(alice):
    imported(alice, {"watched-shows.json": [watched(1)]})
    for _again in range(2):
        told_by_api(alice, episode(1), episode(1, id=77))
    assert keys(alice) == ["5001", "77"]


def test_the_keys_of_aggregates_fit_whatever_the_numbers():
    assert len(aggregate_key(2**63 - 1, 2**31 - 1, 2**31 - 1)) <= 29


def test_what_is_of_no_use_or_unknown_is_said(alice):
    found = imported(alice, {"watched-movies.json": [], "user-profile.json": {}, "x.txt": b""})
    assert found["skipped"] == {"user-profile.json": {"rows": None, "why": importing.OF_NO_USE}}
    assert found["unknown"] == ["x.txt"]
    assert "left out  user-profile.json: of no use here" in importing.as_text(found)


def test_what_the_settings_switch_off_is_left_out_and_said(alice):
    TraktConfig.objects.create(user=alice, history=False, ratings=False)
    found = imported(alice, {"watched-history.json": [episode(1)], "ratings-movies.json": [rated(1)]})
    assert {name: told["why"] for name, told in found["skipped"].items()} == {
        "watched-history.json": importing.SWITCHED_OFF,
        "ratings-movies.json": importing.SWITCHED_OFF,
    }
    assert keys(alice) == []
