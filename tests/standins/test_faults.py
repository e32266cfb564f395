"""Faults that tests can order, and the log that tells what happened."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bgmsync.standins import control

OWN = "/v0/users/-/collections"


def order(standins, kind, **rule):
    action = {key: rule.pop(key) for key in ("status", "headers", "body", "seconds") if key in rule}
    standins.control("faults", {"action": {"kind": kind, **action}, **rule})


def test_a_rule_skips_then_strikes_so_many_times(bangumi, standins):
    order(standins, "status", status=503, service="bangumi", path="^/v0/me$", skip=1, times=2)
    assert [bangumi.get("/v0/me").status_code for _ in range(4)] == [200, 503, 503, 200]


def test_a_rule_without_an_end_strikes_until_it_is_taken_away(bangumi, standins):
    order(standins, "status", status=429, headers={"Retry-After": "9"}, body={"a": 1}, times=None)
    answer = bangumi.get("/v0/me")
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (429, "9", {"a": 1})
    assert standins.control("faults", method="DELETE") == []
    assert bangumi.get("/v0/me").status_code == 200


def test_a_rule_fits_by_service_and_method(bangumi, trakt, standins):
    order(standins, "status", status=500, service="bangumi", method="POST")
    assert (trakt.get("/users/settings").status_code, bangumi.get("/v0/me").status_code) == (200, 200)
    assert bangumi.post(f"{OWN}/1", json={"type": 3}).status_code == 500


@pytest.mark.parametrize("kind", ["reset", "hang"])
def test_a_connection_is_reset(bangumi, standins, kind):
    order(standins, kind, **({"seconds": 0.01} if kind == "hang" else {}))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        bangumi.get("/v0/me")
    entry = standins.control("requests")[-1]
    assert (entry["status"], entry["fault"]) == (0, kind)


def test_hanging_outlasts_a_clients_patience(bangumi, standins):
    order(standins, "hang", seconds=60)
    with pytest.raises(httpx.ReadTimeout):
        bangumi.get("/v0/me", timeout=0.05)


@pytest.mark.parametrize("status", [500, None])
def test_a_write_can_take_effect_and_its_answer_be_lost(bangumi, standins, status):
    order(standins, "after_effect", status=status)
    if status:
        assert bangumi.post(f"{OWN}/1", json={"type": 3}).status_code == 500
    else:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            bangumi.post(f"{OWN}/1", json={"type": 3})
    assert standins.control("state")["bangumi"]["alice"]["collections"]["1"]["type"] == 3


def test_answers_can_be_no_json(bangumi, standins):
    order(standins, "html200")
    assert bangumi.get("/v0/me").text.startswith("<!DOCTYPE html>")
    order(standins, "truncated")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        bangumi.get("/v0/me").json()


def test_answers_can_be_of_wrong_types(bangumi, standins):
    order(standins, "wrong_types")
    assert bangumi.get("/v0/me").json()["username"] == ["alice"]


def test_a_page_can_repeat(trakt, standins):
    first = trakt.get("/sync/history?page=1&limit=250").json()
    order(standins, "duplicate_page")
    assert trakt.get("/sync/history?page=2&limit=250").json() == first


def test_pages_can_shift_while_they_are_read(trakt, standins):
    first = trakt.get("/sync/history?page=1&limit=250").json()
    order(standins, "shifting_page")
    second = trakt.get("/sync/history?page=2&limit=250")
    assert second.headers["X-Pagination-Item-Count"] == "304"
    assert second.json()[0] == first[-1]


def test_a_delayed_request_is_answered_as_asked(bangumi, standins):
    order(standins, "delay", seconds=0.01)
    assert bangumi.get("/v0/me").json()["username"] == "alice"


def test_the_log_shows_writes_and_hides_tokens(bangumi, standins):
    bangumi.post(f"{OWN}/1", json={"type": 3})
    bangumi.post("/oauth/token_status", data={"access_token": "ba"})
    write, secret = standins.control("requests")
    assert (write["method"], write["status"], write["body"], write["user"]) == ("POST", 202, '{"type":3}', "alice")
    assert secret["body"] == ""


def test_the_peak_in_flight_is_counted(bangumi, standins):
    standins.control("latency", {"ms": 100})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bangumi.get, ["/v0/me"] * 4))
    assert standins.control("stats")["peaks"]["bangumi"] == 4


def test_both_ports_steer_the_same_stand_ins(standins):
    control(standins.bangumi_url, "latency", {"ms": 7})
    assert standins.hub.latency["trakt"] == 0.007


def test_a_person_can_edit_their_list_by_hand(standins):
    hand = {"user": "alice", "subject_id": 1, "type": 2, "rate": 9, "marks": {"1001": 2}}
    standins.control("edit", hand)
    row = standins.control("state")["bangumi"]["alice"]["collections"]["1"]
    assert (row["type"], row["rate"], row["marks"]) == (2, 9, {"1001": 2})
    standins.control("edit", {"user": "alice", "subject_id": 1, "remove": True})
    assert "1" not in standins.control("state")["bangumi"]["alice"]["collections"]


def test_a_locked_subject_can_be_unlocked(bangumi, standins):
    standins.control("subject", {"id": 4, "locked": False})
    assert bangumi.post(f"{OWN}/4", json={"type": 3}).status_code == 202


def test_clearing_forgets_log_breaches_and_peaks(bangumi, standins):
    bangumi.get("/v0/me", headers={"User-Agent": ""})
    standins.control("clear", {})
    stats = standins.control("stats")
    assert (stats["requests"], stats["breaches"], stats["subject_peak"]) == ({}, {}, 0)


def test_an_order_that_makes_no_sense_is_refused_with_the_reason(standins):
    with pytest.raises(ValueError, match="kind"):
        standins.control("faults", {"action": {"kind": "sabotage"}})
