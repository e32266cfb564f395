"""A run that is paused goes on where it stood: it ends as an undisturbed one, with nothing read or written twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from sync import approvals, dispatch, runs
from sync.engine import run as engine
from sync.engine.context import Context
from sync.engine.run import work
from sync.models import SyncItem, SyncRun
from tests.e2e.installation import adds_up
from tests.e2e.small import AFTER_STORY, CLANNAD, small_world
from trakt.models import TraktConfig

WATCHED = ("Clannad 1x1-22", "Clannad 2x1-3", "Black Lagoon 1x1-4", "Paprika")
Trigger, Status = SyncRun.Trigger, SyncRun.Status
WRITING = {"POST", "PUT", "PATCH"}


def asked_for(trigger=Trigger.BUTTON, **how) -> SyncRun:
    return runs.request(User.objects.get(), trigger, may_ask=False, **how)[0]


def worked(run: SyncRun) -> SyncRun:
    work(run.pk)
    return SyncRun.objects.get(pk=run.pk)


def resumed(run: SyncRun) -> SyncRun:
    assert runs.resume(run)
    return worked(run)


def sums(run: SyncRun) -> dict:
    return {"read": run.read, "expected": run.expected, "items": run.counts}


def writes_in(here) -> list[tuple[str, str]]:
    return sorted(
        (r["method"], r["path"]) for r in here.requests() if r["service"] == "bangumi" and r["method"] in WRITING
    )


@pytest.fixture
def stop_at(monkeypatch):
    """``stop_at(n)``: the user pauses when the run looks for the n-th time whether it is to stop; 0: never."""
    plain, at = Context.check, SimpleNamespace(left=0, how=Status.PAUSED)

    def check(ctx):
        at.left -= 1
        if at.left == 0:
            ctx.stopping = at.how
        plain(ctx)

    monkeypatch.setattr(Context, "check", check)
    return lambda n, how=Status.PAUSED: vars(at).update(left=n, how=how)


@pytest.fixture
def pressed_while_writing(monkeypatch):
    """The button is pressed while the first subject is written, and the run hears of it before that is proven."""
    monkeypatch.setattr(engine, "BEAT", 0.005)
    plain = Context.reread

    async def reread(ctx, subject_id):
        await sync_to_async(runs.pause)(ctx.run)
        while not ctx.stopping:  # noqa: ASYNC110  # the heartbeat sets it, which knows of no events
            await asyncio.sleep(0.005)
        return await plain(ctx, subject_id)

    monkeypatch.setattr(Context, "reread", reread)
    return monkeypatch


@pytest.mark.parametrize("place", range(1, 12))
def test_wherever_a_run_is_paused_it_ends_as_an_undisturbed_one(install, stop_at, settings, place):
    settings.IN_FLIGHT = 1  # so that a pause falls between any two subjects
    here = install(small_world(*WATCHED))
    stop_at(place)

    paused = worked(asked_for())
    stop_at(0)
    run = resumed(paused)

    assert paused.status == Status.PAUSED
    assert (run.status, run.read, run.counts) == (Status.SUCCEEDED, 30, {"done": 30})
    assert adds_up(sums(run))
    assert run.writes == len(writes_in(here)) == len(set(writes_in(here))) == 9
    assert all(run.requests[service] >= sent for service, sent in paused.requests.items())
    assert run.held == {}
    assert run.worked > paused.worked > timedelta()


def test_a_run_may_be_paused_again_and_again(install, stop_at, settings):
    settings.IN_FLIGHT = 1
    here = install(small_world(*WATCHED))
    run, places = asked_for(), 0
    while run.status != Status.SUCCEEDED:
        stop_at(places % 9 + 2)
        run = resumed(run) if places else worked(run)
        places += 1
        assert places < 30

    assert places > 3
    assert run.counts == {"done": 30}
    assert len(writes_in(here)) == len(set(writes_in(here))) == run.writes


def test_what_was_read_before_a_pause_is_not_read_again(install, stop_at):
    here = install(small_world(*WATCHED))
    stop_at(4)
    paused = worked(asked_for())
    here.forget_requests()
    stop_at(0)

    resumed(paused)

    assert not [request for request in here.requests() if request["service"] == "trakt"]


def test_subjects_that_are_being_written_are_seen_through(install, pressed_while_writing):
    here = install(small_world(*WATCHED))

    run = worked(asked_for())

    assert set(run.plans.values_list("status", flat=True)) == {"done"}
    assert (run.status, run.counts) == (Status.SUCCEEDED, {"done": 30}), "nothing was left to pause"
    assert len(writes_in(here)) == 9


def test_a_subject_that_takes_longer_is_seen_through_as_well(install, pressed_while_writing, settings):
    settings.IN_FLIGHT = 2
    install(small_world(*WATCHED))
    pressed, begun = Context.reread, []

    async def reread(ctx, subject_id):
        begun.append(subject_id)
        # Once the other one is over, whoever waited for its place comes, and must not stop this one.
        while subject_id != begun[0] and not await ctx.run.plans.filter(status="done").aexists():  # noqa: ASYNC110  # it is told by the database alone
            await asyncio.sleep(0.005)
        return await pressed(ctx, subject_id)

    pressed_while_writing.setattr(Context, "reread", reread)

    paused = worked(asked_for())

    assert paused.status == Status.PAUSED
    assert sorted(paused.plans.values_list("status", flat=True)) == ["done", "done", "planned", "planned"]


def test_the_button_stops_a_run_after_the_subject_it_is_at(install, pressed_while_writing, settings):
    settings.IN_FLIGHT = 1
    here = install(small_world(*WATCHED))

    paused = worked(asked_for())
    statuses = sorted(paused.plans.values_list("status", flat=True))
    pressed_while_writing.undo()
    run = resumed(paused)

    assert paused.status == Status.PAUSED
    assert statuses == ["done", "planned", "planned", "planned"]
    assert run.status == Status.SUCCEEDED
    assert len(writes_in(here)) == len(set(writes_in(here))) == run.writes == 9


def test_a_paused_run_writes_nothing_and_the_schedule_starts_none_over_it(install, stop_at):
    here = install(small_world(*WATCHED))
    stop_at(7)
    paused = worked(asked_for())
    TraktConfig.objects.update(next_run_at="2020-01-01T00:00Z")
    here.forget_requests()

    assert dispatch.start_due() == 0
    assert dispatch.revive() == 0
    assert SyncRun.objects.get() == paused
    assert not here.requests()


def test_a_newer_run_takes_the_place_of_a_paused_one_and_owes_what_it_had_left(install, stop_at, settings):
    settings.IN_FLIGHT = 1
    here = install(small_world(*WATCHED))
    stop_at(9)
    paused = worked(asked_for())
    stop_at(0)

    run = worked(asked_for())

    paused.refresh_from_db()
    assert (paused.status, paused.reason, paused.held) == (Status.CANCELLED, "replaced", {})
    assert run.status == Status.SUCCEEDED
    assert adds_up(sums(run))
    assert len(writes_in(here)) == len(set(writes_in(here))) == 9
    assert not runs.resume(paused)


def test_a_paused_run_can_be_cancelled(install, stop_at):
    install(small_world(*WATCHED))
    stop_at(7)
    paused = worked(asked_for())

    assert runs.cancel(paused)

    paused.refresh_from_db()
    assert (paused.status, paused.held) == (Status.CANCELLED, {})
    assert worked(paused).status == Status.CANCELLED


def test_who_cancels_while_a_pause_is_under_way_has_cancelled(install, stop_at):
    install(small_world(*WATCHED))
    run = asked_for()
    SyncRun.objects.update(cancel_asked=True, pause_asked=True)
    stop_at(7)

    assert worked(run).status == Status.CANCELLED
    assert not SyncItem.objects.filter(state__in=SyncItem.UNFINISHED).exists()


def test_a_run_that_no_worker_has_begun_is_paused_at_once(install):
    install(small_world(*WATCHED))
    run = asked_for()

    assert runs.pause(run)

    assert worked(run).status == Status.PAUSED, "a worker leaves it alone"
    run.refresh_from_db()
    assert resumed(run).counts == {"done": 30}


def test_a_plan_that_was_approved_stays_approved_over_a_pause(install, stop_at, settings):
    settings.IN_FLIGHT = 1
    here = install(small_world("Clannad 1x1-22", "Clannad 2x1-3", "Black Lagoon 1x1-4"))
    run = worked(runs.request(User.objects.get(), Trigger.BUTTON)[0])
    assert approvals.approve(run, [CLANNAD, AFTER_STORY])
    stop_at(5)
    paused = worked(run)
    stop_at(0)

    run = resumed(paused)

    assert paused.status == Status.PAUSED
    assert (run.status, run.reasons) == (Status.SUCCEEDED, {"declined": 4})
    assert adds_up(sums(run))
    assert here.marks().keys() == {CLANNAD, AFTER_STORY}


def test_a_worker_that_dies_after_a_pause_goes_on_with_what_was_read(install, stop_at):
    here = install(small_world(*WATCHED))
    stop_at(7)
    paused = worked(asked_for())
    stop_at(0)
    runs.resume(paused)
    runs.claim(paused.pk)
    SyncRun.objects.update(owner="elsewhere|1|1", heartbeat_at=None)

    assert runs.release_if_dead(SyncRun.objects.get())
    run = worked(paused)

    assert (run.status, run.counts) == (Status.SUCCEEDED, {"done": 30})
    assert len(writes_in(here)) == 9


def test_an_undo_is_not_paused(install):
    install(small_world(*WATCHED))
    run = SyncRun.objects.create(user=User.objects.get(), trigger=Trigger.UNDO, status=Status.RUNNING)

    assert not runs.pause(run)
