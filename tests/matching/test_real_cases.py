"""Cases that users of such programs met, on the data that ships with the package and captured subjects."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from sync.matching.facts import Confidence, Episode, Item, Known, Listed, Subject, Work
from sync.matching.judge import judge
from tests.matching.making import snapshot

SUBJECTS = Path(__file__).parents[3] / "shared" / "data" / "bangumi-subjects.jsonl.gz"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SUBJECTS.exists(), reason="../shared/data is not beside the project"),
]

TMDB = {
    "titan": 1429,
    "conan": 30983,
    "one_piece": 37854,
    "clannad": 24835,
    "black_lagoon": 12598,
    "haikyu": 60863,
}


@cache
def captured() -> dict[int, Subject]:
    subjects = {}
    with gzip.open(SUBJECTS, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            episodes = tuple(
                Episode(e["id"], e["type"], e["sort"], 0, e["airdate"] or "", e["name"] or "", e["name_cn"] or "")
                for e in row.get("episodes") or ()
            )
            subjects[row["id"]] = Subject(
                row["id"],
                row["name"],
                row["name_cn"],
                row["date"] or "",
                row["platform"] or "",
                2,
                row["eps"],
                episodes,
            )
    return subjects


def said(work: Work, season: int | None, number: int | None, aired: str, seasons: tuple[Listed, ...] = ()):
    instant = datetime.fromisoformat(aired).replace(tzinfo=UTC) if aired else None
    item = Item(work, season, number, first_aired=instant)
    known = Known(seasons=seasons, found=())
    while wants := judge(snapshot(), work, [item], known).wants:
        read = {one: captured().get(one) or Subject(one, episodes=()) for one in wants.subjects}
        known = Known({**known.subjects, **read}, seasons, ())
    best = judge(snapshot(), work, [item], known).verdicts[0].best
    return best and (best.subject_id, best.position, best.confidence)


@pytest.mark.parametrize(
    ("show", "number", "aired", "place"),
    [
        # one subject a season
        ("titan", (1, 1), "2013-04-06T16:58", (55770, 1)),
        ("titan", (2, 1), "2017-04-01T13:00", (118335, 1)),  # Bangumi calls it 26
        ("titan", (3, 1), "2018-07-22T15:35", (217300, 1)),
        ("clannad", (2, 1), "2008-10-02T16:59", (876, 1)),
        # two subjects in one season of TMDB
        ("titan", (3, 13), "2019-04-28T15:10", (263750, 1)),
        ("titan", (4, 17), "2022-01-09T15:05", (331752, 1)),  # five past midnight in Japan
        ("black_lagoon", (1, 13), "2006-10-02T15:00", (980, 1)),
        # long runners
        ("conan", (1, 1), "1996-01-08T10:30", (899, 1)),
        ("one_piece", (1, 1), "1999-10-20T10:00", (975, 1)),
        # an OVA that Trakt keeps as a special
        ("haikyu", (0, 3), "2017-08-04T03:00", (212459, 1)),
    ],
)
def test_dated_episodes_are_found_and_sure(show, number, aired, place):
    assert said(Work("show", tmdb=TMDB[show]), *number, aired) == (*place, Confidence.HIGH)


@pytest.mark.parametrize(
    ("tmdb", "subject"),
    [(149, 5118), (128, 310), (372058, 160209), (904759, 360256), (15370, 506)],
)
def test_films_are_found_by_their_tmdb_id(tmdb, subject):
    found = said(Work("movie", tmdb=tmdb), None, None, "")
    assert found is not None
    assert found[:2] == (subject, 1)


def test_a_show_that_nobody_lists_is_not_guessed():
    assert said(Work("show", tmdb=1396, title="Breaking Bad"), 1, 1, "2008-01-20T03:00") is None
