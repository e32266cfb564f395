"""A person's answer to a review: which rule it makes, and what is looked at again for it."""

from __future__ import annotations

import pytest

from sync.models import MappingOverride, SyncItem, SyncRun


@pytest.fixture
def browser(rows, client, queued):
    client.force_login(rows.config.user)
    return client


@pytest.fixture
def choose(browser, rows):
    def post(item=None, **data):
        return browser.post(f"/admin/sync/syncitem/{(item or rows.item).pk}/choose/", {"confirmed": "1", **data})

    return post


def rule() -> tuple:
    row = MappingOverride.objects.order_by("-pk")[0]
    return row.season, row.first_episode, row.last_episode, row.subject_id, row.first_position, row.episode_id


def item(rows, **values) -> SyncItem:
    values = {"season": 1, "number": 4, "state": "review", "reason": "ambiguous", **values}
    return SyncItem.objects.create(
        user=rows.item.user, source_key=f"key-{values['season']}-{values['number']}", title=rows.title, **values
    )


def test_the_page_shows_the_candidates_with_what_speaks_for_them(browser, rows):
    page = browser.get(f"/admin/sync/syncitem/{rows.item.pk}/change/").content.decode()

    assert "Number 3 of the season is position 3 of 28." in page
    assert "https://bgm.tv/subject/400602" in page
    assert "https://trakt.tv/shows/frieren" in page


def test_evidence_from_another_version_is_no_error(browser, rows):
    strange = [{"code": "not_invented_yet", "supports": True}, {"code": "rank", "supports": True, "detail": {}}, {}]
    SyncItem.objects.filter(pk=rows.item.pk).update(evidence=strange, subject_id=1)

    assert browser.get(f"/admin/sync/syncitem/{rows.item.pk}/change/").status_code == 200


def test_an_answer_for_a_season_begins_where_the_subject_begins(choose, rows):
    choose(subject_id=400602, position=1)  # episode 3 is the subject's first

    assert rule() == (1, 3, None, 400602, 1, None)


def test_an_answer_covers_the_episodes_that_the_subject_has(choose, rows):
    rows.subject.episodes = [[n, 0, n, n, "", "", ""] for n in range(1, 13)] + [[99, 1, 1, 0, "", "", ""]]
    rows.subject.save()

    choose(subject_id=400602, position=1)

    assert rule() == (1, 3, 14, 400602, 1, None)


def test_an_answer_for_a_subject_that_begins_before_the_season_counts_on(choose, rows):
    choose(subject_id=400602, position=15)  # the season's third episode is the subject's fifteenth

    assert rule() == (1, 1, None, 400602, 13, None)


def test_an_answer_for_one_episode_is_for_that_alone(choose):
    choose(subject_id=400602, position=7, scope="episode")

    assert rule() == (1, 3, 3, 400602, 7, None)


def test_a_special_is_named_by_its_episode(choose, rows):
    choose(item(rows, season=0, number=2), subject_id=400602, episode_id=12345)

    assert rule() == (0, 2, 2, 400602, 1, 12345)


def test_a_movie_has_no_season(choose, rows):
    choose(item(rows, season=None, number=None), subject_id=400602, position=1)

    assert rule() == (None, None, None, 400602, 1, None)


def test_an_answer_is_acted_on_at_once(choose, rows):
    answer = choose(subject_id=400602, position=3)

    rows.item.refresh_from_db()
    run = SyncRun.objects.get(trigger="retry")
    assert answer.url == f"/admin/sync/syncrun/{run.pk}/change/"
    assert run.only_retry
    assert rows.item.state == "new"


def test_an_answer_reopens_what_it_is_about_and_nothing_else(choose, rows):
    same = item(rows, number=4)
    elsewhere = item(rows, number=5, state="done", subject_id=51, position=5)
    outside = item(rows, number=2)
    other_season = item(rows, season=2, number=4)
    already_there = item(rows, number=6, state="done", subject_id=400602, position=4)

    choose(subject_id=400602, position=1)

    rows = (same, elsewhere, outside, other_season, already_there)
    assert [SyncItem.objects.get(pk=one.pk).state for one in rows] == ["new", "new", "review", "review", "done"]


def test_a_second_answer_replaces_the_first(choose):
    choose(subject_id=400602, position=3)
    choose(subject_id=400603, position=3)

    assert MappingOverride.objects.filter(trakt_id=7).count() == 1
    assert rule()[3] == 400603


def test_leaving_out_makes_a_rule_without_a_subject(browser, rows):
    browser.post(f"/admin/sync/syncitem/{rows.item.pk}/leave-out/", {"scope": "episode", "confirmed": "1"})

    assert rule()[:4] == (1, 3, 3, None)


@pytest.mark.parametrize("data", [{}, {"subject_id": "x"}, {"subject_id": "-1"}, {"subject_id": "1", "position": "0"}])
def test_an_answer_without_sense_makes_no_rule(choose, data):
    answer = choose(**data)

    assert answer.status_code == 302
    assert not MappingOverride.objects.filter(trakt_id=7).exists()
