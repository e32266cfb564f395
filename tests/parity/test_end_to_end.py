"""The comparison over real HTTP: what is changed on Bangumi is found in its class, and what is chosen comes back."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User

from sync.bangumi.client import COLLECTION_LIMIT
from sync.engine.run import work
from sync.models import BangumiAccount, ParityReport, SyncItem
from sync.parity import comparing, mending
from tests.e2e.small import (
    BLACK_LAGOON,
    CLANNAD,
    FIRST_STRANGER,
    ONE_PUNCH,
    PAPRIKA,
    entry,
    main_ids,
    small_world,
    strangers,
)
from tests.kinds.lists import by_hand, world_of
from trakt.models import TraktConfig

pytestmark = pytest.mark.e2e

WATCHED = ("Clannad 1x1-10", "Black Lagoon 1x1-3", "One-Punch Man 1x1-12", "Paprika")


def compared(installation):
    return json.loads(installation.manage("parity", "alice", "--json", ok=None))


def findings(report):
    """Return what differs, by subject, as pairs of kind and matter."""
    return {
        row["subject_id"]: {(finding["kind"], finding["what"]) for finding in row["findings"]} for row in report["rows"]
    }


def fix(*what):
    """Choose all differences about *what* in the last comparison, and see the run through that follows."""
    report = ParityReport.objects.get(status="done")
    chosen = {
        row.pk: {place for place, finding in enumerate(row.findings) if (row.subject_id, finding["what"]) in what}
        for row in report.rows.all()
    }
    mended = mending.mend(report, chosen)
    assert mended.run is not None
    work(mended.run.pk)
    return mended


def test_after_a_sync_everything_is_in_step_and_the_list_alone_was_asked_for(install):
    installation = install(small_world(*WATCHED, listed=strangers(130)))
    installation.sync()
    installation.forget_requests()
    report = compared(installation)
    pages = -(-(130 + 4) // COLLECTION_LIMIT)
    assert (report["status"], report["subjects"], report["in_step"]) == ("done", 4, 4)
    assert (report["missing"], report["conflicting"], report["waiting"]) == (0, 0, 0)
    asked = [r for r in installation.requests() if r["service"] == "bangumi"]
    assert len(asked) == report["requests"] == pages + 1


def test_an_episode_that_was_unticked_is_missing_and_only_its_subject_is_read(install):
    world = small_world(*WATCHED)
    installation = install(world)
    installation.sync()
    lost = main_ids(world, CLANNAD)[4]
    by_hand(installation, CLANNAD, marks={lost: 0})
    installation.forget_requests()
    report = compared(installation)
    assert findings(report) == {CLANNAD: {("missing", "unticked")}}
    (found,) = report["rows"][0]["findings"]
    assert (found["episodes"], found["positions"]) == ([lost], [5])
    assert report["in_step"] == 3
    read = [r["path"] for r in installation.requests() if r["path"].endswith("/episodes")]
    assert read == [f"/v0/users/-/collections/{CLANNAD}/episodes"]
    assert report["requests"] == 3


def test_an_episode_that_was_marked_as_dropped_is_missing_once_the_entry_was_touched(install):
    world = small_world(*WATCHED)
    installation = install(world)
    installation.sync()
    installation.standins.control("clock", {"seconds": 3600})
    by_hand(installation, CLANNAD, marks={main_ids(world, CLANNAD)[0]: 3})
    assert findings(compared(installation)) == {CLANNAD: {("missing", "remarked")}}


def test_a_tick_for_a_tick_is_seen_though_the_count_agrees(install):
    world = small_world(*WATCHED)
    installation = install(world)
    installation.sync()
    installation.standins.control("clock", {"seconds": 3600})
    mains = main_ids(world, CLANNAD)
    by_hand(installation, CLANNAD, marks={mains[0]: 0, mains[15]: 2})
    assert findings(compared(installation)) == {CLANNAD: {("missing", "unticked"), ("extra", "ticks")}}


def test_ticks_without_a_play_are_extra_and_nothing_else(install):
    world = small_world(*WATCHED)
    installation = install(world)
    installation.sync()
    by_hand(installation, BLACK_LAGOON, marks={main_ids(world, BLACK_LAGOON)[6]: 2})
    report = compared(installation)
    assert findings(report) == {BLACK_LAGOON: {("extra", "ticks")}}
    (found,) = report["rows"][0]["findings"]
    assert (found["positions"], found["fixable"]) == ([7], False)


def test_what_bangumi_alone_has_is_told_and_counts_for_nothing(install):
    installation = install(small_world("Paprika", listed=[entry(FIRST_STRANGER, 2)]))
    installation.sync()
    report = compared(installation)
    assert findings(report) == {FIRST_STRANGER: {("extra", "only_there")}}
    assert (report["subjects"], report["in_step"]) == (1, 1)


def test_another_rating_on_bangumi_is_a_conflict_and_a_removed_one_is_missing(install):
    installation = install(world_of(*WATCHED, ratings={"Paprika": 9, "One-Punch Man 1": 7}))
    installation.sync()
    assert compared(installation)["in_step"] == 4
    by_hand(installation, PAPRIKA, rate=4)
    by_hand(installation, ONE_PUNCH, rate=0)
    report = compared(installation)
    assert findings(report) == {PAPRIKA: {("conflicting", "rating")}, ONE_PUNCH: {("missing", "rating")}}
    told = {r["subject_id"]: (r["rating"], r["rate"]) for r in report["rows"]}
    assert told == {PAPRIKA: (9, 4), ONE_PUNCH: (7, 0)}


def test_a_rating_that_was_kept_back_for_bangumis_own_is_a_conflict(install):
    installation = install(world_of("Paprika", ratings={"Paprika": 9}, listed=(entry(PAPRIKA, 2, rate=3),)))
    installation.sync()
    assert SyncItem.objects.get(kind="ratings").reason == "rating_kept"
    assert ("conflicting", "rating") in findings(compared(installation))[PAPRIKA]


def test_a_finished_subject_that_was_put_on_hold_contradicts(install):
    installation = install(small_world(*WATCHED))
    installation.sync()
    by_hand(installation, ONE_PUNCH, type=4)
    assert findings(compared(installation)) == {ONE_PUNCH: {("conflicting", "state")}}


def test_what_waits_in_review_says_why(install):
    world = small_world("Clannad 1x1-3", "Black Lagoon 1x1-2")
    next(s for s in world.bangumi.subjects if s.id == CLANNAD).locked = True
    installation = install(world)
    installation.sync()
    report = compared(installation)
    assert findings(report) == {None: {("waiting", "items")}}
    (waiting,) = report["rows"]
    assert (waiting["title"], waiting["seasons"]) == ("Clannad", "1")
    assert waiting["findings"][0]["reason"] in {"subject_locked", "subject_missing"}
    assert (report["subjects"], report["in_step"]) == (2, 1)


def test_plays_that_were_left_out_are_not_missing(install):
    installation = install(small_world("The Long Corridor 1x1-3", "Clannad 1x1"))
    installation.sync()
    report = compared(installation)
    assert (report["subjects"], report["in_step"]) == (1, 1)


def test_what_was_undone_is_neither_missing_nor_extra(install):
    installation = install(small_world("Clannad 1x1-3", "Paprika"))
    run = installation.sync()
    installation.manage("undo", str(run["run"]))
    report = compared(installation)
    assert report["missing"] == report["conflicting"] == report["waiting"] == 0


def test_mending_brings_back_the_chosen_ticks_and_nothing_else(install):
    world = small_world(*WATCHED)
    installation = install(world)
    installation.sync()
    before = installation.marks()
    by_hand(installation, CLANNAD, marks={main_ids(world, CLANNAD)[4]: 0})
    by_hand(installation, ONE_PUNCH, marks={main_ids(world, ONE_PUNCH)[1]: 0})
    by_hand(installation, BLACK_LAGOON, marks={main_ids(world, BLACK_LAGOON)[6]: 2})
    compared(installation)
    fix((CLANNAD, "unticked"), (BLACK_LAGOON, "ticks"))
    after = installation.marks()
    assert after[CLANNAD] == before[CLANNAD]
    assert after[ONE_PUNCH] == before[ONE_PUNCH] - {main_ids(world, ONE_PUNCH)[1]}
    assert after[BLACK_LAGOON] == before[BLACK_LAGOON] | {main_ids(world, BLACK_LAGOON)[6]}
    assert findings(compared(installation)) == {
        ONE_PUNCH: {("missing", "unticked")},
        BLACK_LAGOON: {("extra", "ticks")},
    }
    assert installation.breaches() == []


def test_the_chosen_rating_is_trakts_again_and_the_others_stay(install):
    installation = install(world_of(*WATCHED, ratings={"Paprika": 9, "One-Punch Man 1": 7, "Clannad 1": 8}))
    installation.sync()
    by_hand(installation, PAPRIKA, rate=4)
    by_hand(installation, ONE_PUNCH, rate=2)
    by_hand(installation, CLANNAD, rate=0)
    compared(installation)
    fix((PAPRIKA, "rating"), (CLANNAD, "rating"))
    rates = {int(subject): entry["rate"] for subject, entry in installation.shelf().items()}
    assert (rates[PAPRIKA], rates[CLANNAD], rates[ONE_PUNCH]) == (9, 8, 2)
    assert findings(compared(installation)) == {ONE_PUNCH: {("conflicting", "rating")}}


def test_a_rating_changed_once_more_before_the_run_is_the_users_own(install):
    installation = install(world_of("Paprika", ratings={"Paprika": 9}))
    installation.sync()
    by_hand(installation, PAPRIKA, rate=4)
    compared(installation)
    by_hand(installation, PAPRIKA, rate=6)
    fix((PAPRIKA, "rating"))
    assert installation.shelf()[str(PAPRIKA)]["rate"] == 6


def test_an_entry_that_was_removed_is_missing_and_comes_back_whole(install):
    installation = install(world_of(*WATCHED, ratings={"One-Punch Man 1": 7}))
    installation.sync()
    before = installation.shelf()[str(ONE_PUNCH)]
    by_hand(installation, ONE_PUNCH, remove=True)
    assert findings(compared(installation)) == {ONE_PUNCH: {("missing", "entry")}}
    fix((ONE_PUNCH, "entry"))
    after = installation.shelf()[str(ONE_PUNCH)]
    assert (after["type"], after["rate"], set(after["marks"])) == (2, 7, set(before["marks"]))
    assert compared(installation)["in_step"] == 4


def test_a_wish_and_a_tag_that_were_removed_come_back_when_they_are_chosen(install):
    installation = install(world_of("Paprika", owned=("Paprika",), wanted=("Clannad",)))
    TraktConfig.objects.update(collected="tag", watchlisted="wish")
    installation.sync()
    assert compared(installation)["in_step"] == 2
    by_hand(installation, CLANNAD, remove=True)
    by_hand(installation, PAPRIKA, tags=[])
    assert findings(compared(installation)) == {CLANNAD: {("missing", "entry")}, PAPRIKA: {("missing", "tag")}}
    fix((CLANNAD, "entry"), (PAPRIKA, "tag"))
    assert compared(installation)["in_step"] == 2
    assert installation.shelf()[str(PAPRIKA)]["tags"] == ["owned"]


def test_choosing_twice_mends_once(install):
    world = small_world("Clannad 1x1-3")
    installation = install(world)
    installation.sync()
    by_hand(installation, CLANNAD, marks={main_ids(world, CLANNAD)[0]: 0})
    compared(installation)
    fix((CLANNAD, "unticked"))
    report = ParityReport.objects.get()
    assert mending.mend(report, {report.rows.get().pk: {0}}).run is None


def test_an_outage_ends_in_its_reason_and_the_last_good_comparison_stays(install):
    installation = install(small_world("Clannad 1x1-3"))
    installation.sync()
    compared(installation)
    down = {"service": "bangumi", "times": None, "action": {"kind": "status", "status": 503}}
    installation.standins.control("faults", down)
    report = compared(installation)
    assert (report["status"], report["reason"]) == ("failed", "bangumi_server_trouble")
    assert comparing.last_done(User.objects.get()) is not None


def test_a_ban_ends_in_its_reason(install):
    installation = install(small_world("Clannad 1x1-3"))
    installation.sync()
    installation.standins.control("ban", {"service": "bangumi", "seconds": 3600})
    assert compared(installation)["reason"] == "bangumi_rate_limited"


def test_without_an_account_it_says_so_and_asks_nobody(install):
    installation = install(small_world("Clannad 1x1-3"))
    BangumiAccount.objects.get().forget()
    installation.forget_requests()
    report = compared(installation)
    assert (report["status"], report["reason"]) == ("failed", "bangumi_not_connected")
    assert installation.requests() == []


def test_one_subject_that_cannot_be_read_does_not_stop_the_others(install):
    world = small_world("Clannad 1x1-3", "Paprika", "Black Lagoon 1x1-3")
    installation = install(world)
    installation.sync()
    for subject in (CLANNAD, BLACK_LAGOON):
        by_hand(installation, subject, marks={main_ids(world, subject)[0]: 0})
    path = f"/collections/{CLANNAD}/episodes"
    installation.standins.control(
        "faults", {"service": "bangumi", "path": path, "action": {"kind": "status", "status": 404}}
    )
    assert findings(compared(installation)) == {
        CLANNAD: {("waiting", "unread")},
        BLACK_LAGOON: {("missing", "unticked")},
    }
