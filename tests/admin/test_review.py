"""What waits, by show and season, and what a person is told before anything is moved."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bgmsync.shared.models import Profile
from sync.admin.answer import number_in
from sync.admin.review import spans
from sync.models import MappingOverride, Subject, SyncItem, SyncRun
from tests.admin.conftest import TRIP_SUBJECT
from trakt.models import Title

REVIEW = "/admin/sync/syncitem/review/"
MOST_QUERIES = 15


def candidate(subject_id: int, position: int, confidence: int = 1) -> dict:
    evidence = [{"code": "rank", "supports": True, "detail": {"number": position, "position": position, "of": 12}}]
    return {"subject_id": subject_id, "position": position, "confidence": confidence, "evidence": evidence}


@pytest.fixture
def browser(rows, client, queued):
    client.force_login(rows.config.user)
    return client


@pytest.fixture
def season(rows):
    """``season(title, number, episodes, …)`` lets these episodes wait."""

    def make(title: Title, number: int | None, episodes, **values):
        SyncItem.objects.bulk_create(
            SyncItem(
                user=rows.config.user,
                source_key=f"{title.pk}-{number}-{episode}",
                title=title,
                season=number,
                number=episode,
                **{"state": "review", "reason": "ambiguous", **values},
            )
            for episode in episodes
        )

    return make


def title(trakt_id: int, name: str = "Another") -> Title:
    return Title.objects.create(kind="show", trakt_id=trakt_id, title=name)


def groups(browser, address: str = REVIEW):
    return browser.get(address).context["groups"]


def test_what_waits_is_grouped_by_show_and_season(browser, rows, season):
    other = title(8)
    season(other, 1, range(1, 13))
    season(other, 2, [1, 2, 5])
    season(other, 3, [1], state="done")

    found = [(group.title.title, group.season, group.items, group.episodes) for group in groups(browser)]

    assert found == [("Another", 1, 12, "1–12"), ("Another", 2, 3, "1–2, 5"), ("Frieren", 1, 1, "3")]


def test_a_rewatch_is_a_play_but_no_further_episode(browser, rows):
    SyncItem.objects.create(
        user=rows.item.user, source_key="again", title=rows.title, season=1, number=3, state="review"
    )

    group = groups(browser)[0]

    assert (group.items, group.episodes) == (2, "3")


def test_a_group_says_why_it_waits(browser):
    assert "More than one subject or episode fits as well" in browser.get(REVIEW).content.decode()


def test_candidates_are_ranked_over_the_whole_group(browser, season):
    season(title(8), 1, [1], candidates=[candidate(51, 1), candidate(876, 1, 2)])
    season(Title.objects.get(trakt_id=8), 1, [2, 3], candidates=[candidate(51, 2), candidate(52, 2)])

    options = groups(browser)[0].options

    assert [option.card.id for option in options] == [876, 51, 52]


def allow_covers(user):
    Profile.objects.update_or_create(user=user, defaults={"pictures_shown": True})


def test_a_candidate_shows_what_is_known_of_it(browser, rows, alice):
    allow_covers(alice)
    rows.subject.name_cn, rows.subject.date, rows.subject.platform = "葬送的芙莉莲", "2023-09-29", "TV"
    rows.subject.episodes = [[n, 0, n, n, "", "", ""] for n in range(1, 29)] + [[99, 1, 1, 0, "", "", ""]]
    rows.subject.image = "https://lain.bgm.tv/pic/cover/l/x.jpg"
    rows.subject.save()

    page = browser.get(REVIEW).content.decode()

    for text in ("葬送的芙莉莲", "葬送のフリーレン", "2023-09-29", "28 episodes", "https://bgm.tv/subject/400602"):
        assert text in page
    assert '<img class="cover" src="https://lain.bgm.tv/pic/cover/l/x.jpg"' in page


def test_a_picture_from_elsewhere_is_not_shown(browser, rows, alice):
    allow_covers(alice)
    Subject.objects.filter(pk=rows.subject.pk).update(image="https://evil.example/pixel.gif")

    assert "evil.example" not in browser.get(REVIEW).content.decode()


def test_a_subject_that_nobody_has_read_is_named_by_the_data_sets(browser, season):
    season(title(8), 1, range(1, 3), candidates=[candidate(876, 1)])

    card = groups(browser)[0].options[0].card

    assert (card.name, card.date) == ("CLANNAD ～AFTER STORY～", "2008-10-02")


def test_the_range_that_a_candidate_covers_is_offered(browser, season):
    Subject.objects.create(pk=52, name="The second cour", episodes=[[n, 0, n, n, "", "", ""] for n in range(12)])
    season(title(8), 1, range(13, 16), candidates=[candidate(52, 1)])

    option = groups(browser)[0].options[0]

    assert (option.covers, option.shift) == ("13–24", True)


def test_nothing_that_waits_is_no_end(browser, rows):
    rows.item.delete()

    page = browser.get(REVIEW).content.decode()

    assert "Nothing waits for you" in page
    assert "will be asked here" in page


def test_a_superuser_may_look_at_anothers_review_and_a_member_may_not(browser, rows, bob, root, client):
    address = f"{REVIEW}?user={rows.config.user_id}"
    client.force_login(root)
    assert len(groups(client, address)) == 1

    client.force_login(bob)
    assert client.get(address).status_code == 403


def test_a_hundred_thousand_waiting_items_cost_no_more_queries(browser, rows):
    titles = Title.objects.bulk_create(
        Title(kind="show", trakt_id=1000 + number, title=f"Show {number}") for number in range(200)
    )
    SyncItem.objects.bulk_create(
        (
            SyncItem(
                user=rows.config.user,
                source_key=f"many-{show.pk}-{number}",
                title=show,
                season=1,
                number=number,
                state="review",
                reason="ambiguous",
                candidates=[candidate(subject, number) for subject in (51, 876)] if number < 30 else [],
            )
            for show in titles
            for number in range(1, 501)
        ),
        batch_size=5_000,
    )
    browser.get(REVIEW)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = browser.get(REVIEW)

    assert len(page.context["groups"]) == 10
    assert len(queries) <= MOST_QUERIES
    assert "page 1 of 21" in page.content.decode()


# the answer, and what is said before it is acted on


def ask(browser, rows, **data):
    return browser.post(f"/admin/sync/syncitem/{rows.item.pk}/choose/", {"subject_id": str(TRIP_SUBJECT), **data})


def test_nothing_is_done_before_it_is_confirmed(browser, rows, queued):
    page = ask(browser, rows, position="3")

    assert "It is about 1 play" in page.content.decode()
    assert not MappingOverride.objects.filter(trakt_id=7).exists()
    assert not queued


def test_what_was_answered_is_what_is_confirmed(browser, rows):
    page = ask(browser, rows, position="3", scope="season", back="1")

    assert dict(page.context["sent"]) == {"subject_id": "400602", "position": "3", "scope": "season"}
    assert 'name="back" value="1"' in page.content.decode()


def test_from_the_review_one_comes_back_to_it(browser, rows):
    assert ask(browser, rows, position="3", confirmed="1", back="2").url == f"{REVIEW}?page=2"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("400602", 400602),
        (" bgm.tv/subject/400602 ", 400602),
        ("https://bgm.tv/subject/400602/comments", 400602),
        ("http://www.bangumi.tv/subject/400602?x#y", 400602),
        ("chii.in/subject/400602", 400602),
        ("https://evil.example/subject/400602", None),
        ("https://bgm.tv.evil.example/subject/400602", None),
        ("https://bgm.tv@evil.example/subject/400602", None),
        ("javascript://bgm.tv/subject/400602", None),
        ("bgm.tv/ep/400602", None),
        ("bgm.tv/subject/400602x", None),
        ("//[/subject/1", None),
        ("0", None),
        ("99999999999", None),
        ("４００", None),
        ("", None),
    ],
)
def test_a_number_or_an_address_of_bangumi_is_taken_and_nothing_else(text, number):
    assert number_in(text, "subject") == number


def test_an_address_of_another_site_is_refused_with_a_reason(browser, rows):
    answer = ask(browser, rows, subject_id="https://evil.example/subject/1", confirmed="1")

    assert "neither a number nor an address" in browser.get(answer.url).content.decode()


def test_only_a_superuser_answers_for_everybody(browser, rows, root, client):
    assert ask(browser, rows, position="3", confirmed="1", everybody="1").status_code == 403

    client.force_login(root)
    ask(client, rows, position="3", confirmed="1", everybody="1")

    assert MappingOverride.objects.get(trakt_id=7).user is None


def test_an_answer_for_everybody_reopens_everybodys_items(rows, bob, root, client, queued):
    SyncItem.objects.create(user=bob, source_key="2", title=rows.title, season=1, number=4, state="review")
    client.force_login(root)

    ask(client, rows, position="3", scope="season", confirmed="1", everybody="1")

    assert set(SyncItem.objects.values_list("state", flat=True)) == {"new"}


def test_what_a_run_is_at_is_not_decided_behind_its_back(browser, rows):
    SyncRun.objects.create(user=rows.config.user, trigger="button", status="running")
    SyncItem.objects.filter(pk=rows.item.pk).update(state="matched", subject_id=1)

    answer = ask(browser, rows, position="3", confirmed="1")

    assert "Nothing was changed" in browser.get(answer.url).content.decode()
    assert not MappingOverride.objects.filter(trakt_id=7).exists()
    assert SyncItem.objects.get(pk=rows.item.pk).state == "matched"


def test_numbers_are_written_as_ranges():
    assert spans([3, 1, 2, 7, 9, 10]) == "1–3, 7, 9–10"


def test_the_navigation_leads_to_the_review(browser):
    page = browser.get(reverse("admin:index")).content.decode()

    assert f'href="{REVIEW}"' in page
