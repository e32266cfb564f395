from __future__ import annotations

import httpx
import pytest

from bgmsync.shared import http
from sync.bangumi.client import MARK_LIMIT, Bangumi
from sync.bangumi.schemas import CollectionType, EpisodeStatus, SubjectType
from tests.http.remote import Remote, answer, error_of, html, run


def bangumi(*answers):
    remote = Remote(*answers, service="bangumi")
    return Bangumi(remote.transport(), http.StaticTokens("pasted-token")), remote


def error(status, description):
    return answer(status, {"title": "Bad", "details": {"path": "/v0"}, "description": description})


def entry(subject_id, **changes):
    return {
        "updated_at": "2026-11-20T12:00:00+08:00",
        "comment": None,
        "tags": [],
        "subject": {"id": subject_id, "type": 2, "name": "n", "date": None},
        "subject_id": subject_id,
        "vol_status": 0,
        "ep_status": 3,
        "subject_type": 2,
        "type": 3,
        "rate": 0,
        "private": False,
        **changes,
    }


def episode(number, **changes):
    return {"id": number, "type": 0, "sort": number, "ep": number, "airdate": "2011-1-8", "name": "", **changes}


def paged(rows):
    """Serve *rows* as the service pages them: by offset and limit, 400 beyond the total."""

    def respond(request):
        limit, offset = (int(request.url.params[name]) for name in ("limit", "offset"))
        if offset > len(rows):
            return error(400, "offset should be less than or equal to total")
        return answer(
            200, {"data": rows[offset : offset + limit], "total": len(rows), "limit": limit, "offset": offset}
        )

    return respond


def test_me_names_the_account():
    assert run(bangumi(answer(200, {"id": 7, "username": "sai", "avatar": {}}))[0].me()).username == "sai"


def test_every_request_carries_the_token_and_a_user_agent_as_bangumi_asks():
    client, remote = bangumi(answer(200, {"id": 7, "username": "sai"}))

    run(client.me())

    assert remote.requests[0].headers["authorization"] == "Bearer pasted-token"
    assert remote.requests[0].headers["user-agent"].startswith("bgmsync/bgmsync/")
    assert "(https://" in remote.requests[0].headers["user-agent"]


def test_a_list_is_read_by_offset_until_its_total():
    client, remote = bangumi(paged([entry(n) for n in range(1, 252)]))

    rows = run(client.collections("a b", SubjectType.ANIME))

    assert [row.subject_id for row in rows] == list(range(1, 252))
    assert sorted(int(request.url.params["offset"]) for request in remote.requests) == [0, 100, 200]
    assert remote.requests[0].url.raw_path.startswith(b"/v0/users/a%20b/collections?subject_type=2&limit=100")


def test_a_list_of_exactly_a_page_takes_one_request():
    client, remote = bangumi(paged([entry(n) for n in range(1, 101)]))

    assert len(run(client.collections("sai"))) == 100
    assert len(remote.requests) == 1


@pytest.mark.parametrize("data", [None, []])
def test_an_empty_list_may_be_null(data):
    assert run(bangumi(answer(200, {"data": data, "total": 0}))[0].collections("sai")) == []


def test_a_short_page_is_not_the_last():
    pages = {0: [entry(1)], 100: None, 200: [entry(2)]}

    def respond(request):
        return answer(200, {"data": pages[int(request.url.params["offset"])], "total": 250})

    assert [row.subject_id for row in run(bangumi(respond)[0].collections("sai"))] == [1, 2]


def test_a_list_that_moves_while_it_is_read_is_read_anew():
    rows = [entry(n) for n in range(1, 151)]
    moved = [entry(150), *rows[:-1]]
    client, remote = bangumi(paged(rows), paged(moved), paged(moved))

    assert {row.subject_id for row in run(client.collections("sai"))} == set(range(1, 151))
    assert len(remote.requests) == 4


def test_a_list_that_grew_while_it_was_read_is_read_anew():
    grown = paged([entry(n) for n in range(1, 152)])
    client, _ = bangumi(
        paged([entry(n) for n in range(1, 151)]), lambda _: answer(200, {"data": [], "total": 151}), grown
    )

    assert len(run(client.collections("sai"))) == 151


def test_a_list_that_keeps_moving_is_trouble():
    remote = Remote(lambda _: answer(200, {"data": [entry(1)], "total": 150}), service="bangumi")
    client = Bangumi(remote.transport(), http.StaticTokens("t"))

    assert type(error_of(client.collections("sai"))) is http.ServerTrouble


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"data": []},
        {"total": 0},
        {"data": [], "total": "1"},
        {"data": [], "total": True},
        {"data": [], "total": -1},
        {"data": [], "total": 10**9},
        {"data": {}, "total": 0},
        {"data": [None], "total": 1},
        {"data": [entry(1, type=0)], "total": 1},
        {"data": [entry(1, type="x")], "total": 1},
        {"data": [entry(1, rate=None)], "total": 1},
        {"data": [entry(1, private=None)], "total": 1},
    ],
)
def test_a_list_that_can_not_be_trusted_is_trouble(told):
    assert type(error_of(bangumi(answer(200, told))[0].collections("sai"))) is http.ServerTrouble


def test_an_entry_says_what_it_is():
    row = run(bangumi(answer(200, entry(8, type=2, rate=9, private=True, comment=None)))[0].collection("sai", 8))

    assert (row.type, row.rate, row.private, row.comment) == (CollectionType.DONE, 9, True, "")


def test_a_subject_that_is_not_in_the_list_is_none():
    assert run(bangumi(error(404, "subject is not collected by user"))[0].collection("sai", 8)) is None


@pytest.mark.parametrize("said", [error(404, "user doesn't exist or has been removed"), html(404), answer(404)])
def test_a_subject_that_does_not_exist_is_not_found(said):
    assert type(error_of(bangumi(said)[0].collection("sai", 8))) is http.NotFound


def test_episode_states_are_read_with_their_episodes():
    told = {"data": [{"episode": episode(5), "type": 2, "updated_at": 0}], "total": 1}
    client, remote = bangumi(answer(200, told))

    (state,) = run(client.episode_states(8))

    assert (state.episode.id, state.is_watched, state.type) == (5, True, EpisodeStatus.WATCHED)
    assert remote.requests[0].url.path == "/v0/users/-/collections/8/episodes"
    assert remote.requests[0].url.params["limit"] == "1000"


def test_a_subject_without_episodes_has_null_for_them():
    assert run(bangumi(answer(200, {"data": None, "total": 0}))[0].episode_states(8)) == []


def test_more_than_a_page_of_episodes_is_read_whole():
    client, remote = bangumi(paged([episode(n) for n in range(1, 402)]))

    assert len(run(client.episodes(8))) == 401
    assert len(remote.requests) == 3


def test_fractional_episodes_keep_their_fraction():
    told = {"data": [episode(1, sort=8.5, ep=8.5, type=1)], "total": 1}

    assert run(bangumi(answer(200, told))[0].episodes(8))[0].sort == 8.5


def test_a_merged_subject_is_followed_on_this_host_only():
    moved = httpx.Response(302, headers={"Location": "https://elsewhere.test/v0/subjects/9"})
    client, remote = bangumi(moved, answer(200, {"id": 9, "type": 2, "name": "n", "date": None, "platform": None}))

    subject = run(client.subject(8))

    assert (subject.id, subject.date, subject.platform) == (9, "", "")
    assert [(request.url.host, request.url.path) for request in remote.requests] == [
        ("remote.test", "/v0/subjects/8"),
        ("remote.test", "/v0/subjects/9"),
    ]


@pytest.mark.parametrize("to", ["/v0/subjects/8", "/login", ""])
def test_a_redirect_to_nowhere_is_trouble(to):
    moved = httpx.Response(302, headers={"Location": to})

    assert type(error_of(bangumi(moved)[0].subject(8))) is http.ServerTrouble


def test_a_subject_lists_its_other_titles():
    infobox = [
        {"key": "别名", "value": [{"v": "Sousou no Frieren"}, {"k": "en", "v": "Frieren"}]},
        {"key": "别名", "value": "芙莉莲"},
        {"key": "话数", "value": "28"},
    ]
    told = {"id": 9, "type": 2, "infobox": infobox, "tags": [{"name": "TV", "count": 1, "total_cont": 0}]}

    subject = run(bangumi(answer(200, told))[0].subject(9))

    assert subject.aliases == ["Sousou no Frieren", "Frieren", "芙莉莲"]
    assert subject.tag_names == ["TV"]


def test_relations_say_what_the_other_subject_is():
    told = [{"id": 3, "type": 2, "relation": "续集", "name": "n", "name_cn": "", "images": None}]

    assert run(bangumi(answer(200, told))[0].related(9))[0].relation == "续集"


def test_a_search_is_a_post_that_may_be_repeated():
    client, remote = bangumi(answer(500), answer(200, {"data": [{"id": 9, "type": 2}], "total": 1000}))

    found = run(client.search("葬送", [SubjectType.ANIME, SubjectType.REAL], air_date=[">=2020-07-01"]))

    assert [subject.id for subject in found] == [9]
    assert remote.bodies[1] == {
        "keyword": "葬送",
        "sort": "match",
        "filter": {"type": [2, 6], "air_date": [">=2020-07-01"]},
    }
    assert dict(remote.requests[1].url.params) == {"limit": "20", "offset": "0"}


def test_collecting_always_sends_a_type():
    client, remote = bangumi(httpx.Response(202))

    run(client.create_collection(8, CollectionType.DOING, private=True))

    assert (remote.requests[0].method, remote.requests[0].url.path) == ("POST", "/v0/users/-/collections/8")
    assert remote.requests[0].headers["content-type"] == "application/json"
    assert remote.bodies == [{"type": 3, "private": True}]


def test_changing_an_entry_sends_only_what_changes():
    client, remote = bangumi(httpx.Response(204))

    run(client.update_collection(8, rate=0, tags=[]))

    assert remote.requests[0].method == "PATCH"
    assert remote.bodies == [{"rate": 0, "tags": []}]


def test_changing_nothing_is_refused_here():
    with pytest.raises(ValueError, match="Nothing to change"):
        run(bangumi(answer(204))[0].update_collection(8))


def test_marking_always_sends_a_type():
    client, remote = bangumi(httpx.Response(204))

    run(client.mark_episodes(8, [1, 2], type=EpisodeStatus.NONE))

    assert remote.requests[0].url.path == "/v0/users/-/collections/8/episodes"
    assert remote.bodies == [{"episode_id": [1, 2], "type": 0}]


@pytest.mark.parametrize("ids", [[], range(MARK_LIMIT + 1)])
def test_marking_nothing_or_too_much_is_refused_here(ids):
    with pytest.raises(ValueError, match="at a time"):
        run(bangumi(answer(204))[0].mark_episodes(8, ids, type=EpisodeStatus.WATCHED))


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (400, "you need to add subject to your collection first", http.Rejected),
        (400, "invalid input: episode 5 is not episodes of subject 8", http.Rejected),
        (401, "access token has been expired or doesn't exist", http.Unauthorized),
        (403, "you are not allowed to do this", http.Forbidden),
        (404, "subject locked or merged", http.NotFound),
        (415, "Unsupported Media Type", http.Rejected),
    ],
)
def test_a_refused_write_says_why(status, description, kind):
    raised = error_of(bangumi(error(status, description))[0].mark_episodes(8, [5], type=EpisodeStatus.WATCHED))

    assert type(raised) is kind
    if kind is not http.Unauthorized:
        assert raised.detail == description


def test_a_write_with_500_may_have_been_stored():
    client, remote = bangumi(error(500, "kafka"))

    assert type(error_of(client.create_collection(8, CollectionType.DOING))) is http.OutcomeUnknown
    assert len(remote.requests) == 1
