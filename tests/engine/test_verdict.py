"""Success is said only when it is proven."""

from __future__ import annotations

import pytest

from bgmsync.shared.http import PutOff, ServerTrouble, Unauthorized
from sync.engine.verdict import judge_run
from sync.models import SyncRun

Status = SyncRun.Status


def ending(states=None, *, read=None, expected=None, error=None, stopped="", dry_run=False):
    states = states or {}
    read = sum(states.values()) if read is None else read
    expected = read if expected is None else expected
    return judge_run(states=states, read=read, expected=expected, error=error, stopped=stopped, dry_run=dry_run).status


CASES = [
    ("nothing to do", ending(), Status.SUCCEEDED),
    ("all settled", ending({"done": 3, "already": 1, "skipped": 1, "review": 2}), Status.SUCCEEDED),
    ("one waits", ending({"done": 3, "waiting": 1}), Status.INCOMPLETE),
    ("one failed", ending({"done": 3, "failed": 1}), Status.INCOMPLETE),
    ("one was forgotten on the way", ending({"done": 3, "matched": 1}), Status.INCOMPLETE),
    ("Trakt sent less than it has", ending({"done": 3}, expected=4), Status.INCOMPLETE),
    ("the ledger has fewer than were read", ending({"done": 3}, read=4, expected=4), Status.INCOMPLETE),
    ("a host has trouble", ending({"done": 3}, error=ServerTrouble("trakt")), Status.DEFERRED),
    ("a host is put off", ending({"done": 3}, error=PutOff("bangumi")), Status.DEFERRED),
    ("the user must reconnect", ending({"done": 3}, error=Unauthorized("bangumi")), Status.FAILED),
    ("cancelled", ending({"done": 3}, stopped="cancelled"), Status.CANCELLED),
    ("not connected", ending(stopped="trakt_not_connected"), Status.FAILED),
    ("time was up", ending({"waiting": 3}, stopped="time_up"), Status.INCOMPLETE),
    ("a preview leaves things planned", ending({"planned": 3}, dry_run=True), Status.SUCCEEDED),
]


@pytest.mark.parametrize(("got", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_how_a_run_ends(got, expected):
    assert got == expected
