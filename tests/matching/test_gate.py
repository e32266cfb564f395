from __future__ import annotations

from sync.matching.codes import EvidenceCode
from sync.matching.facts import Candidate, Confidence, Evidence, Item, Verdict
from sync.matching.gate import gate
from tests.matching.making import episode, on, weekly

SUBJECTS = {1: weekly(1, "2020-01-06", 12), 2: weekly(2, "2020-07-06", 12)}


def planned(number: int, position: int, aired, *rivals: int, code: str = "rank") -> tuple[Item, Verdict]:
    best = Candidate(1, position, None, Confidence.HIGH, (Evidence(code, supports=True),))
    others = tuple(Candidate(rival) for rival in rivals)
    return episode(1, number, aired), Verdict(best, (best, *others))


def test_dates_that_agree_pass():
    assert gate([planned(3, 3, on("2020-01-06", 2))], SUBJECTS) == [None]


def test_items_without_a_date_or_a_list_pass():
    assert gate([planned(3, 3, None)], SUBJECTS) == [None]
    assert gate([planned(3, 3, on("2030-01-01"))], {}) == [None]


def test_a_date_of_another_episode_is_stopped():
    assert gate([planned(3, 3, on("2020-01-06", 4))], SUBJECTS) == ["gate_other_episode"]


def test_a_date_of_a_rival_is_stopped():
    assert gate([planned(3, 3, on("2020-07-06", 2), 2)], SUBJECTS) == ["gate_other_subject"]


def test_a_position_that_is_not_listed_is_stopped():
    assert gate([planned(13, 13, None)], SUBJECTS) == ["gate_no_such_episode"]


def test_a_later_release_as_a_whole_passes():
    assert gate([planned(n, n, on("2020-01-16", n - 1)) for n in range(1, 13)], SUBJECTS) == [None] * 12


def test_a_release_one_week_later_as_a_whole_passes():
    assert gate([planned(n, n, on("2020-01-13", n - 1)) for n in range(1, 6)], SUBJECTS) == [None] * 5


def test_two_dates_are_no_pattern():
    plan = [planned(n, n, on("2020-01-13", n - 1)) for n in (1, 2)]
    assert gate(plan, SUBJECTS) == ["gate_other_episode"] * 2


def test_a_play_of_a_season_that_the_matcher_found_late_passes():
    late = Evidence("airdate", supports=True, detail={"aired": "2020-01-27", "late": 7, "listed": "2020-01-20"})
    item, _ = planned(3, 3, on("2020-01-13", 2))
    assert gate([(item, Verdict(Candidate(1, 3, None, Confidence.HIGH, (late,))))], SUBJECTS) == [None]


def test_a_release_one_week_later_as_a_whole_passes_to_its_end():
    assert gate([planned(n, n, on("2020-01-13", n - 1)) for n in range(1, 13)], SUBJECTS) == [None] * 12


def test_positions_that_slip_by_one_within_the_season_are_stopped():
    plan = [planned(n, n, on("2020-01-06", n - 1 if n < 6 else n)) for n in range(1, 13)]
    assert gate(plan, SUBJECTS)[:11] == [None] * 5 + ["gate_other_episode"] * 6


def test_what_a_person_decided_is_not_doubted():
    assert gate([planned(3, 3, on("2020-01-06", 4), code=EvidenceCode.OVERRIDE)], SUBJECTS) == [None]


def test_items_without_a_verdict_pass():
    assert gate([(episode(1, 1), Verdict(None))], SUBJECTS) == [None]
