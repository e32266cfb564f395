"""Undo puts Bangumi back to how a run found it, and leaves what the user changed since."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from sync.models import SubjectPlan, SyncItem, SyncRun
from sync.undolist import lines_of
from tests.e2e.small import AFTER_STORY, BLACK_LAGOON, CLANNAD, MUSHISHI, PAPRIKA, entry, main_ids, small_world
from tests.kinds.lists import world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

WISH, DONE, DOING = 1, 2, 3


def shown(installation):
    """What the API shows, save the time stamps."""
    return {
        subject: {name: value for name, value in row.items() if name != "updated_at"}
        for subject, row in installation.shelf().items()
    }


def undo(installation, run, *options):
    return json.loads(installation.manage("undo", str(run["run"]), "--json", *options))


def undo_of(installation, *options):
    """Undo something of alice's that is no run."""
    return json.loads(installation.manage("undo", "alice", "--json", *options))


def item_of(season, number, title="Clannad"):
    return SyncItem.objects.filter(title__title=title, season=season, number=number).order_by("pk")[0]


def edit(installation, subject_id, **values):
    """Change an entry on Bangumi as its user does there."""
    installation.standins.control("edit", {"user": "alice", "subject_id": subject_id, **values})


@pytest.fixture
def listed():
    """Entries that the first sync changes: a wish, one with a mark in another state, one that it completes."""
    world = small_world()
    first, second = main_ids(world, MUSHISHI, 2)
    return [
        entry(CLANNAD, WISH, comment="later", tags=["key"]),
        entry(MUSHISHI, DOING, rate=8, marks={first: 3, second: 2}),
        entry(BLACK_LAGOON, DOING, rate=9),
    ]


def test_the_undo_of_a_first_sync_leaves_the_account_as_it_was(install, listed):
    installation = install(small_world("Clannad 1x1-5", "Mushi-Shi 1x1-4", "Black Lagoon 1x1-12", listed=listed))
    before = shown(installation)
    run = installation.sync()
    assert shown(installation) != before
    undone = undo(installation, run)
    assert undone["status"] == "succeeded"
    assert shown(installation) == before
    assert installation.breaches() == []


def test_a_previewed_undo_writes_nothing(install, listed):
    installation = install(small_world("Clannad 1x1-5", listed=listed))
    run = installation.sync()
    before = installation.shelf()
    assert undo(installation, run, "--dry-run")["writes"] == 0
    assert installation.shelf() == before


def test_undo_leaves_what_the_user_changed_since(install, listed):
    world = small_world("Clannad 1x1-5", "Mushi-Shi 1x1-4", listed=listed)
    installation = install(world)
    run = installation.sync()
    third = main_ids(world, CLANNAD, 3)[2]
    edit = {"user": "alice", "subject_id": CLANNAD, "type": DONE, "comment": "mine", "marks": {str(third): 3}}
    installation.standins.control("edit", edit)
    undo(installation, run)
    row = installation.shelf()[str(CLANNAD)]
    assert (row["type"], row["comment"]) == (DONE, "mine")
    assert row["marks"] == {str(third): 3}


def test_what_was_undone_is_not_ticked_again_by_the_next_run(install, listed):
    installation = install(small_world("Clannad 1x1-5", listed=listed))
    undo(installation, installation.sync())
    after = installation.shelf()
    installation.sync("--full")
    assert installation.shelf() == after


def test_an_undone_run_can_be_undone_only_once(install, listed):
    installation = install(small_world("Clannad 1x1-5", listed=listed))
    run = installation.sync()
    undo(installation, run)
    assert undo(installation, run)["writes"] == 0


# a hand-tended list


def tended():
    """A world with all that a first sync changes, and a list with what a person keeps there besides."""
    plain = small_world()
    first, second, third = main_ids(plain, MUSHISHI, 3)
    listed = (
        entry(CLANNAD, WISH, comment="later", tags=["key"]),
        entry(MUSHISHI, DOING, rate=8, tags=["mine"], marks={first: 3, second: 2, third: 1}),
        entry(BLACK_LAGOON, DOING, rate=9, private=True),
        entry(900_000_001, DONE, rate=10, comment="untouched"),
    )
    return world_of(
        "Clannad 1x1-22",
        "Clannad 2x1-3",
        "Mushi-Shi 1x1-4",
        "Black Lagoon 1x1-12",
        "Paprika",
        ratings={"Clannad 1": 8, "Paprika": 9},
        owned=("Paprika",),
        listed=listed,
    )


def synced(install):
    installation = install(tended())
    TraktConfig.objects.update(collected="tag")
    before = shown(installation)
    return installation, before, installation.sync()


def test_the_undo_of_a_whole_first_sync_restores_a_hand_tended_list_save_added_entries(install):
    installation, before, run = synced(install)
    undone = undo(installation, run)
    after = shown(installation)
    assert undone["status"] == "succeeded"
    added = after.keys() - before.keys()
    assert {subject: after[subject] for subject in before} == before
    assert added == {str(AFTER_STORY), str(PAPRIKA)}
    assert [(after[s]["rate"], after[s]["tags"], after[s]["marks"]) for s in sorted(added)] == [(0, [], {})] * 2
    assert installation.breaches() == []


def test_what_the_api_cannot_take_back_is_named_before_and_after(install):
    installation, _before, run = synced(install)
    told = installation.manage("undo", str(run["run"]), "--dry-run")
    assert "Can't be taken back by any program" in told
    for options in (["--dry-run"], []):
        undoing = undo(installation, run, *options)
        lines = lines_of(SyncRun.objects.get(pk=undoing["run"]))
        assert {line.plan.subject_id for line in lines if line.stuck} == {AFTER_STORY, PAPRIKA}


def test_after_the_undo_of_a_first_sync_nothing_is_written_again(install):
    installation, _before, run = synced(install)
    undo(installation, run)
    after = shown(installation)
    assert [installation.sync(*options)["writes"] for options in ([], ["--full"])] == [0, 0]
    assert shown(installation) == after


def test_a_preview_says_by_subject_what_comes_back_and_what_the_user_changed(install, listed):
    world = small_world("Clannad 1x1-5", "Mushi-Shi 1x1-4", listed=listed)
    installation = install(world)
    run = installation.sync()
    third = main_ids(world, CLANNAD, 3)[2]
    edit(installation, CLANNAD, type=DONE, marks={str(third): 3})
    preview = undo(installation, run, "--dry-run")
    lines = {line.plan.subject_id: line for line in lines_of(SyncRun.objects.get(pk=preview["run"]))}
    assert lines[CLANNAD].kept == ["1 episode that you changed", "the list state that you set"]
    assert lines[MUSHISHI].back == ["2 ticks are taken away", "1 episode is dropped again"]


# since a date, and of single items


def test_everything_since_a_date_goes_back_to_the_earliest_state(install, listed):
    installation = install(small_world("Clannad 1x1-5", "Mushi-Shi 1x1-4", listed=listed))
    before = shown(installation)
    installation.sync()
    later = next(
        e.trakt
        for s in installation.standins.hub.world.trakt.shows
        if s.title == "Clannad"
        for e in s.seasons[0].episodes
        if e.number == 6
    )
    play = {"episode": later, "watched_at": datetime.now(UTC).isoformat()}
    installation.standins.control("plays", {"user": "alice", "plays": [play]})
    assert installation.sync()["writes"]
    undone = undo_of(installation, "--since", (datetime.now(UTC) - timedelta(days=1)).date().isoformat())
    assert undone["status"] == "succeeded"
    assert shown(installation) == before
    assert installation.sync("--full")["writes"] == 0


def test_runs_before_the_date_are_left_alone(install, listed):
    installation = install(small_world("Clannad 1x1-5", listed=listed))
    installation.sync()
    SyncRun.objects.update(started_at=datetime.now(UTC) - timedelta(days=10))
    after = shown(installation)
    assert undo_of(installation, "--since", (datetime.now(UTC) - timedelta(days=5)).date().isoformat())["writes"] == 0
    assert shown(installation) == after


def test_the_undo_of_an_item_takes_back_its_tick_alone(install, listed):
    world = small_world("Clannad 1x1-5", listed=listed)
    installation = install(world)
    installation.sync()
    five = main_ids(world, CLANNAD, 5)
    undone = undo_of(installation, "--item", str(item_of(1, 2).pk))
    assert (undone["status"], undone["writes"]) == ("succeeded", 1)
    assert installation.marks()[CLANNAD] == set(five) - {five[1]}
    assert shown(installation)[str(CLANNAD)]["type"] == DOING
    assert installation.sync("--full")["writes"] == 0


def test_the_undo_of_all_items_of_a_subject_puts_its_list_state_back(install, listed):
    installation = install(small_world("Clannad 1x1-5", listed=listed))
    before = shown(installation)
    installation.sync()
    items = [option for item in SyncItem.objects.filter(subject_id=CLANNAD) for option in ("--item", str(item.pk))]
    undo_of(installation, *items)
    assert shown(installation) == before


def test_a_tick_that_another_play_speaks_for_stays(install):
    world = small_world("Clannad 1x1-2", "Clannad 1x2")
    installation = install(world)
    installation.sync()
    marks = installation.marks()
    rewatched = item_of(1, 2)
    assert undo_of(installation, "--item", str(rewatched.pk))["writes"] == 0
    assert installation.marks() == marks
    rewatched.refresh_from_db()
    assert (rewatched.state, rewatched.reason) == ("skipped", "undone")
    other = SyncItem.objects.filter(season=1, number=2, state="done").get()
    undo_of(installation, "--item", str(other.pk))
    assert installation.marks()[CLANNAD] == set(main_ids(world, CLANNAD, 1))


def test_a_subject_that_an_item_completed_is_complete_no_more(install):
    world = small_world("Black Lagoon 1x1-12", listed=[entry(BLACK_LAGOON, DOING)])
    installation = install(world)
    installation.sync()
    assert shown(installation)[str(BLACK_LAGOON)]["type"] == DONE
    undo_of(installation, "--item", str(item_of(1, 12, "Black Lagoon").pk))
    assert shown(installation)[str(BLACK_LAGOON)]["type"] == DOING


def test_the_undo_of_a_rating_puts_back_the_rating_that_was_there(install):
    installation = install(world_of("Paprika", ratings={"Paprika": 9}, listed=(entry(PAPRIKA, DONE, rate=4),)))
    TraktConfig.objects.update(rating_conflict="trakt")
    installation.sync()
    assert shown(installation)[str(PAPRIKA)]["rate"] == 9
    undo_of(installation, "--item", str(SyncItem.objects.get(kind="ratings").pk))
    assert shown(installation)[str(PAPRIKA)]["rate"] == 4
    assert installation.sync()["writes"] == 0


@pytest.mark.parametrize(
    "arguments",
    [("alice",), ("alice", "--item", "999999"), ("alice", "--since", "yesterday"), ("nobody", "--item", "1")],
)
def test_what_cannot_be_understood_is_refused(install, arguments):
    install(small_world()).manage("undo", *arguments, ok=False)


def test_items_of_another_user_are_out_of_reach(install, django_user_model):
    installation = install(small_world("Clannad 1x1"))
    installation.sync()
    django_user_model.objects.create_user("bob")
    installation.manage("undo", "bob", "--item", str(item_of(1, 1).pk), ok=False)


def test_no_more_is_undone_than_the_preview_showed(install, listed):
    from sync import undos  # noqa: PLC0415  # as the admin's button does it
    from sync.engine.run import work  # noqa: PLC0415

    world = small_world("Clannad 1x1-5", listed=listed)
    installation = install(world)
    run = SyncRun.objects.get(pk=installation.sync()["run"])
    third = main_ids(world, CLANNAD, 3)[2]
    edit(installation, CLANNAD, marks={str(third): 3})
    preview, _new = undos.ask(run.user, undos.Undo(run=run, preview=True))
    work(preview.pk)
    preview.refresh_from_db()
    edit(installation, CLANNAD, marks={str(third): 2})
    undoing, _new = undos.ask(run.user, undos.same_as(preview, shown=preview))
    work(undoing.pk)
    undoing.refresh_from_db()
    assert undoing.status == "succeeded"
    assert installation.marks()[CLANNAD] == {third}
    assert SubjectPlan.objects.get(run=run).status == "undone"


def test_what_was_written_to_another_account_is_left_alone(install, listed):
    from sync.models import BangumiAccount  # noqa: PLC0415  # of use here alone

    installation = install(small_world("Clannad 1x1-5", listed=listed))
    run = installation.sync()
    after = shown(installation)
    SubjectPlan.objects.update(account_id=77)  # as if another account had been connected then
    BangumiAccount.objects.update(bangumi_id=77)
    undone = undo(installation, run)
    assert (undone["status"], undone["writes"]) == ("succeeded", 0)
    assert shown(installation) == after
    assert undo(installation, run)["writes"] == 0
