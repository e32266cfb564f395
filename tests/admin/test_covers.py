"""Covers: only to whom allowed them, only from Bangumi's picture server, and no other page may ask it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from bgmsync.shared.models import Profile
from bgmsync.shared.pictures import address_of
from sync.admin.traktpages import _closest, page_of
from sync.bangumi.schemas import CollectedSubject
from sync.engine import ledger
from sync.models import Subject, SubjectPlan, SyncItem

COVER = "https://lain.bgm.tv/r/200/pic/cover/l/13/c5/400602_ZI8Y9.jpg"
SERVER = "https://lain.bgm.tv"


@pytest.fixture
def page(rows, alice):
    """Ask for the page of a run that ticked three episodes of a subject with a cover."""
    rows.subject.name_cn, rows.subject.image = "葬送的芙莉莲", COVER
    rows.subject.episodes = [[100 + n, 0, n, n, "", "", ""] for n in range(1, 29)]
    rows.subject.save()
    SyncItem.objects.filter(pk=rows.item.pk).update(subject_id=rows.subject.pk)
    plan = {"run": rows.run, "user": alice, "status": "done", "complete": False}
    SubjectPlan.objects.create(subject_id=rows.subject.pk, mark=[101, 102, 103], **plan)
    client = Client()
    client.force_login(alice)
    return lambda: client.get(reverse("admin:sync_syncrun_change", args=[rows.run.pk]))


def allow(user):
    Profile.objects.update_or_create(user=user, defaults={"pictures_shown": True})


def sources(response):
    """Return where the page may have its pictures from."""
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    return policy["img-src"].split()


def test_a_run_says_what_it_ticked_and_where_that_is_on_both_sites(page):
    text = page().content.decode()

    assert "葬送的芙莉莲" in text
    assert "(1–3)" in text
    assert 'href="https://bgm.tv/subject/400602"' in text
    assert 'href="https://trakt.tv/shows/frieren/seasons/1"' in text


def test_a_show_is_linked_as_a_whole_only_where_no_season_says_more():
    show, season, movie = ("show", "frieren", -1), ("show", "frieren", 1), ("movie", "akira", -1)

    assert _closest({show, season, movie}) == {season, movie}
    assert _closest({show}) == {show}
    assert [page_of(*where).address for where in (show, movie)] == [
        "https://trakt.tv/shows/frieren",
        "https://trakt.tv/movies/akira",
    ]


def test_without_leave_no_page_names_the_picture_server(page):
    response = page()

    assert SERVER not in response.content.decode()
    assert sources(response) == ["'self'", "data:"]


def test_with_leave_a_run_shows_covers_and_only_that_server_is_added(page, alice):
    allow(alice)

    response = page()

    assert (
        f'<img class="cover" src="{COVER}" alt="Cover of 葬送的芙莉莲" width="48" height="68"'
        in response.content.decode()
    )
    assert 'loading="lazy"' in response.content.decode()
    assert 'referrerpolicy="no-referrer"' in response.content.decode()
    assert sources(response) == ["'self'", "data:", SERVER]


def test_a_page_without_a_cover_may_not_ask_the_picture_server_even_with_leave(page, alice, client):
    allow(alice)
    Subject.objects.update(image="")
    client.force_login(alice)

    without = page()

    assert sources(without) == ["'self'", "data:"]
    assert '<span class="cover" aria-hidden="true">' in without.content.decode()
    assert sources(client.get(reverse("people:profile"))) == ["'self'", "data:"]


def test_leave_is_that_of_whoever_looks(page, rows, alice, root, client):
    allow(alice)
    client.force_login(root)

    response = client.get(reverse("admin:sync_syncrun_change", args=[rows.run.pk]))

    assert SERVER not in response.content.decode()


def test_covers_are_off_until_they_are_ticked_in_the_profile(rows, alice, client):
    client.force_login(alice)
    form = client.get(reverse("people:profile"))
    assert form.context["form"]["pictures_shown"].value() is False
    assert "lain.bgm.tv" in form.content.decode()

    client.post(reverse("people:profile"), {"language": "", "timezone": "UTC", "pictures_shown": "on"})

    assert Profile.objects.get(user=alice).pictures_shown


@pytest.mark.parametrize(
    "text",
    [
        "http://lain.bgm.tv/pic/cover/l/x.jpg",
        "//lain.bgm.tv/x.jpg",
        "https://lain.bgm.tv.evil.example/x.jpg",
        "https://lain.bgm.tv@evil.example/x.jpg",
        "https://lain.bgm.tv:444/x.jpg",
        "https://lain.bgm.tv/",
        "https://lain.bgm.tv/x.jpg\n",
        "https://lain.bgm.tv/" + "x" * 300,
        "https://[lain.bgm.tv/x.jpg",
        "javascript:alert(1)",
        "",
        None,
        7,
    ],
)
def test_what_is_no_address_of_that_server_is_no_cover(text):
    assert address_of(text) == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("images", "kept"),
    [
        ({"small": COVER}, COVER),
        ({"small": ""}, ""),
        ({"small": "https://evil.example/x.gif"}, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_a_cover_is_kept_from_the_list_that_is_read_anyway(images, kept):
    ledger.remember_names([CollectedSubject.model_validate({"id": 5, "type": 2, "name": "x", "images": images})])

    assert Subject.objects.get(pk=5).image == kept


@pytest.mark.django_db
def test_known_subjects_that_lack_a_cover_are_found():
    Subject.objects.create(pk=1)
    Subject.objects.create(pk=2, image=COVER)

    assert ledger.without_cover([1, 2, 3]) == {1}
