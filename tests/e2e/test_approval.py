"""A plan that the user wants to see first waits; exactly what they tick is written, and nothing else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from sync import approvals, runs
from sync.engine.approval import is_within
from sync.engine.run import work
from sync.models import BangumiAccount, SubjectPlan, SyncItem, SyncRun
from tests.e2e.installation import adds_up
from tests.e2e.small import AFTER_STORY, CLANNAD, small_world, things_of
from trakt.models import TraktConfig

WATCHED = ("Clannad 1x1-22", "Clannad 2x1-3")
Trigger, Status = SyncRun.Trigger, SyncRun.Status


def pressed(trigger=Trigger.BUTTON, **how) -> SyncRun:
    """Ask for a run as the admin does, and see it through as a worker does."""
    run, _new = runs.request(User.objects.get(), trigger, **how)
    work(run.pk)
    return SyncRun.objects.get(pk=run.pk)


def approved(run: SyncRun, *subjects: int) -> SyncRun:
    assert approvals.approve(run, subjects)
    work(run.pk)
    return SyncRun.objects.get(pk=run.pk)


def watch(here, text: str) -> None:
    plays = things_of(here.standins.hub.world, text)
    here.standins.control("plays", {"user": "alice", "plays": list(plays)})


def edit(here, subject: int, **entry) -> None:
    """Change an entry by hand, on Bangumi."""
    here.standins.control("edit", {"user": here.bangumi_name, "subject_id": subject, **entry})


def sums(run: SyncRun) -> dict:
    return {"read": run.read, "expected": run.expected, "items": run.counts}


def test_the_first_sync_of_an_account_waits_with_its_plan_and_has_written_nothing(install):
    here = install(small_world(*WATCHED))

    run = pressed()

    assert run.status == Status.AWAITING
    assert {plan.subject_id: len(plan.mark) for plan in run.plans.all()} == {CLANNAD: 22, AFTER_STORY: 3}
    assert here.marks() == {}


def test_what_is_approved_is_written_and_the_run_proves_all_that_it_read(install):
    here = install(small_world(*WATCHED))
    run = pressed()
    here.forget_requests()

    run = approved(run, CLANNAD, AFTER_STORY)

    assert (run.status, run.read, run.counts) == (Status.SUCCEEDED, 25, {"done": 25})
    assert {subject: len(marks) for subject, marks in here.marks().items()} == {CLANNAD: 22, AFTER_STORY: 3}
    assert not [request for request in here.requests() if request["service"] == "trakt"], "nothing is read twice"


def test_what_was_left_out_is_not_written_and_not_asked_again(install):
    here = install(small_world(*WATCHED))

    run = approved(pressed(), CLANNAD)

    assert (run.status, run.reasons) == (Status.SUCCEEDED, {"declined": 3})
    assert adds_up(sums(run))
    assert here.marks().keys() == {CLANNAD}
    again = pressed()
    assert (again.status, again.writes) == (Status.SUCCEEDED, 0)


def test_what_was_left_out_can_be_retried(install):
    here = install(small_world(*WATCHED))
    approved(pressed(), CLANNAD)

    runs.retry_items(User.objects.get(), SyncItem.objects.filter(reason="declined"))
    run = pressed(Trigger.RETRY, only_retry=True)

    assert run.status == Status.SUCCEEDED
    assert len(here.marks()[AFTER_STORY]) == 3


def test_what_the_user_ticked_meanwhile_is_theirs(install):
    here = install(small_world(*WATCHED))
    run = pressed()
    shown = run.plans.get(subject_id=AFTER_STORY)
    edit(here, AFTER_STORY, type=3, marks=dict.fromkeys(map(str, shown.mark), 2))

    run = approved(run, CLANNAD, AFTER_STORY)

    assert run.counts == {"done": 22, "already": 3}
    assert {plan.subject_id for plan in run.plans.all()} == {CLANNAD}


def test_a_later_run_is_shown_only_above_the_threshold(install):
    here = install(small_world("Clannad 1x1-2"))
    here.sync()
    TraktConfig.objects.update(ask_above=3)

    watch(here, "Clannad 1x3-5")
    assert pressed().status == Status.SUCCEEDED
    watch(here, "Clannad 1x6-9")
    assert pressed().status == Status.AWAITING


def test_the_command_line_is_its_own_approval_and_counts_as_the_first(install):
    here = install(small_world(*WATCHED))

    assert here.sync()["status"] == "succeeded"

    assert BangumiAccount.objects.get().approved_at


def test_a_newer_run_takes_the_place_of_a_waiting_plan(install):
    install(small_world(*WATCHED))
    first = pressed()

    second = pressed()

    first.refresh_from_db()
    assert (first.status, first.reason) == (Status.CANCELLED, "replaced")
    assert second.status == Status.AWAITING
    assert second.plans.count() == 2
    assert not approvals.approve(first, [CLANNAD])


def test_a_preview_that_is_asked_for_is_the_plan_that_waits(install):
    install(small_world(*WATCHED))
    waiting = pressed()

    assert runs.request(User.objects.get(), Trigger.PREVIEW) == (waiting, False)


def test_a_worker_that_died_after_the_approval_goes_on_with_what_was_approved(install):
    here = install(small_world(*WATCHED))
    run = pressed()
    approvals.approve(run, [CLANNAD])
    runs.claim(run.pk)
    SyncRun.objects.update(owner="elsewhere|1|1", heartbeat_at=None)

    assert runs.release_if_dead(SyncRun.objects.get(pk=run.pk))
    work(run.pk)

    run.refresh_from_db()
    assert run.status == Status.SUCCEEDED
    assert adds_up(sums(run))
    assert here.marks().keys() == {CLANNAD}


def test_a_retry_that_is_asked_for_during_a_run_follows_it(install):
    install(small_world(*WATCHED)).sync()
    active, _new = runs.request(User.objects.get(), Trigger.BUTTON)

    joined, new = runs.request(User.objects.get(), Trigger.RETRY, only_retry=True)
    work(active.pk)

    assert (joined, new) == (active, False)
    follower = SyncRun.objects.get(pk__gt=active.pk)
    assert (follower.trigger, follower.only_retry, follower.status) == (Trigger.RETRY, True, Status.QUEUED)


def test_what_would_do_more_than_was_shown_is_not_written(install):
    here = install(small_world(*WATCHED))
    run = pressed()
    plan = run.plans.get(subject_id=CLANNAD)
    run.plans.filter(pk=plan.pk).update(mark=plan.mark[:2])

    run = approved(run, CLANNAD, AFTER_STORY)

    assert (run.status, run.reasons) == (Status.INCOMPLETE, {"plan_changed": 22})
    assert here.marks().keys() == {AFTER_STORY}


@pytest.mark.parametrize(
    "more",
    [{"mark": [1, 2, 3]}, {"clear": [9]}, {"collect": 2}, {"rate": 8}, {"tags": ["owned"]}, {"complete": True}],
    ids=lambda more: next(iter(more)),
)
def test_a_plan_that_does_one_thing_more_is_not_the_one_that_was_shown(more):
    shown = {"mark": [1, 2], "collect": 3}

    assert is_within(SubjectPlan(**shown), SubjectPlan(**shown))
    assert is_within(SubjectPlan(mark=[2]), SubjectPlan(**shown))
    assert not is_within(SubjectPlan(**shown | more), SubjectPlan(**shown))
