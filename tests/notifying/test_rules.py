"""What is news, as a table: told last, so now, said, remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.models.channel import Event
from sync.notifying.rules import Health, Memory, Now, news, next_digest

F, R, C, W, A = Event.FAILING, Event.RECOVERED, Event.RECONNECT, Event.REVIEW, Event.AWAITING
E = Event.ENDING
TRAKT, BANGUMI, BOTH = frozenset({"trakt"}), frozenset({"bangumi"}), frozenset({"trakt", "bangumi"})
NOTHING = Memory()
FAILING = Memory(failing=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

CASES = {
    "nothing ran yet": (NOTHING, Now(), [], NOTHING),
    "the first good run": (NOTHING, Now(Health.GOOD), [], NOTHING),
    "the first failure": (NOTHING, Now(Health.FAILED), [F], FAILING),
    "it fails again": (FAILING, Now(Health.FAILED), [], FAILING),
    "it works again": (FAILING, Now(Health.GOOD), [R], NOTHING),
    "it goes on working": (NOTHING, Now(Health.GOOD), [], NOTHING),
    "put off for an hour": (NOTHING, Now(Health.UNFINISHED, HOUR), [], NOTHING),
    "put off for a day": (NOTHING, Now(Health.UNFINISHED, DAY), [F], FAILING),
    "left something over after a failure": (FAILING, Now(Health.UNFINISHED, HOUR), [], FAILING),
    "a connection is lost": (NOTHING, Now(Health.GOOD, lost=TRAKT), [C], Memory(lost=TRAKT)),
    "a connection is lost, and the run fails of it": (
        NOTHING,
        Now(Health.FAILED, lost=TRAKT),
        [C],
        Memory(failing=True, lost=TRAKT),
    ),
    "the connection is still lost": (
        Memory(failing=True, lost=TRAKT),
        Now(Health.FAILED, lost=TRAKT),
        [],
        Memory(failing=True, lost=TRAKT),
    ),
    "the other connection is lost as well": (
        Memory(failing=True, lost=TRAKT),
        Now(Health.FAILED, lost=BOTH),
        [C],
        Memory(failing=True, lost=BOTH),
    ),
    "connected again, before the next run": (
        Memory(failing=True, lost=TRAKT),
        Now(Health.FAILED),
        [],
        FAILING,
    ),
    "connected again and synced": (Memory(failing=True, lost=TRAKT), Now(Health.GOOD), [R], NOTHING),
    "a token ends soon": (NOTHING, Now(Health.GOOD, ending=BANGUMI), [E], Memory(ending=BANGUMI)),
    "it still ends soon": (Memory(ending=BANGUMI), Now(Health.GOOD, ending=BANGUMI), [], Memory(ending=BANGUMI)),
    "a new one was stored": (Memory(ending=BANGUMI), Now(Health.GOOD), [], NOTHING),
    "it has ended": (Memory(ending=BANGUMI), Now(Health.GOOD, lost=BANGUMI), [C], Memory(lost=BANGUMI)),
    "the first reviews": (NOTHING, Now(Health.GOOD, in_review=3), [W], Memory(in_review=True)),
    "more reviews": (Memory(in_review=True), Now(Health.GOOD, in_review=9), [], Memory(in_review=True)),
    "all reviews decided": (Memory(in_review=True), Now(Health.GOOD), [], NOTHING),
    "a plan waits": (NOTHING, Now(awaiting=5), [A], Memory(awaiting=5)),
    "the same plan waits": (Memory(awaiting=5), Now(awaiting=5), [], Memory(awaiting=5)),
    "a newer plan waits": (Memory(awaiting=5), Now(awaiting=7), [A], Memory(awaiting=7)),
    "the plan was answered": (Memory(awaiting=5), Now(Health.GOOD), [], Memory(awaiting=5)),
    "much at once": (
        NOTHING,
        Now(Health.FAILED, in_review=1, awaiting=5),
        [F, A, W],
        Memory(failing=True, in_review=True, awaiting=5),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_news_follows_from_what_was_told_and_what_is_so(case):
    memory, now, said, remembered = CASES[case]

    found = news(memory, now)

    assert list(found.events) == said
    assert found.memory == remembered


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_told_twice(case):
    memory, now, _said, _remembered = CASES[case]

    assert news(news(memory, now).memory, now).events == ()


def test_only_the_connection_that_was_lost_just_now_is_named():
    assert news(Memory(lost=TRAKT), Now(lost=BOTH)).newly_lost == {"bangumi"}


@pytest.mark.parametrize(
    ("after", "zone", "due"),
    [
        ("2026-11-22T22:00+00:00", "Asia/Shanghai", "2026-11-23T01:00+00:00"),  # Monday, 6:00 there
        ("2026-11-23T01:00+00:00", "Asia/Shanghai", "2026-11-30T01:00+00:00"),  # 9:00 sharp: it was this one
        ("2026-11-22T22:00+00:00", "America/New_York", "2026-11-23T14:00+00:00"),
        ("2026-03-24T00:00+00:00", "Europe/Berlin", "2026-03-30T07:00+00:00"),  # the clocks go forward before it
    ],
)
def test_the_digest_comes_on_monday_morning_where_the_user_is(after, zone, due):
    found = next_digest(datetime.fromisoformat(after), zone)

    assert found == datetime.fromisoformat(due)
    assert found.tzinfo == UTC
