"""The rules for regular seasons, each on the smallest world that shows it."""

from __future__ import annotations

from datetime import date

from sync.matching.facts import Episode, Subject, Work
from sync.matching.judge import judge
from tests.matching.making import SHOW, codes, episode, index_of, known, listed, on, said, weekly

ONE = index_of((1, "tv", "2020-01-06", "2020-03-23", "tv/100"))
TWO_COURS = index_of(
    (1, "tv", "2020-01-06", "2020-03-23", "tv/100"),
    (2, "tv", "2020-07-06", "2020-09-21", "tv/100"),
)
TWO_SEASONS = index_of(
    (1, "tv", "2020-01-06", "2020-03-23", "tv/100"),
    (2, "tv", "2020-07-06", "2020-09-21", "tv/100/season/2"),
)
FIRST, SECOND = weekly(1, "2020-01-06", 12), weekly(2, "2020-07-06", 12)


def test_a_date_that_agrees_with_the_rank_is_high():
    assert said(ONE, [episode(1, 3, on("2020-01-06", 2))], known(FIRST)) == [(1, 3, "HIGH", False)]


def test_a_date_may_be_a_day_off():
    assert said(ONE, [episode(1, 3, on("2020-01-07", 2))], known(FIRST)) == [(1, 3, "HIGH", False)]


def test_a_rank_without_a_date_is_medium():
    assert said(ONE, [episode(1, 3)], known(FIRST)) == [(1, 3, "MEDIUM", False)]


def test_a_number_beyond_the_last_episode_is_asked_with_the_subject_as_a_proposal():
    verdict = judge(ONE, SHOW, [episode(1, 13)], known(FIRST)).verdicts[0]
    assert verdict.best is None
    assert verdict.reason == "number_fits_nobody"
    assert [candidate.subject_id for candidate in verdict.candidates] == [1]


def test_a_season_that_goes_beyond_the_subject_casts_doubt_on_all_its_undated_numbers():
    assert said(ONE, [episode(1, 3), episode(1, 20)], known(FIRST))[0] == (1, 3, "LOW", False)


def test_numbers_within_the_subject_are_written_where_the_season_goes_on_for_a_few_more():
    items = [episode(1, 3), episode(1, 14)]
    found = said(ONE, items, known(FIRST, seasons=listed(1, None, 14)))
    assert found[0] == (1, 3, "MEDIUM", False)
    assert found[1][0] is None


def test_a_few_more_are_not_as_many_again():
    short = weekly(1, None, 3)
    assert said(ONE, [episode(1, 2), episode(1, 5)], known(short))[0] == (1, 2, "LOW", False)


def test_a_date_that_points_at_another_episode_is_asked():
    assert said(ONE, [episode(1, 3, on("2020-01-06", 5))], known(FIRST))[0][2] == "LOW"


def test_a_date_that_points_nowhere_is_a_later_release():
    assert said(ONE, [episode(1, 3, on("2020-05-04"))], known(FIRST)) == [(1, 3, "MEDIUM", False)]


def test_a_date_of_another_year_that_points_nowhere_is_asked():
    assert said(ONE, [episode(1, 3, on("2025-05-05"))], known(FIRST))[0][2] == "LOW"


def test_dates_of_a_remake_cast_doubt_on_its_undated_numbers():
    items = [episode(1, 1, on("2025-01-06")), episode(1, 2)]
    assert said(ONE, items, known(FIRST))[1] == (1, 2, "LOW", False)


def test_what_a_weekly_broadcast_would_give_does_not_bear_out_a_foreign_range():
    index = index_of((1, "tv", "2020-01-06", "", "tv/100"), ranges=((1, "tvdb", 200, 1, 1, 11, 2),))
    bare = Subject(1, eps=12, episodes=())
    assert said(index, [episode(1, 1, on("2020-01-13"))], known(bare))[0][2] != "HIGH"


def test_a_recap_with_half_a_number_shifts_positions_and_the_date_finds_it_out():
    rows = list(weekly(1, "2020-01-06", 4).episodes or ())
    sorts = (1, 2, 2.5, 3)
    subject = Subject(
        1,
        eps=4,
        episodes=tuple(Episode(row.id, 0, sort, 0, row.airdate) for row, sort in zip(rows, sorts, strict=True)),
    )
    assert said(ONE, [episode(1, 3, on("2020-01-06", 3))], known(subject)) == [(1, 4, "HIGH", False)]


def test_episode_zero_is_found_by_its_number_on_bangumi():
    subject = weekly(1, "2020-01-06", 13, first_sort=0)
    assert said(ONE, [episode(1, 0, on("2020-01-06"))], known(subject)) == [(1, 1, "HIGH", False)]


def test_the_second_cour_of_a_merged_season_is_found_by_its_date():
    assert said(TWO_COURS, [episode(1, 13, on("2020-07-06"))], known(FIRST, SECOND)) == [(2, 1, "HIGH", True)]


def test_cours_counted_without_a_date_are_not_written():
    assert said(TWO_COURS, [episode(1, 13)], known(FIRST, SECOND)) == [(2, 1, "MEDIUM", True)]


def test_counted_cours_whose_numbers_on_bangumi_run_on_are_high():
    running_on = weekly(2, None, 12, first_sort=13)
    assert said(TWO_COURS, [episode(1, 13)], known(weekly(1, None, 12), running_on)) == [(2, 1, "HIGH", True)]


def test_cours_as_long_together_as_trakts_season_are_high():
    seasons = listed(1, None, 24)
    assert said(TWO_COURS, [episode(1, 13)], known(FIRST, SECOND, seasons=seasons)) == [(2, 1, "HIGH", True)]


def test_undated_episodes_lie_where_their_dated_neighbours_do():
    items = [episode(1, 13, on("2020-07-06")), episode(1, 15), episode(1, 24, on("2020-09-21"))]
    assert said(TWO_COURS, items, known(FIRST, SECOND))[1] == (2, 3, "HIGH", True)


def test_neighbours_on_one_side_do_not_overrule_the_rank():
    items = [episode(1, 1, on("2020-01-13")), episode(1, 2)]
    assert said(ONE, items, known(FIRST))[1][2] == "LOW"


def test_dates_alone_do_not_bear_each_other_out():
    """Trakt leaves out the fourth episode: the later dates say where its numbers lead, and no number says so."""
    items = [episode(1, n, on("2020-01-06", n - 1 if n < 4 else n)) for n in range(1, 12)]
    found = said(ONE, items, known(FIRST))
    assert [confidence for _, _, confidence, _ in found] == ["HIGH"] * 3 + ["LOW"] * 8


def test_dates_alone_are_borne_out_by_a_season_that_ends_with_the_subject():
    """A show whose seasons Trakt counts otherwise than any data set: only its last number tells."""
    long = weekly(1, "2020-01-06", 24)
    items = [episode(2, n, on("2020-01-06", 11 + n)) for n in range(1, 13)]
    assert said(ONE, items, known(long, seasons=listed(2, None, 12)))[4][:3] == (1, 17, "HIGH")
    assert said(ONE, items, known(long, seasons=listed(2, None, 13)))[4][2] != "HIGH"


def test_where_counts_and_dates_differ_the_date_wins_and_needs_a_number():
    ten = weekly(1, "2020-01-06", 10)
    item = episode(1, 13, on("2020-07-06", 1))
    assert said(TWO_COURS, [item], known(ten, SECOND))[0][:3] == (2, 2, "LOW")
    run_on = weekly(2, "2020-07-06", 12, first_sort=12)
    assert said(TWO_COURS, [item], known(ten, run_on)) == [(2, 2, "HIGH", True)]


def test_a_range_of_anibridge_is_a_number_rule():
    index = index_of(
        (1, "tv", "2020-01-06", "", "tv/100"),
        (2, "tv", "2020-07-06", "", "tv/100"),
        ranges=((2, "tmdb", 100, 1, 13, 24, 1),),
    )
    assert said(index, [episode(1, 13)], known(weekly(1, None, 12), weekly(2, None, 12))) == [(2, 1, "HIGH", True)]


def test_ranges_that_claim_the_same_number_cancel_each_other():
    index = index_of(
        (1, "tv", "2020-01-06", "", "tv/100"),
        (2, "tv", "2020-07-06", "", "tv/100"),
        ranges=((1, "tmdb", 100, 1, 1, 12, 1), (2, "tmdb", 100, 1, 1, 24, 1)),
    )
    seasons = listed(1, None, 24)
    knowledge = known(weekly(1, None, 12), weekly(2, None, 12), seasons=seasons)
    assert said(index, [episode(1, 3)], knowledge) == [(1, 3, "HIGH", True)]


def test_a_range_of_another_subject_does_not_shake_a_season_that_is_full():
    index = index_of(
        (1, "tv", "2020-01-06", "", "tv/100"),
        (2, "tv", "2020-07-06", "", "tv/100/season/2"),
        ranges=((2, "tmdb", 100, 1, 1, 12, 1),),
    )
    knowledge = known(weekly(1, None, 12), weekly(2, None, 12), seasons=listed(1, None, 12))
    assert said(index, [episode(1, 3)], knowledge)[0][:3] == (1, 3, "HIGH")


def test_a_first_day_that_brought_several_episodes_points_nowhere_else():
    undated = weekly(1, None, 12)
    items = [episode(1, 1, on("2020-01-06")), episode(1, 2, on("2020-01-06")), episode(1, 3, on("2020-01-13"))]
    knowledge = known(undated, weekly(2, None, 12, first_sort=13), seasons=listed(1, None, 24))
    assert said(TWO_COURS, items, knowledge)[1][:3] == (1, 2, "HIGH")


def test_the_first_day_of_a_subject_beside_the_season_points_nowhere():
    index = index_of(
        (1, "tv", "2020-01-06", "", "tv/100"),
        (2, "web", "2020-01-14", "", ""),
        linked=((2, "", "", 200, "", 0),),
    )
    bare = Subject(1, date="2020-01-06", eps=12, episodes=())
    item = episode(1, 4, on("2020-01-14"))
    assert said(index, [item], known(bare, weekly(2, None, 3)))[0][:3] == (1, 4, "MEDIUM")


def test_seasons_numbered_as_on_tvdb_are_found_by_date():
    """TMDB merges both cours into season 1, the item says season 2 nevertheless."""
    assert said(TWO_COURS, [episode(2, 1, on("2020-07-06"))], known(FIRST, SECOND))[0][:3] == (2, 1, "HIGH")


def test_numbers_that_run_through_the_seasons_are_found_by_date_and_count():
    seasons = listed(1, "2020-01-06", 12) + listed(2, "2020-07-06", 12, first=13)
    item = episode(2, 13, on("2020-07-06"))
    assert said(TWO_SEASONS, [item], known(FIRST, SECOND, seasons=seasons))[0][:3] == (2, 1, "HIGH")


def test_a_long_runner_cut_into_seasons_by_trakt_is_counted_through():
    long = weekly(1, "2020-01-06", 24)
    seasons = listed(1, None, 12) + listed(2, None, 12)
    assert said(ONE, [episode(2, 1)], known(long, seasons=seasons))[0][:3] == (1, 13, "MEDIUM")


def test_a_list_with_holes_is_not_counted_through():
    long = weekly(1, "2020-01-06", 24)
    seasons = listed(1, None, 13)[::3] + listed(2, None, 12)
    assert said(ONE, [episode(2, 1)], known(long, seasons=seasons))[0][0] is None


def test_a_date_in_a_long_runner_is_enough_when_no_other_subject_is_meant():
    assert said(ONE, [episode(2, 1, on("2020-01-06", 12))], known(weekly(1, "2020-01-06", 24)))[0][:3] == (
        1,
        13,
        "MEDIUM",
    )


def test_a_date_that_trakts_list_counts_beyond_is_asked():
    seasons = listed(1, None, 15) + listed(2, None, 5)
    item = episode(2, 1, on("2020-01-06", 12))
    assert said(ONE, [item], known(weekly(1, "2020-01-06", 24), seasons=seasons))[0][2] == "LOW"


def test_two_episodes_of_one_day_are_told_apart_by_number():
    rows = weekly(1, "2020-01-06", 3).episodes or ()
    double = tuple(Episode(row.id, 0, row.sort, 0, "2020-01-06") for row in rows)
    items = [episode(1, number, on("2020-01-06")) for number in (1, 2, 3)]
    found = said(ONE, items, known(Subject(1, eps=3, episodes=double)))
    assert [(position, confidence) for _, position, confidence, _ in found] == [(1, "HIGH"), (2, "HIGH"), (3, "HIGH")]


def test_a_short_that_runs_beside_the_season_is_not_the_season():
    index = index_of((9, "web", "2020-01-06", "2020-03-23", "tv/100/season/0"))
    found = said(index, [episode(3, 2, on("2020-01-13"))], known(weekly(9, "2020-01-06", 12)))
    assert found[0][0] is None


def test_where_no_list_has_dates_the_weekly_broadcast_is_expected():
    bare = Subject(1, date="2020-01-06", eps=12, episodes=())
    assert said(ONE, [episode(1, 5, on("2020-02-03"))], known(bare)) == [(1, 5, "HIGH", False)]
    assert "weekly" in codes(ONE, episode(1, 5, on("2020-02-03")), known(bare))


def test_first_and_last_day_are_known_from_the_data_sets():
    bare = Subject(1, eps=12, episodes=())
    assert "premiere" in codes(ONE, episode(1, 1, on("2020-01-06")), known(bare))
    assert "finale" in codes(ONE, episode(1, 12, on("2020-03-24")), known(bare))


def test_only_the_subject_that_was_on_the_air_is_wanted():
    wants = judge(TWO_COURS, SHOW, [episode(1, 14, on("2020-07-13"))], known(seasons=None)).wants
    assert (wants.subjects, wants.seasons) == (frozenset({2}), False)


def test_nothing_more_is_wanted_of_a_sure_match():
    wants = judge(TWO_COURS, SHOW, [episode(2, 2, on("2020-07-13"))], known(SECOND, seasons=None)).wants
    assert not wants


def test_the_season_list_is_wanted_where_numbers_fit_no_subject():
    assert judge(ONE, SHOW, [episode(1, 99)], known(FIRST, seasons=None)).wants.seasons


def test_an_undated_number_within_the_only_subject_costs_no_season_list():
    assert not judge(ONE, SHOW, [episode(1, 3)], known(FIRST, seasons=None)).wants


def test_a_date_that_points_nowhere_costs_no_season_list():
    assert not judge(ONE, SHOW, [episode(1, 3, on("2020-05-04"))], known(FIRST, seasons=None)).wants


def test_the_season_list_is_wanted_before_something_is_asked():
    assert judge(TWO_COURS, SHOW, [episode(1, 13)], known(FIRST, SECOND, seasons=None)).wants.seasons


def test_a_show_without_tmdb_id_is_found_through_the_subjects_of_its_other_ids():
    index = index_of((1, "tv", "2020-01-06", "2020-03-23", "tv/100"), linked=((1, "", "", 200, "", 0),))
    work = Work("show", tvdb=200, title="Show")
    dated, undated = episode(1, 3, on("2020-01-06", 2), work=work), episode(1, 3, work=work)
    assert said(index, [dated], known(FIRST)) == [(1, 3, "HIGH", True)]
    assert said(index, [undated], known(FIRST)) == [(1, 3, "MEDIUM", True)]


def test_other_ids_that_lead_to_two_shows_lead_to_none():
    index = index_of(
        (1, "tv", "2020-01-06", "", "tv/100"),
        (2, "tv", "2020-07-06", "", "tv/101"),
        linked=((1, "", "", 200, "", 0), (2, "", "", 200, "", 0)),
    )
    assert said(index, [episode(1, 3, work=Work("show", tvdb=200))], known(FIRST, SECOND))[0][0] is None


def test_nothing_is_wanted_twice():
    empty = Subject(1, episodes=())
    assert not judge(ONE, SHOW, [episode(1, 99)], known(empty, seasons=())).wants


def test_a_verdict_is_given_before_anything_was_read():
    assert said(ONE, [episode(1, 1, on("2020-01-06"))], known(seasons=None)) == [(1, 1, "HIGH", False)]


def test_an_item_without_season_or_number_ends_in_a_reason():
    items = [episode(None, 1), episode(1, None), episode(1, -1), episode(-1, 1)]
    assert [row[2] for row in said(ONE, items, known(FIRST))] == ["no_season", "bad_number", "bad_number", "no_season"]


def test_the_evidence_names_both_dates():
    best = judge(ONE, SHOW, [episode(1, 2, on("2020-01-14"))], known(FIRST)).verdicts[0].best
    assert best is not None
    airdate = next(evidence for evidence in best.evidence if evidence.code == "airdate")
    assert airdate.detail == {"aired": "2020-01-14", "listed": "2020-01-13"}


def test_a_whole_season_released_on_one_day_is_told_by_numbers():
    rows = weekly(1, "2020-01-06", 12).episodes or ()
    at_once = tuple(Episode(row.id, 0, row.sort, 0, "2020-01-06") for row in rows)
    found = said(ONE, [episode(1, 7, on(date(2020, 1, 6)))], known(Subject(1, eps=12, episodes=at_once)))
    assert found == [(1, 7, "HIGH", False)]
