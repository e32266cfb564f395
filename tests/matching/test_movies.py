from __future__ import annotations

from dataclasses import replace
from datetime import date

from sync.matching.facts import Episode, Item, Subject
from sync.matching.judge import judge
from tests.matching.making import FILM, codes, index_of, known, said, weekly

MAIN = (1, "movie", "2020-05-05", "2020-05-05", "movie/500")


def item(**fields) -> Item:
    return Item(replace(FILM, **fields))


def test_a_film_is_known_by_its_tmdb_id():
    assert said(index_of(MAIN), [item()], known(weekly(1, "2020-05-05", 1))) == [(1, 1, "HIGH", False)]


def test_a_film_that_tmdb_does_not_lead_to_is_known_by_imdb_and_its_release():
    index = index_of((1, "movie", "2020-05-05", "", ""), linked=((1, "2020-05", "", 0, "tt0000600", 0),))
    assert said(index, [item(tmdb=None)], known())[0] == (1, 1, "MEDIUM", False)
    assert said(index, [item(tmdb=None, released=date(2020, 5, 1))], known())[0] == (1, 1, "HIGH", False)


def test_of_two_subjects_with_one_id_the_film_comes_before_the_bonus_disc():
    index = index_of(MAIN, linked=((2, "2020-11", "movie/500", 0, "", 0),))
    assert said(index, [item()], known())[0] == (1, 1, "HIGH", True)


def test_of_two_films_with_one_id_the_release_decides():
    index = index_of(MAIN, (2, "movie", "2021-05-05", "2021-05-05", "movie/500"))
    assert said(index, [item()], known())[0][2] == "LOW"
    assert said(index, [item(released=date(2021, 5, 5))], known())[0] == (2, 1, "HIGH", True)


def test_a_release_years_away_is_another_film():
    assert said(index_of(MAIN), [item(released=date(1999, 5, 5))], known())[0][2] == "LOW"
    assert "-other_date" in codes(index_of(MAIN), item(released=date(1999, 5, 5)), known())


def test_a_film_in_parts_is_the_part_of_its_release():
    parts = Subject(1, episodes=tuple(Episode(n, 0, n, n, f"2020-0{4 + n}-05") for n in (1, 2)))
    assert said(index_of(MAIN), [item(released=date(2020, 6, 5))], known(parts))[0][:2] == (1, 2)
    assert said(index_of(MAIN), [item()], known(parts))[0][:2] == (1, 1)


def test_the_main_row_of_a_film_need_not_be_number_one():
    second = Subject(1, episodes=(Episode(77, 0, 2, 1, "2020-05-05"),))
    assert said(index_of(MAIN), [item()], known(second))[0][:2] == (1, 1)


def test_a_film_that_no_id_leads_to_is_searched_by_its_original_title():
    unknown = item(tmdb=1, imdb=None, original_title="映画")
    assert judge(index_of(MAIN), unknown.work, [unknown], known(found=None)).wants.search == "映画"


def test_what_a_search_finds_is_only_proposed():
    found = (Subject(7, name="別の映画", date="2020-05-05"), Subject(8, name="映画", date="2020-05-05"))
    unknown = item(tmdb=1, imdb=None, original_title="映画", released=date(2020, 5, 5))
    assert said(index_of(MAIN), [unknown], known(found=found)) == [(8, 1, "LOW", True)]


def test_an_item_without_any_id_or_title_ends_in_a_reason():
    nothing = item(tmdb=None, imdb=None, title="", original_title="")
    assert said(index_of(MAIN), [nothing], known(found=None))[0][2] == "no_ids"
