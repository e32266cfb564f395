"""Another member, and another site: neither reads nor changes what is somebody's own."""

from __future__ import annotations

import pytest

from tests.attacks.addresses import filled
from tests.attacks.conftest import HER_KEY, MINE


@pytest.fixture
def hers(target):
    """Return each address of one of mia's rows, or of herself."""
    person = target.id_of(MINE)
    of_rows = [where for where in filled(HER_KEY) if f"/{HER_KEY}/" in where]
    return of_rows + [
        where for where in filled(person) if where.startswith((f"/people/{person}/", "/admin/auth/user/"))
    ]


def test_another_member_reads_nothing_by_its_number(target, noah, hers):
    for where in hers:
        assert noah.http.get(where).status_code in {302, 403, 404, 405}, where
    assert len(hers) > 60


def test_another_member_changes_nothing_by_its_number(target, noah, hers):
    before = target.rows_of(MINE)
    data = {"csrfmiddlewaretoken": noah.token("/me/"), "post": "yes", "subject": "1", "do": "off", "active": "no"}

    for where in hers:
        answer = noah.http.post(where, data=data, headers={"Referer": target.address})
        assert answer.status_code in {302, 403, 404, 405}, where
    assert target.rows_of(MINE) == before


def test_another_site_presses_no_button(target, mia):
    """Every address, with her cookies, as a form of another site would send it."""
    before = target.rows_of(MINE)
    ways = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {})

    for where in filled(HER_KEY):
        for headers in ways:
            answer = mia.http.post(where, data={"csrfmiddlewaretoken": "x" * 32, "post": "yes"}, headers=headers)
            assert answer.status_code in {403, 404}, where
    assert target.rows_of(MINE) == before
    assert mia.http.get("/me/").status_code == 200


def test_a_link_of_another_site_changes_nothing(target, mia):
    before = target.rows_of(MINE)
    buttons = [where for where in filled(HER_KEY) if where.startswith(("/people", "/admin/sync", "/trakt", "/bangumi"))]

    for where in buttons:
        assert mia.http.get(where).status_code < 500, where
    assert target.rows_of(MINE) == before


def test_the_token_of_ones_own_session_opens_no_form_of_anothers(target, mia, noah):
    before = target.rows_of(MINE)
    data = {"csrfmiddlewaretoken": noah.token("/me/"), "language": "zh-hans", "timezone": "UTC"}

    assert mia.http.post("/me/", data=data).status_code == 403
    assert target.rows_of(MINE) == before


def test_without_a_log_in_nothing_is_shown_and_nothing_done(target, visitor):
    before = target.rows_of(MINE)
    token = visitor.token()

    for where in filled(HER_KEY):
        answers = [
            visitor.http.get(where),
            visitor.http.post(where, data={"csrfmiddlewaretoken": token, "post": "yes"}),
        ]
        assert all(answer.status_code < 500 or where == "/readyz" for answer in answers), where
        assert not any("hacked()" in answer.text or "Frieren" in answer.text for answer in answers), where
    assert target.rows_of(MINE) == before


@pytest.mark.parametrize(
    "where", ["/admin/django_q/schedule/add/", "/admin/django_q/failure/", "/admin/django_q/ormq/"]
)
def test_not_even_a_superuser_reaches_the_queues_own_pages(root, where):
    assert root.http.get(where).status_code == 404
    assert (
        root.post(where, {"name": "x", "func": "os.system", "args": "'true'", "schedule_type": "O"}).status_code == 404
    )


def test_a_member_does_not_make_themselves_more(target, noah):
    person = target.id_of("noah")
    before = target.rows_of("noah")["auth_user"]
    data = {"username": "noah", "is_superuser": "on", "is_staff": "on", "groups": ["1", "2"]}

    for where in (f"/admin/auth/user/{person}/change/", "/me/", f"/people/{person}/role/"):
        noah.post(where, {**data, "role": "operator", "language": "", "timezone": "UTC"})

    assert target.rows_of("noah")["auth_user"] == before
