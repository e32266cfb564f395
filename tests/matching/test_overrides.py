from __future__ import annotations

import json

import pytest

from sync.matching.overrides import Override, choose, decide, from_json, to_json
from tests.matching.making import episode, known, weekly

SHOW = Override("show", tmdb=100, subject_id=1)
SEASON = Override("show", tmdb=100, season=2, subject_id=2)
COUR = Override("show", tmdb=100, season=2, first=13, last=24, subject_id=3, offset=-12)


@pytest.mark.parametrize(
    ("season", "number", "chosen"),
    [(1, 5, SHOW), (2, 5, SEASON), (2, 13, COUR), (2, 24, COUR), (2, 25, SEASON)],
)
def test_the_narrowest_decision_applies(season, number, chosen):
    assert choose([SHOW, SEASON, COUR], episode(season, number)) is chosen


def test_a_personal_decision_outweighs_a_narrower_one_for_everybody():
    shared = Override("show", tmdb=100, season=2, first=1, last=1, subject_id=9, personal=False)
    assert choose([shared, SEASON], episode(2, 1)) is SEASON


def test_works_are_compared_by_the_first_id_that_both_know():
    assert choose([Override("show", trakt=5, tmdb=999, subject_id=1), SHOW], episode(1, 1)) is SHOW
    assert choose([Override("show", tvdb=200, subject_id=4)], episode(1, 1)) is not None
    assert choose([Override("movie", tmdb=100, subject_id=4)], episode(1, 1)) is None


def test_a_decision_gives_the_position_and_the_episode():
    best = decide(COUR, episode(2, 14), known(weekly(3, None, 12))).best
    assert best is not None
    assert (best.subject_id, best.position, best.episode_id, best.confidence.name) == (3, 2, 3001, "HIGH")


def test_a_decision_may_name_an_episode_that_has_no_position():
    override = Override("show", tmdb=100, season=0, first=3, last=3, subject_id=1, episode_id=77)
    best = decide(override, episode(0, 3), known()).best
    assert best is not None
    assert (best.position, best.episode_id) == (None, 77)


def test_to_ignore_is_a_decision_too():
    verdict = decide(Override("show", tmdb=100), episode(1, 1), known())
    assert (verdict.best, verdict.reason) == (None, "ignored_by_override")


@pytest.mark.parametrize("override", [SHOW, SEASON, COUR, Override("movie", imdb="tt1", personal=False)])
def test_decisions_survive_export_and_import(override):
    assert from_json(json.loads(json.dumps(to_json(override)))) == override


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ([], "not an object"),
        ({"kind": "show"}, "no id"),
        ({"kind": "game", "tmdb": 1}, "kind"),
        ({"kind": "show", "tmdb": "1"}, "tmdb"),
        ({"kind": "show", "tmdb": True}, "tmdb"),
        ({"kind": "show", "tmdb": 1, "colour": 2}, "colour"),
    ],
)
def test_an_import_says_which_field_is_wrong(data, complaint):
    with pytest.raises(ValueError, match=complaint):
        from_json(data)
