"""What a real run leaves for those who watch: its requests in the figures, its numbers in each line of the log."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bgmsync.shared import counting
from sync.models import SyncRun
from tests.e2e.installation import Installation
from tests.e2e.small import small_world

pytestmark = pytest.mark.e2e


def requests_of(figures):
    found = Counter()
    for key, value in figures.items():
        if key[0] == "requests":
            found[key[1]] += value
    return found


def test_the_figures_are_those_of_the_runs(install):
    installation = install(small_world("Clannad 1x1-10"))

    first, second = installation.sync(), installation.sync()

    figures = counting.read()
    sent = Counter(first["requests"]) + Counter(second["requests"])
    assert requests_of(figures) == {service: n for service, n in sent.items() if n}
    assert figures["runs", "command", "succeeded"] == 2
    assert figures["run_seconds",] == pytest.approx(sum(run.seconds or 0 for run in SyncRun.objects.all()), rel=0.05)
    assert figures["request_seconds", "bangumi"] > 0


def test_answers_are_counted_as_they_came(install):
    installation = install(small_world("Clannad 1x1-3"))
    fault = {"service": "bangumi", "action": {"kind": "status", "status": 503}, "times": 2}
    installation.standins.control("faults", fault)

    installation.sync(ok=None)

    found = {key[1:3] for key in counting.read() if key[0] == "requests"}
    assert {("bangumi", "503"), ("trakt", "200")} <= found


class Talkative(Installation):
    """Says all it can; the commands of other tests are told to say less."""

    @property
    def env(self):
        return super().env | {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json", "LOG_FILE": str(self.folder / "log")}


def test_every_line_about_a_run_names_it_and_none_shows_a_token(install_apart):
    quiet = install_apart(small_world("Clannad 1x1-3"))
    installation = Talkative(quiet.folder, quiet.standins)
    world = installation.standins.hub.world

    summary = installation.sync()

    text = (installation.folder / "log").read_text()
    requests = [row for row in map(json.loads, text.splitlines()) if row["logger"] == "bgmsync.http"]
    assert len(requests) == sum(summary["requests"].values())
    assert {row["run"] for row in requests} == {summary["run"]}
    assert {type(row["user"]) for row in requests} == {int}
    for account in (world.trakt.users[0], world.bangumi.users[0]):
        assert account.access_token not in text
