"""``manage.py import_trakt_export``, from the archive to what stands on Bangumi."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from bgmsync.standins import DEMO_WORLD, World
from sync.models import ArchivePart, SyncItem, SyncRun
from tests.e2e.installation import adds_up
from tests.e2e.small import CLANNAD, MUSHISHI, PAPRIKA, main_ids, small_world
from tests.export.making import history_files, list_files, saved, watched_files
from tests.kinds.lists import on_list, on_trakt, rated, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def demo():
    world = World.load(DEMO_WORLD)
    world.trakt.users = world.trakt.users[:1]
    world.bangumi.users = world.bangumi.users[:1]
    return world


@pytest.fixture(scope="module")
def small():
    return small_world("Clannad 1x1-10", "Mushi-Shi 1x1-5")


def run_import(installation, path, *options, ok=True):
    return json.loads(installation.manage("import_trakt_export", "alice", str(path), "--json", *options, ok=ok))


@pytest.fixture
def synced(demo, install):
    """What stands on Bangumi when the demo's user is brought up to date by way of the API."""
    installation = install(demo.model_copy(deep=True))
    installation.sync("--kinds", "history", ok=None)
    get_user_model().objects.all().delete()
    return installation.marks()


def test_the_demos_archive_brings_to_bangumi_what_a_sync_of_it_would(demo, synced, without_trakt, tmp_path):
    installation = without_trakt(demo)
    run = run_import(installation, saved(tmp_path, history_files(demo, page=50)))
    assert installation.marks() == synced
    assert run["requests"]["trakt"] == 0
    assert sum(found["new"] for found in run["import"]["files"].values()) == len(demo.trakt.users[0].plays)
    assert installation.breaches() == []


@pytest.mark.parametrize("files", [lambda world: history_files(world, full=False), watched_files])
def test_what_an_archive_tells_in_brief_is_ticked_right_or_asked_and_trakt_is_left_alone(
    demo, synced, without_trakt, tmp_path, files
):
    """Without air dates less is sure, and Trakt, which could say more, is not connected."""
    installation = without_trakt(demo)
    run = run_import(installation, saved(tmp_path, files(demo)))
    marks = installation.marks()
    assert all(episodes <= synced[subject] for subject, episodes in marks.items())
    assert sum(map(len, marks.values())) > sum(map(len, synced.values())) / 2
    assert set(run["items"]) == {"done", "already", "review", "skipped"}
    assert run["requests"]["trakt"] == 0
    assert installation.status()["trakt"]["state"] == "none"


def test_plays_that_come_by_the_api_after_their_aggregates_stand_in_the_ledger_once(small, without_trakt, tmp_path):
    installation = without_trakt(small)
    run_import(installation, saved(tmp_path, watched_files(small)))
    installation.connect()
    run = installation.sync()
    assert (run["status"], run["read"], run["writes"]) == ("succeeded", 15, 0)
    assert SyncItem.objects.count() == 15


def test_a_user_without_trakt_is_brought_up_to_date(small, without_trakt, tmp_path):
    installation = without_trakt(small)
    run = run_import(installation, saved(tmp_path, history_files(small)))
    assert (run["status"], run["items"]) == ("succeeded", {"done": 15})
    assert adds_up(run)
    assert run["import"]["files"] == {
        "watched-history-1.json": {"rows": 10, "new": 10, "rejected": 0},
        "watched-history-2.json": {"rows": 5, "new": 5, "rejected": 0},
    }
    assert installation.marks()[CLANNAD] == set(main_ids(small, CLANNAD, 10))
    assert installation.status()["trakt"]["state"] == "none"


def test_importing_again_writes_nothing_and_changes_nothing(small, without_trakt, tmp_path):
    installation, path = without_trakt(small), saved(tmp_path, history_files(small))
    run_import(installation, path)
    before = installation.shelf()
    run = run_import(installation, path)
    assert (run["status"], run["writes"], run["items"]) == ("succeeded", 0, {})
    assert sum(found["new"] for found in run["import"]["files"].values()) == 0
    assert installation.shelf() == before


def test_a_dry_run_plans_and_writes_nothing_and_the_next_import_writes_it(small, without_trakt, tmp_path):
    installation, path = without_trakt(small), saved(tmp_path, history_files(small))
    run = run_import(installation, path, "--dry-run")
    assert (run["items"], run["writes"], installation.shelf()) == ({"planned": 15}, 0, {})
    assert run_import(installation, path)["items"] == {"done": 15}


def test_what_waits_for_a_next_try_is_taken_up_at_once(small, without_trakt, tmp_path):
    installation, path = without_trakt(small), saved(tmp_path, history_files(small))
    run_import(installation, path, "--dry-run")
    SyncItem.objects.update(state="waiting", next_try_at=timezone.now() + timedelta(days=1))
    assert run_import(installation, path)["items"] == {"done": 15}


def test_rows_in_brief_are_enough_where_numbers_are_plain(small, without_trakt, tmp_path):
    installation = without_trakt(small)
    run = run_import(installation, saved(tmp_path, history_files(small, full=False)), ok=None)
    assert run["requests"]["trakt"] == 0
    assert installation.status()["trakt"]["state"] == "none"
    assert installation.marks().get(MUSHISHI) == set(main_ids(small, MUSHISHI, 5))


def test_aggregates_alone_are_enough_where_numbers_are_plain(small, without_trakt, tmp_path):
    installation = without_trakt(small)
    run = run_import(installation, saved(tmp_path, watched_files(small)), ok=None)
    assert run["requests"]["trakt"] == 0
    assert installation.marks().get(CLANNAD) == set(main_ids(small, CLANNAD, 10))


def test_with_trakt_connected_the_same_plays_are_told_once(small, install, tmp_path):
    installation = install(small)
    run = run_import(installation, saved(tmp_path, history_files(small)))
    assert run["requests"]["trakt"] > 0
    assert (run["items"], run["read"]) == ({"done": 15}, 15)
    assert adds_up(run)
    assert installation.sync("--full")["items"] == {"done": 15}


def test_a_row_that_can_not_be_understood_keeps_the_run_from_success(small, without_trakt, tmp_path):
    files = history_files(small)
    files["watched-history-2.json"][1]["episode"] = None
    run = run_import(without_trakt(small), saved(tmp_path, files), ok=False)
    assert run["status"] == "incomplete"
    assert run["items"] == {"done": 14, "failed": 1}
    assert run["import"]["problems"][0].startswith("watched-history-2.json, row 2")


def test_a_refused_archive_is_named_with_the_place_and_leaves_no_trace(small, without_trakt, tmp_path):
    installation = without_trakt(small)
    path = saved(tmp_path, history_files(small) | {"watched-history-3.json": b'[{"id": 1}, 2]'})
    assert installation.manage("import_trakt_export", "alice", str(path), "--json", ok=False) == ""
    assert "watched-history-3.json, row 2: not a JSON object" in installation.errors
    assert not SyncItem.objects.exists()
    assert installation.requests() == []


def test_for_people_it_says_what_was_found_and_what_was_left_out(small, without_trakt, tmp_path):
    path = saved(tmp_path, history_files(small) | {"notes-shows.json": [], "letter.txt": b"hello"})
    text = without_trakt(small).manage("import_trakt_export", "alice", str(path))
    assert "15 rows in 2 files, 15 of them new" in text
    assert "unknown   letter.txt" in text
    assert "left out  notes-shows.json: of no use here" in text


SUMMARY = {"run", "status", "read", "expected", "items", "reasons", "requests", "writes", "seconds"}


def listed_world():
    return world_of(
        "Clannad 1x1-3",
        ratings={"Paprika": 9, "Clannad 1": 8},
        owned=("A Silent Voice",),
        wanted=("Mushi-Shi",),
        dropped=("Black Lagoon",),
    )


@pytest.fixture
def lists_synced(install):
    """What stands on Bangumi when the lists are brought over by way of the API."""
    installation = install(listed_world())
    TraktConfig.objects.update(hidden="dropped")
    assert installation.sync()["status"] == "succeeded"
    shelf = on_list(installation)
    get_user_model().objects.all().delete()
    return shelf


def test_ratings_and_lists_of_an_archive_bring_to_bangumi_what_a_sync_of_them_would(
    lists_synced, without_trakt, tmp_path
):
    world = listed_world()
    installation = without_trakt(world)
    TraktConfig.objects.update_or_create(
        user=get_user_model().objects.get(username="alice"), defaults={"hidden": "dropped"}
    )
    path = saved(tmp_path, history_files(world) | list_files(world))
    run = run_import(installation, path)
    assert on_list(installation) == lists_synced
    assert (run["status"], run["requests"]["trakt"]) == ("succeeded", 0)
    assert {kind: told["items"] for kind, told in run["kinds"].items()} == {
        "history": {"done": 3},
        "ratings": {"done": 2},
        "collection": {"done": 1},
        "watchlist": {"done": 1},
        "hidden": {"done": 1},
    }
    assert adds_up(run)
    again = run_import(installation, path)
    assert (again["status"], again["writes"], again["items"]) == ("succeeded", 0, {})


def test_a_sync_that_follows_finds_nothing_new_and_writes_nothing(without_trakt, tmp_path):
    world = listed_world()
    installation = without_trakt(world)
    run_import(installation, saved(tmp_path, history_files(world) | list_files(world)))
    before, count = installation.shelf(), SyncItem.objects.filter(gone_at=None).count()
    installation.connect()
    run = installation.sync()
    assert (run["status"], run["writes"]) == ("succeeded", 0)
    assert installation.shelf() == before
    assert SyncItem.objects.count() == count


def test_an_older_archive_does_not_undo_what_was_rated_since(install, tmp_path):
    world = world_of(ratings={"Paprika": 9, "Clannad 1": 8})
    old = list_files(world)
    installation = install(world)
    on_trakt(installation, "ratings", rated(world, 1, Paprika=4))
    installation.sync()
    before = installation.shelf()
    run = run_import(installation, saved(tmp_path, old))
    assert (run["status"], run["writes"]) == ("succeeded", 0)
    assert installation.shelf() == before


@pytest.mark.parametrize("removed", ["nothing", "take_back"])
def test_what_was_taken_off_trakt_since_is_not_written_when_the_first_run_reads_both(install, tmp_path, removed):
    world = world_of(ratings={"Paprika": 9, "Clannad 1": 8}, wanted=("Mushi-Shi",))
    old = list_files(world)
    installation = install(world)
    TraktConfig.objects.update(removed=removed)
    on_trakt(installation, "ratings", rated(world, 1, Paprika=4))
    on_trakt(installation, "watchlist", [])
    run = run_import(installation, saved(tmp_path, old), ok=None)
    installation.sync()
    assert on_list(installation) == {PAPRIKA: (2, 4)}
    assert run["status"] == "succeeded"


def test_the_summary_is_that_of_a_sync(small, without_trakt, tmp_path):
    run = run_import(without_trakt(small), saved(tmp_path, history_files(small)))
    assert run.keys() >= SUMMARY | {"kinds", "import"}


def test_the_copy_of_the_archive_is_removed_when_the_run_is_over(small, without_trakt, tmp_path):
    path = saved(tmp_path, history_files(small))
    run_import(without_trakt(small), path)
    assert not ArchivePart.objects.exists()
    assert path.exists()


def test_a_dry_run_leaves_nothing_that_the_dispatcher_would_write(small, without_trakt, tmp_path):
    run_import(without_trakt(small), saved(tmp_path, history_files(small)), "--dry-run")
    assert not SyncItem.objects.filter(run=None).exists()
    assert SyncRun.objects.count() == 1
