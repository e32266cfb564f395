"""Whatever Trakt and Bangumi say: no exception, no end of asking, no position that can't be."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.matching.facts import Confidence, Episode, Item, Known, Listed, Subject, Work
from sync.matching.gate import gate
from sync.matching.judge import judge
from sync.matching.kinds import kind_of
from tests.matching.making import index_of

INDEX = index_of(
    (1, "tv", "2020-01-06", "2020-03-23", "tv/1"),
    (2, "tv", "2020-07-06", "", "tv/1"),
    (3, "tv", "", "", "tv/1/season/2"),
    (4, "ova", "2020-05-05", "", "tv/1/season/0/episode/1"),
    (5, "movie", "2020-05-05", "", "movie/1"),
    (6, "movie", "", "", "movie/1"),
    linked=((7, "", "", 1, "tt0000001", 0),),
    ranges=((1, "tmdb", 1, 1, 1, 12, 1), (2, "tvdb", 1, 2, 1, 0, 0), (4, "tmdb", 1, 0, 2, 3, 1)),
)
NUMBERS = st.none() | st.integers(-3, 30) | st.integers(-(10**12), 10**12)
FROM, TO = date(2019, 12, 1), date(2021, 1, 1)
NAIVE = st.datetimes() | st.builds(datetime.combine, st.dates(FROM, TO), st.times())
INSTANTS = st.none() | NAIVE.map(lambda moment: moment.replace(tzinfo=UTC)) | NAIVE
TEXTS = st.text(max_size=5) | st.dates().map(str) | st.dates(FROM, TO).map(str)
IDS = st.none() | st.integers(0, 2)

WORKS = st.builds(
    Work,
    kind=st.sampled_from(["show", "movie"]),
    tmdb=IDS,
    tvdb=IDS,
    imdb=st.sampled_from([None, "", "tt0000001"]),
    title=st.text(max_size=5),
    genres=st.none() | st.tuples() | st.tuples(st.sampled_from(["anime", "drama", "Animation"])),
    released=st.none() | st.dates(),
)
EPISODES = st.builds(
    Episode,
    id=st.integers(1, 99),
    type=st.integers(0, 3),
    sort=st.floats() | st.integers(-1, 15) | st.sampled_from([0.5, 1.5]),
    ep=st.integers(0, 15),
    airdate=TEXTS,
    name=st.text(max_size=4),
)
SUBJECTS = st.builds(
    Subject,
    id=st.integers(1, 8),
    name=st.text(max_size=5),
    date=TEXTS,
    eps=st.integers(-1, 14),
    episodes=st.none() | st.lists(EPISODES, max_size=14).map(tuple),
)
LISTED = st.builds(Listed, season=st.integers(-1, 4), number=st.integers(-1, 30), first_aired=INSTANTS)


@st.composite
def situations(draw):
    work = draw(WORKS)
    item = st.builds(
        Item,
        work=st.just(work),
        season=st.none() | st.integers(-1, 4) | NUMBERS,
        number=NUMBERS,
        number_abs=NUMBERS,
        title=st.text(max_size=4),
        first_aired=INSTANTS,
    )
    items = draw(st.lists(item, min_size=1, max_size=6))
    subjects = {subject.id: subject for subject in draw(st.lists(SUBJECTS, max_size=6))}
    seasons = draw(st.none() | st.lists(LISTED, max_size=12).map(tuple))
    found = draw(st.none() | st.lists(SUBJECTS, max_size=3).map(tuple))
    return work, items, Known(subjects, seasons, found)


@given(situations())
@settings(max_examples=300, deadline=None)
def test_every_item_gets_a_verdict_or_a_reason(situation):
    work, items, known = situation
    judgement = judge(INDEX, work, items, known)
    assert len(judgement.verdicts) == len(items)
    for verdict in judgement.verdicts:
        assert verdict.best or verdict.reason
        assert not verdict.best or verdict.candidates[0] == verdict.best
        assert all(candidate.confidence <= Confidence.LOW for candidate in verdict.candidates[1:])


@given(situations())
@settings(max_examples=100, deadline=None)
def test_asking_comes_to_an_end(situation):
    work, items, known = situation
    for _ in range(10):
        wants = judge(INDEX, work, items, known).wants
        if not wants:
            return
        unread = {subject_id: Subject(subject_id, episodes=()) for subject_id in wants.subjects}
        seasons = () if wants.seasons else known.seasons
        known = Known({**known.subjects, **unread}, seasons, () if wants.search else known.found)
    raise AssertionError("still asking")


@given(situations())
@settings(max_examples=100, deadline=None)
def test_a_written_position_exists_as_far_as_is_known(situation):
    work, items, known = situation
    for verdict in judge(INDEX, work, items, known).verdicts:
        best = verdict.best
        if best and best.position is not None and best.confidence >= Confidence.MEDIUM:
            subject = known.subjects.get(best.subject_id)
            mains = sum(row.type == 0 for row in subject.episodes or ()) if subject else 0
            length = max(mains, subject.eps) if subject else 0
            assert best.position >= 1
            assert length <= 0 or best.position <= max(length, 1)


@given(situations())
@settings(max_examples=100, deadline=None)
def test_the_gate_answers_for_every_item(situation):
    work, items, known = situation
    verdicts = judge(INDEX, work, items, known).verdicts
    assert len(gate(list(zip(items, verdicts, strict=True)), known.subjects)) == len(items)


@given(WORKS)
def test_every_work_has_a_kind(work):
    assert kind_of(work, INDEX).name in {"anime", "donghua", "animation", "live_action", "unknown"}
