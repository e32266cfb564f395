from __future__ import annotations

import pickle

import pytest

from bgmsync.shared import http

PERMANENT = {
    http.Unauthorized: "reconnect",
    http.AppRefused: "app_refused",
    http.Forbidden: "forbidden",
    http.NeedsVip: "vip_only",
    http.AccountLocked: "account_locked",
    http.AccountLimit: "account_limit",
    http.NotFound: "not_found",
    http.Rejected: "rejected",
}
LATER = {
    http.Unreachable: "unreachable",
    http.ServerTrouble: "server_trouble",
    http.RateLimited: "rate_limited",
    http.PutOff: "put_off",
    http.OutcomeUnknown: "outcome_unknown",
}


@pytest.mark.parametrize(("kind", "code"), [*PERMANENT.items(), *LATER.items()])
def test_a_reason_names_the_service_and_what_happened(kind, code):
    assert kind("bangumi").reason == f"bangumi_{code}"


@pytest.mark.parametrize("kind", [*PERMANENT, *LATER])
def test_an_error_is_permanent_or_for_later(kind):
    assert kind("trakt").permanent is (kind in PERMANENT)


def test_an_error_survives_pickling_as_the_queue_does_it():
    error = http.RateLimited("trakt", "slow down", status=429, retry_after=12.5, blocked=True)

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # made one line above

    assert (copy.detail, copy.status, copy.retry_after, copy.blocked) == ("slow down", 429, 12.5, True)


def test_its_text_says_what_where_and_why():
    assert str(http.Rejected("bangumi", "no such field", status=400)) == "bangumi_rejected (400): no such field"
