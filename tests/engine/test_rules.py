"""What is written to a subject, as a table that needs no code to be read."""

from __future__ import annotations

from datetime import date

import pytest

from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.engine.rules import Change, Found, decide, has_ended
from sync.matching.facts import Episode

WISH, DONE, DOING, ON_HOLD, DROPPED = (CollectionType(n) for n in (1, 2, 3, 4, 5))
SEEN, UNSEEN = EpisodeStatus.WATCHED, EpisodeStatus.NONE
TODAY = date(2026, 11, 22).toordinal()


def found(listed=None, **marks):
    states = {int(name[1:]): state for name, state in marks.items()}
    return Found(listed, states, tuple(range(1, 4)))


NOTHING = Change()

CASES = [
    # on Bangumi, episodes there (1–3)          watched   ended  → what is written
    ("a new subject is added and ticked", found(), {1}, True, Change(DOING, (), (1,))),
    ("a new subject watched whole is done", found(), {1, 2, 3}, True, Change(DOING, (), (1, 2, 3), complete=True)),
    ("a wish becomes doing", found(WISH), {1}, True, Change(DOING, (), (1,))),
    ("doing stays doing", found(DOING), {2}, True, Change(None, (), (2,))),
    ("the last episode completes it", found(DOING, e1=SEEN, e2=SEEN), {3}, True, Change(None, (), (3,), complete=True)),
    ("what still airs is not done", found(DOING, e1=SEEN, e2=SEEN), {3}, False, Change(None, (), (3,))),
    ("what is ticked is not ticked again", found(DOING, e1=SEEN), {1}, True, NOTHING),
    ("done is never taken back", found(DONE, e1=SEEN), {2}, True, Change(None, (), (2,))),
    ("done with all ticks needs nothing", found(DONE, e1=SEEN, e2=SEEN, e3=SEEN), {1, 2, 3}, True, NOTHING),
    ("on hold stays on hold", found(ON_HOLD), {1}, True, Change(None, (), (1,))),
    ("dropped stays dropped", found(DROPPED), {1, 2, 3}, True, Change(None, (), (1, 2, 3))),
    (
        "an episode dropped there goes through nothing to watched",
        found(DOING, e2=EpisodeStatus.DROPPED),
        {2},
        True,
        Change(None, (2,), (2,)),
    ),
    ("a wish whose episodes are ticked already stays", found(WISH, e1=SEEN), {1}, True, NOTHING),
    (
        "all ticked by hand and left at doing is the user's own",
        found(DOING, e1=SEEN, e2=SEEN, e3=SEEN),
        {1},
        True,
        NOTHING,
    ),
]


@pytest.mark.parametrize(("found", "watched", "ended", "change"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_is_written(found, watched, ended, change):
    assert decide(found, watched, ended=ended, film=False) == change


def film(listed=None, mark=UNSEEN):
    return Found(listed, {7: mark}, (7,))


FILMS = [
    ("a film is done at once", film(), {7}, Change(DONE, (), (7,))),
    ("a wished film is done", film(WISH), {7}, Change(DONE, (), (7,))),
    ("a film being watched is done", film(DOING), {7}, Change(DONE, (), (7,))),
    ("a dropped film stays dropped", film(DROPPED), {7}, Change(None, (), (7,))),
    ("a film done and ticked needs nothing", film(DONE, SEEN), {7}, NOTHING),
    ("a film without an episode row is done by its entry", Found(None, {}, ()), set(), Change(DONE)),
    ("a film without a row, done already, needs nothing", Found(DONE, {}, ()), set(), NOTHING),
]


@pytest.mark.parametrize(("found", "watched", "change"), [c[1:] for c in FILMS], ids=[c[0] for c in FILMS])
def test_what_is_written_for_a_film(found, watched, change):
    assert decide(found, watched, ended=True, film=True) == change


def test_an_interrupted_attempt_that_marked_all_still_completes():
    marks = found(DOING, e1=SEEN, e2=SEEN, e3=SEEN)
    assert decide(marks, {1}, ended=True, film=False, resumed=True) == Change(complete=True)


def listed(*days, kind=0):
    return [Episode(n, kind, n, airdate=day) for n, day in enumerate(days, start=1)]


ENDINGS = [
    ("an episode still to come", listed("2026-11-01", "2026-11-29"), 0, 0, False),
    ("the data sets know the end", listed("2026-11-20"), date(2026, 11, 20).toordinal(), 0, True),
    ("the data sets know a later end", listed("2026-11-20"), date(2026, 12, 20).toordinal(), 0, False),
    ("all announced episodes are listed", listed("2026-11-13", "2026-11-20"), 0, 2, True),
    ("more are announced than listed", listed("2026-11-20"), 0, 12, False),
    ("nothing known, aired lately", listed("2026-11-20"), 0, 0, False),
    ("nothing known, aired long ago", listed("2011-1-8", "2011年1月15日"), 0, 0, True),
    ("old entries without dates", listed("", ""), 0, 0, True),
]


@pytest.mark.parametrize(("rows", "end", "count", "ended"), [c[1:] for c in ENDINGS], ids=[c[0] for c in ENDINGS])
def test_whether_a_subject_has_ended(rows, end, count, ended):
    assert has_ended(rows, TODAY, known_end=end, known_count=count) is ended
