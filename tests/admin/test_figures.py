"""What a ledger adds up to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from sync.admin import figures
from sync.admin.figures import Play, Quality, Week
from sync.models import Subject, SyncItem, SyncRun

SHANGHAI = ZoneInfo("Asia/Shanghai")
LATE = datetime(2026, 3, 1, 20, tzinfo=UTC)
"""Already the second of March in Shanghai."""


def play(at=LATE, title=1, subject=2, runtime=24) -> Play:
    return Play(at, title, subject, runtime)


def item(user, key, **fields) -> SyncItem:
    usual = {"state": "done", "watched_at": LATE, "subject_id": 2, "confidence": 3}
    return SyncItem.objects.create(user=user, source_key=str(key), **{**usual, **fields})


def test_a_play_belongs_to_the_day_of_the_users_own_zone():
    found = figures.tally([play()], SHANGHAI)

    assert dict(found.days) == {date(2026, 3, 2): 1}


def test_a_tally_knows_the_first_and_the_last_play_in_any_order():
    early, late = play(LATE - timedelta(days=9)), play(LATE + timedelta(days=9))

    found = figures.tally([late, play(), early], SHANGHAI)

    assert (found.first, found.last) == (early, late)


def test_minutes_count_where_trakt_told_them():
    assert figures.tally([play(), play(runtime=None)], SHANGHAI).minutes == 24


def test_plays_without_a_title_or_a_subject_still_count():
    found = figures.tally([play(title=None, subject=None)], SHANGHAI)

    assert (found.plays, dict(found.titles), dict(found.subjects)) == (1, {}, {})


@pytest.mark.parametrize(
    ("days", "streak"),
    [([], None), ([3], (3, 1)), ([5, 1, 2, 6, 7], (5, 3)), ([1, 2, 5, 6], (1, 2))],
)
def test_the_longest_row_of_days_is_found(days, streak):
    found = figures.longest_streak(date(2026, 3, day) for day in days)

    assert found == (streak and (date(2026, 3, streak[0]), streak[1]))


@pytest.mark.parametrize(
    ("begin", "season"),
    [
        ("2024-01-05", "2024-01"),
        ("2024-03-31", "2024-01"),
        ("2024-04", "2024-04"),
        ("2024-12-28", "2024-10"),
        ("2024", ""),
        ("", ""),
        ("2024-00-00", ""),
    ],
)
def test_a_season_is_named_by_its_first_month(begin, season):
    assert figures.season_of(begin) == season


def test_half_and_nine_of_ten_are_the_nearest_ranks():
    found = figures.delay_of([timedelta(hours=hours) for hours in range(1, 11)])

    assert found is not None
    assert (found.median, found.p90) == (timedelta(hours=5), timedelta(hours=9))
    assert found.within == (1, 5, 4, 0, 0)


def test_a_play_that_was_there_before_it_was_over_took_no_time():
    found = figures.delay_of([timedelta(minutes=-5)])

    assert found is not None
    assert found.median == timedelta(0)


def test_there_is_no_time_to_tell_without_plays():
    assert figures.delay_of([]) is None


def test_what_a_person_decided_is_not_counted_as_a_rules_match():
    rows = [
        ("done", 3, False, 5),
        ("done", 2, False, 3),
        ("done", 3, True, 2),
        ("review", 1, False, 4),
        ("new", 0, False, 9),
    ]

    assert figures.quality_of(rows) == Quality(high=5, medium=3, by_person=2, in_review=4)


def test_runs_are_sorted_into_weeks_that_begin_on_monday():
    sunday = datetime(2026, 11, 15, 12, tzinfo=UTC)
    runs = [(sunday, "failed"), (sunday + timedelta(days=1), "succeeded"), (sunday + timedelta(days=2), "deferred")]
    runs.append((sunday - timedelta(days=99), "failed"))
    runs.append((sunday + timedelta(days=1), "cancelled"))

    found = figures.weeks_of(runs, date(2026, 11, 22), 2, ZoneInfo("UTC"))

    assert found == [Week(date(2026, 11, 9), 0, 0, 1), Week(date(2026, 11, 16), 1, 1, 0)]


def test_days_count_only_ones_own_plays_that_are_on_bangumi(alice, bob):
    item(alice, 1)
    item(alice, 2, state="already")
    item(alice, 3, state="review")
    item(alice, 4, kind="ratings")
    item(alice, 5, watched_at=None)
    item(bob, 6)

    assert dict(figures.days_between(alice, LATE.date(), LATE.date())) == {LATE.date(): 2}


def test_a_day_counts_from_its_midnight_in_the_users_zone_to_the_next(alice):
    item(alice, 1)

    with timezone.override(SHANGHAI):
        assert not figures.days_between(alice, date(2026, 3, 1), date(2026, 3, 1))
        assert figures.days_between(alice, date(2026, 3, 2), date(2026, 3, 2))


def test_ratings_are_told_apart_by_whether_bangumi_has_them(alice):
    for key, state in enumerate(("done", "skipped", "already")):
        item(alice, key, kind="ratings", told={"rating": 8}, state=state)
    item(alice, "gone", kind="ratings", told={"rating": 8}, gone_at=LATE)
    item(alice, "odd", kind="ratings", told={})

    found = figures.ratings_between(alice)

    assert found[8] == (2, 1)
    assert sum(map(sum, found.values())) == 3


def test_ratings_of_a_year_are_those_given_in_it(alice):
    item(alice, 1, kind="ratings", told={"rating": 8})

    assert figures.ratings_between(alice, date(2026, 1, 1), date(2026, 12, 31))[8] == (1, 0)
    assert figures.ratings_between(alice, date(2025, 1, 1), date(2025, 12, 31))[8] == (0, 0)


def test_a_subject_nobody_knows_the_begin_of_is_in_no_season(alice):
    Subject.objects.create(pk=990001, date="2024-02-03")
    Subject.objects.create(pk=990002)

    assert dict(figures.by_season({990001: 3, 990002: 5, 990003: 7})) == {"2024-01": 3}


def test_the_time_to_bangumi_is_of_plays_since_the_first_run_alone(alice):
    now = timezone.now()
    run = SyncRun.objects.create(
        user=alice, trigger="schedule", status="succeeded", finished_at=now + timedelta(hours=3)
    )
    item(alice, "old", run=run, watched_at=now - timedelta(days=900))
    item(alice, "new", run=run, watched_at=now + timedelta(hours=1))

    found = figures.figures_of(alice).delay

    assert found is not None
    assert (found.total, found.median) == (1, timedelta(hours=2))


def test_what_a_ledger_adds_up_to_is_counted_once_and_anew_when_it_changed(alice, django_assert_num_queries):
    item(alice, 1)
    assert figures.figures_of(alice).plays == 1

    with django_assert_num_queries(2):
        figures.figures_of(alice)
    item(alice, 2)

    assert figures.figures_of(alice).plays == 2


def test_the_years_go_back_to_the_first_play_in_the_users_own_zone(alice):
    item(alice, 1, watched_at=datetime(2023, 12, 31, 20, tzinfo=UTC))
    item(alice, 2, watched_at=datetime(2026, 1, 5, tzinfo=UTC))

    with timezone.override(SHANGHAI):
        assert figures.years_of(alice) == [2026, 2025, 2024]


def test_who_has_no_plays_has_no_years(alice):
    assert figures.years_of(alice) == []
