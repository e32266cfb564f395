"""The Bangumi stand-in keeps to contracts/bangumi-api.md."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bgmsync.standins.bangumi import catalogue
from bgmsync.standins.world import BangumiSubject
from tests.standins.conftest import AGENT, kinds

OWN = "/v0/users/-/collections"
BOB = {"Authorization": "Bearer bb"}


def row(standins, subject_id):
    return standins.control("state")["bangumi"]["alice"]["collections"][str(subject_id)]


# reading


def test_ep_counts_from_the_first_main_sort_and_is_0_for_specials(bangumi):
    rows = bangumi.get("/v0/episodes?subject_id=1").json()["data"]
    assert [(row["sort"], row["ep"], row["type"]) for row in rows] == [(13, 1, 0), (14, 2, 0), (15, 3, 0), (1, 0, 1)]


def test_a_first_sort_of_0_still_counts_from_1_and_half_numbers_stay_half(bangumi):
    assert [row["ep"] for row in bangumi.get("/v0/episodes?subject_id=2").json()["data"]] == [1, 1.5]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v0/episodes?subject_id=1&limit=1000", 200),
        ("/v0/episodes?subject_id=1&limit=1001", 400),
        ("/v0/episodes?subject_id=1&offset=4", 200),
        ("/v0/episodes?subject_id=1&offset=5", 400),
        ("/v0/episodes?subject_id=3&offset=5", 200),
        ("/v0/episodes?subject_id=1&type=5", 400),
        ("/v0/episodes", 400),
        ("/v0/subjects/x", 400),
        ("/v0/subjects/12345", 404),
        ("/v0/users/alice/collections?limit=100", 200),
        ("/v0/users/alice/collections?limit=101", 400),
        ("/v0/users/alice/collections?offset=4", 400),
        ("/v0/users/-/collections", 404),
        ("/v0/users/nobody/collections", 404),
        ("/v0/users/alice/collections/1/episodes", 400),
        ("/v0/nowhere", 404),
    ],
)
def test_what_can_not_be_answered_is_refused_not_mended(bangumi, path, status):
    answer = bangumi.get(path)
    assert answer.status_code == status
    assert status == 200 or answer.json()["description"]


def test_a_cover_is_answered_in_all_its_sizes_and_a_subject_without_one_has_empty_addresses():
    path = "13/c5/400602_ZI8Y9.jpg"

    with_one = catalogue.images(BangumiSubject(id=1, name="x", cover=path))
    without = catalogue.images(BangumiSubject(id=1, name="x"))

    assert with_one["small"] == f"https://lain.bgm.tv/r/200/pic/cover/l/{path}"
    assert with_one["large"] == f"https://lain.bgm.tv/pic/cover/l/{path}"
    assert without == dict.fromkeys(("small", "grid", "large", "medium", "common"), "")


def test_a_merged_subject_redirects(bangumi):
    answer = bangumi.get("/v0/subjects/5")
    assert (answer.status_code, answer.headers["location"]) == (302, "/v0/subjects/1")


def test_what_is_not_safe_for_work_is_hidden_from_young_accounts(bangumi):
    assert bangumi.get("/v0/subjects/6").status_code == 200
    assert bangumi.get("/v0/subjects/6", headers=BOB).status_code == 404
    assert bangumi.get("/v0/episodes?subject_id=6", headers=BOB).status_code == 404


def test_a_list_page_skips_subjects_that_are_gone_and_counts_them_in_total(bangumi):
    body = bangumi.get("/v0/users/alice/collections?limit=2").json()
    assert ([item["subject_id"] for item in body["data"]], body["total"]) == ([2], 3)


def test_private_rows_are_for_their_owner(bangumi):
    assert bangumi.get("/v0/users/alice/collections", headers=BOB).json()["total"] == 2
    assert bangumi.get("/v0/users/alice/collections/3", headers=BOB).status_code == 404


def test_an_empty_list_of_marks_is_null(bangumi):
    assert bangumi.get(f"{OWN}/3/episodes").json() == {"data": None, "total": 0, "limit": 100, "offset": 0}
    assert bangumi.get(f"{OWN}/1/episodes?offset=50").json()["data"] is None


def test_marks_can_be_read_of_a_subject_that_is_not_collected(bangumi):
    assert {item["type"] for item in bangumi.get(f"{OWN}/1/episodes").json()["data"]} == {0}


def test_relations_and_the_search_answer(bangumi):
    assert bangumi.get("/v0/subjects/1/subjects").json()[0]["relation"] == "续集"
    found = bangumi.post("/v0/search/subjects?limit=50", json={"keyword": "ショー"}).json()
    assert ([subject["id"] for subject in found["data"]], found["limit"]) == ([1, 2], 20)


# who may ask


@pytest.mark.parametrize("agent", ["", "python-requests/2", "Java/17", "undici", "okhttp/4"])
def test_banned_user_agents_are_403(bangumi, standins, agent):
    assert bangumi.get("/v0/me", headers={"User-Agent": agent}).status_code == 403
    assert kinds(standins) == ["default_user_agent"]


def test_the_clients_own_default_passes_but_is_noted(bangumi, standins):
    assert bangumi.get("/v0/me", headers={"User-Agent": "python-httpx/0.28"}).status_code == 200
    assert kinds(standins) == ["default_user_agent"]


@pytest.mark.parametrize("header", ["Bearer nobody", "bearer ba", "Bearer"])
def test_a_bad_token_breaks_even_public_reads(bangumi, header):
    assert bangumi.get("/v0/subjects/1", headers={"Authorization": header}).status_code == 401


def test_only_own_routes_need_a_token(standins):
    with httpx.Client(base_url=standins.bangumi_url, headers=AGENT) as anonymous:
        assert anonymous.get("/v0/subjects/1").status_code == 200
        assert anonymous.get("/v0/me").status_code == 401
        assert anonymous.get(f"{OWN}/1/episodes").status_code == 401


def test_a_ban_is_429_without_a_word_of_how_long(bangumi, standins):
    standins.control("ban", {"service": "bangumi", "seconds": 60, "user": "alice"})
    answer = bangumi.get("/v0/me")
    assert (answer.status_code, "retry-after" in answer.headers) == (429, False)
    assert bangumi.get("/v0/me", headers=BOB).status_code == 200


# collecting


def test_post_is_202_and_patch_204_and_other_fields_stay(bangumi, standins):
    assert bangumi.post(f"{OWN}/2", json={"type": 3}).status_code == 202
    assert bangumi.patch(f"{OWN}/2", json={"rate": 7}).status_code == 204
    kept = row(standins, 2)
    assert (kept["type"], kept["rate"], kept["tags"], kept["comment"]) == (3, 7, ["想看"], "later")
    assert kept["marks"] == {"2001": 1}


def test_a_wish_has_no_rating(bangumi, standins):
    bangumi.patch(f"{OWN}/2", json={"rate": 7})
    assert row(standins, 2)["rate"] == 0


@pytest.mark.parametrize(
    ("subject", "body", "status"),
    [
        (4, {"type": 3}, 404),
        (5, {"type": 3}, 404),
        (777, {"type": 3}, 404),
        (1, {"status": 3}, 400),
        (1, {"type": 0}, 400),
        (1, {"type": True}, 400),
        (1, {"rate": 11}, 400),
        (1, {"ep_status": 1}, 400),
        (1, {"tags": ["a b"]}, 400),
        (1, {"comment": "x" * 381}, 400),
        (1, [], 400),
    ],
)
def test_what_can_not_be_collected_is_refused(bangumi, standins, subject, body, status):
    assert bangumi.post(f"{OWN}/{subject}", json=body).status_code == status
    assert str(subject) not in standins.control("state")["bangumi"]["alice"]["collections"]


def test_patch_needs_a_row(bangumi):
    assert bangumi.patch(f"{OWN}/1", json={"type": 3}).json()["description"] == "subject not collected"


def test_a_wrong_content_type_is_refused_before_the_token_is_looked_at(standins):
    headers = AGENT | {"Content-Type": "text/plain"}
    assert httpx.post(f"{standins.bangumi_url}{OWN}/1", content=b"{}", headers=headers).status_code == 415


def test_a_type_that_does_not_change_still_makes_an_event(bangumi, standins):
    bangumi.post(f"{OWN}/2", json={"type": 1, "comment": "new"})
    assert [event["kind"] for event in standins.control("state")["bangumi"]["alice"]["timeline"]] == ["collection"]
    assert kinds(standins) == ["timeline_without_change"]


def test_private_rows_make_no_event(bangumi, standins):
    bangumi.post(f"{OWN}/1", json={"type": 3, "private": True})
    assert standins.control("state")["bangumi"]["alice"]["timeline"] == []


# marking


def test_marking_needs_a_collected_subject(bangumi):
    answer = bangumi.patch(f"{OWN}/1/episodes", json={"episode_id": [1001], "type": 2})
    assert (answer.status_code, answer.json()["description"]) == (
        400,
        "you need to add subject to your collection first",
    )


def test_a_batch_marks_and_leaves_the_type_alone(bangumi, standins):
    bangumi.post(f"{OWN}/1", json={"type": 3})
    assert bangumi.patch(f"{OWN}/1/episodes", json={"episode_id": [1001, 1002, 1003], "type": 2}).status_code == 204
    assert (row(standins, 1)["type"], row(standins, 1)["marks"]) == (3, {"1001": 2, "1002": 2, "1003": 2})
    assert kinds(standins) == []


def test_a_missing_type_takes_marks_away(bangumi, standins):
    bangumi.patch(f"{OWN}/2/episodes", json={"episode_id": [2001]})
    assert row(standins, 2)["marks"] == {}
    assert kinds(standins) == ["batch_without_type"]


def test_a_different_state_is_not_changed_except_through_0(bangumi, standins):
    bangumi.patch(f"{OWN}/2/episodes", json={"episode_id": [2001], "type": 2})
    assert row(standins, 2)["marks"] == {"2001": 1}
    assert kinds(standins) == ["write_that_changes_nothing"]
    for state in (0, 2):
        bangumi.put(f"{OWN}/-/episodes/2001", json={"type": state})
    assert row(standins, 2)["marks"] == {"2001": 2}


def test_one_foreign_episode_refuses_the_batch(bangumi, standins):
    answer = bangumi.patch(f"{OWN}/2/episodes", json={"episode_id": [2002, 1001], "type": 2})
    assert (answer.status_code, row(standins, 2)["marks"]) == (400, {"2001": 1})
    assert kinds(standins) == ["foreign_episode"]


@pytest.mark.parametrize("body", [{"episode_id": [], "type": 2}, {"type": 2}, {"episode_id": [2002], "type": None},
                                  {"episode_id": [2002], "type": 4}, {"episode_id": ["2002"], "type": 2},
                                  {"episode_id": [2002], "type": 2, "x": 1}])  # fmt: skip
def test_a_malformed_batch_is_refused(bangumi, standins, body):
    assert bangumi.patch(f"{OWN}/2/episodes", json=body).status_code == 400
    assert row(standins, 2)["marks"] == {"2001": 1}


def test_ids_that_are_marked_already_are_noted(bangumi, standins):
    bangumi.post(f"{OWN}/1", json={"type": 3})
    for ids in ([1001], [1001, 1002]):
        bangumi.patch(f"{OWN}/1/episodes", json={"episode_id": ids, "type": 2})
    assert kinds(standins) == ["partly_redundant_write"]


def test_of_two_writes_at_once_to_a_subject_one_is_lost_and_noted(bangumi, standins):
    bangumi.post(f"{OWN}/1", json={"type": 3})
    standins.control("latency", {"ms": 150, "service": "bangumi"})

    def write(episode_id):
        return bangumi.patch(f"{OWN}/1/episodes", json={"episode_id": [episode_id], "type": 2}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(write, [1001, 1002])) == [204, 204]
    assert len(row(standins, 1)["marks"]) == 1
    assert "concurrent_write" in kinds(standins)
    assert standins.control("stats")["subject_peak"] == 2
