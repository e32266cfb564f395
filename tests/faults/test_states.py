"""Whatever people do on both sides, and whatever breaks meanwhile, in any order: the promises hold after every step."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bgmsync.shared.models import HostBudget
from bgmsync.standins import StandIns
from sync.dispatch import revive
from sync.engine.run import work
from sync.models import BangumiAccount, SyncItem, SyncRun
from sync.reasons import TEXTS, Reason
from sync.summary import as_data
from tests.e2e.inprocess import InProcess
from tests.faults import scene
from tests.faults.death import dying_after
from tests.faults.matrix import FAULTS, ONCE
from tests.faults.promises import (
    DOING,
    DONE,
    WATCHED,
    Hand,
    broken_by_sync,
    broken_by_undo,
    half_done,
    note_ours,
    note_theirs,
)
from tests.faults.story import SCALE, short_timeouts
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = os.environ.get("FAULTS") == "full"
SEEDS = range(16) if FULL else range(1)
SEQUENCES = int(os.environ.get("SEQUENCES", "20" if FULL else "15"))
"""Random sequences a seed."""

STEPS = 30 if FULL else 20

PHASES = (Phase.generate, Phase.shrink) if os.environ.get("SHRINK") else (Phase.generate,)
"""Looking for the shortest sequence takes minutes: ask for it when one was found."""

SLOW = {"hang"}
"""Waits for a time-out at each try, and tells no more than a reset does."""

TWICE_IS_BELIEVED = {"404", "404 HTML"}
"""Bangumi says twice that a subject is hidden: then a person is asked, for good. Once is an accident."""

WHERE: dict[str, tuple[str | None, str]] = {
    "anything": (None, "^/(?!oauth)"),
    "plays": (None, "^/sync/history"),
    "lists of Trakt": (None, "^/sync/(ratings|watchlist|collection)"),
    "maps": (None, "^/sync/watched"),
    "episodes": ("GET", "/episodes$"),
    "marks": ("PATCH", "/episodes$"),
    "entries": ("GET", r"/collections/\d+$"),
    "new entries": ("POST", r"/collections/\d+$"),
    "changed entries": ("PATCH", r"/collections/\d+$"),
    "the list": (None, "/collections$"),
    "me": (None, "^/v0/me"),
}
"""Method and path; the token endpoints have their own tests, since what they lose only a person brings back."""

WHEN: dict[str, datetime | None] = {
    "now": None,
    "last year": datetime(2025, 3, 3, 20, tzinfo=UTC),
    "long ago": datetime(2003, 3, 3, 20, tzinfo=UTC),
}
WEEK = timedelta(days=8)
UNFINISHED = (*SyncItem.UNFINISHED, *SyncItem.RETRIED)

a_thing = st.sampled_from(scene.things())
SOME_THINGS = st.lists(a_thing, min_size=1, max_size=4)
"""What is watched before trouble comes: a run that has nothing to do meets none."""

a_subject = st.sampled_from(sorted(scene.HEARD_OF))
AN_INSTANT = st.integers(0, 90)
"""A first run of the scene has about as many, a later one fewer."""

TROUBLE = st.fixed_dictionaries(
    {
        "fault": st.sampled_from(sorted(FAULTS.keys() - SLOW)),
        "where": st.sampled_from(sorted(WHERE)),
        "skip": st.integers(0, 2),
        "times": st.integers(1, 6),
    }
)

SETTINGS = settings(
    max_examples=SEQUENCES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


@dataclass
class Explored:
    counts: Counter[str] = field(default_factory=Counter)
    states: set[int] = field(default_factory=set)
    """Lists on Bangumi and ledgers that were seen, each told by a hash."""


class Lives(RuleBasedStateMachine):
    """One person's life with the program, on the stand-ins."""

    install: Callable[..., InProcess]
    explored: Explored

    @initialize(some=st.lists(a_thing, max_size=8))
    def begin(self, some):
        self.installation = self.install(scene.make_stage())
        self.standins = self.installation.standins
        self.shelf = self.look()
        self.ours: dict[int, Hand] = {}
        self.watched: set[int] = set()
        self.rated: dict[int, set[int]] = {}
        self.rows: dict[str, dict[int, dict[str, Any]]] = {"ratings": {}, "watchlist": {}, "collection": {}}
        self.answered: dict[int, set[int]] = {}
        """By episode: the plays that the ledger had when the person changed its mark by hand."""
        self.marked_by_hand: set[int] = set()
        self.state_by_hand = {scene.MUSHISHI, scene.SECOND_BARRAGE, scene.GODFATHERS}
        self.rating_by_hand = {scene.MUSHISHI}
        self.was_private = {scene.GODFATHERS}
        self.undone: set[int] = set()
        self.died = False
        self.minutes = 0
        self.explored.counts["sequences"] += 1
        if some:
            self.play([thing.watched_as for thing in some])

    def teardown(self):
        if hasattr(self, "standins"):
            try:
                self.heal()
            finally:
                self.standins.stop()

    # what the model sees

    def look(self):
        state = self.standins.control("state")
        self.plays = state["trakt"]["alice"]
        return state["bangumi"]["alice"]["collections"]

    def see_plays(self):
        known = {next(iter(thing.watched_as.values())): thing.episode for thing in scene.things()}
        self.watched |= {known[play["episode"] or play["movie"]] for play in self.plays}

    # on Trakt

    @rule(
        some=st.lists(a_thing, min_size=1, max_size=4), when=st.sampled_from(sorted(WHEN)), moment=st.integers(0, 1000)
    )
    def watch(self, some, when, moment):
        since = WHEN[when]
        at = {"watched_at": (since + timedelta(hours=moment)).isoformat()} if since else {}
        self.play([thing.watched_as | at for thing in some])

    @rule(some=st.lists(a_thing, min_size=1, max_size=2))
    def watch_at_an_unknown_time(self, some):
        self.play([thing.watched_as | {"watched_at": "1970-01-01T00:00:00Z"} for thing in some])

    @rule(first=st.integers(0, 11))
    def watch_a_season(self, first):
        self.play([thing.watched_as for thing in scene.season()[first:]])

    @rule(which=st.integers(0, 100))
    def unwatch(self, which):
        if self.plays:
            ids = [sorted(play["id"] for play in self.plays)[which % len(self.plays)]]
            self.standins.control("plays", {"user": "alice", "ids": ids}, method="DELETE")
            self.look()

    @rule(what=st.sampled_from(scene.rated()), rating=st.integers(0, 10))
    def rate(self, what, rating):
        """Rate it; 0 takes the rating away."""
        if rating:
            self.rated.setdefault(what.subject, set()).add(rating)
        self.change_list("ratings", what, bool(rating), rating=rating)

    @rule(what=st.sampled_from(scene.films()), name=st.sampled_from(["watchlist", "collection"]), there=st.booleans())
    def list_it(self, what, name, there):
        self.change_list(name, what, there)

    def play(self, plays):
        self.standins.control("plays", {"user": "alice", "plays": plays})
        self.look()
        self.see_plays()

    def change_list(self, name, what, there, **more):
        rows = self.rows[name]
        self.minutes += 1
        at = timezone.now().replace(microsecond=0) + timedelta(minutes=self.minutes)
        rows.pop(what.subject, None)
        if there:
            rows[what.subject] = {**what.row, "at": at.isoformat(), **more}
        self.standins.control("clock", {"seconds": 2})  # Trakt's stamps tell seconds apart
        self.standins.control("rows", {"user": "alice", "list": name, "rows": list(rows.values())})

    # on Bangumi, by hand

    @rule(thing=a_thing, state=st.sampled_from([0, 2, 2, 3, 1]))
    def mark_by_hand(self, thing, state):
        known = self.shelf.get(str(thing.subject), {"marks": {}})["marks"].get(str(thing.episode), 0)
        if state == known:
            return
        keys = SyncItem.objects.filter(kind="history").values_list("source_key", flat=True)
        self.answered[thing.episode] = {int(key) for key in keys}
        self.marked_by_hand.add(thing.subject)
        self.edit(thing.subject, marks={str(thing.episode): state})

    @rule(subject=a_subject, state=st.integers(1, 5))
    def choose_a_state_by_hand(self, subject, state):
        self.edit(subject, type=state)

    @rule(subject=st.sampled_from(sorted({what.subject for what in scene.rated()})), rating=st.integers(0, 10))
    def rate_by_hand(self, subject, rating):
        if str(subject) in self.shelf and self.shelf[str(subject)]["type"] != scene.WISH:
            self.edit(subject, rate=rating)

    @rule(subject=a_subject, comment=st.sampled_from(["", "好看"]), tags=st.sampled_from([[], ["a"], ["a", "b"]]))
    def write_by_hand(self, subject, comment, tags):
        if str(subject) in self.shelf:
            self.edit(subject, comment=comment, tags=tags)

    @rule(subject=a_subject, private=st.booleans())
    def hide_by_hand(self, subject, private):
        if str(subject) in self.shelf:
            self.edit(subject, private=private)

    def edit(self, subject, **changes):
        self.standins.control("edit", {"user": "alice", "subject_id": subject, **changes})
        after = self.look()
        note_theirs(self.shelf, after, self.ours)
        old, row = self.shelf.get(str(subject)), after[str(subject)]
        if old is None or old["type"] != row["type"] or "type" in changes:
            self.state_by_hand.add(subject)
        if old is None or old["rate"] != row["rate"] or "rate" in changes:
            self.rating_by_hand.add(subject)
        if row["private"] or (old and old["private"]):
            self.was_private.add(subject)
        self.shelf = after

    # trouble

    def spoil(self, troubles):
        """Let such requests fail from now on, until they have failed so often."""
        self.standins.control("faults", method="DELETE")
        for trouble in troubles:
            times = ONCE if trouble["fault"] in TWICE_IS_BELIEVED else trouble["times"]
            method, path = WHERE[trouble["where"]]
            spoilt = {"method": method, "path": path, "skip": trouble["skip"], "times": times}
            self.standins.control("faults", spoilt | {"action": FAULTS[trouble["fault"]]})
            self.explored.counts["faults"] += 1

    @rule(service=st.sampled_from(["trakt", "bangumi"]))
    def let_the_token_expire(self, service):
        self.standins.control("expire", {"service": service, "user": "alice", "what": "access"})

    @rule()
    def wait(self):
        self.time_passes()

    def time_passes(self, weeks=0):
        """Let what is put off come due. Leases are left alone by whoever died with them."""
        HostBudget.objects.update(put_off_until=0, probe_until=0)
        SyncItem.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
        for model in (TraktConfig, BangumiAccount):
            model.objects.update(refresh_lease_until=None)
        config = TraktConfig.objects.get()
        if weeks and (last := config.activities.get("reconciled_at")):
            earlier = datetime.fromisoformat(last) - WEEK * weeks
            TraktConfig.objects.update(activities={**config.activities, "reconciled_at": earlier.isoformat()})

    # runs

    @rule(options=st.sampled_from([(), (), ("--full",), ("--kinds", "history"), ("--kinds", "ratings,watchlist")]))
    def sync(self, options):
        self.run("sync", "alice", "--json", *options)

    @rule(
        some=SOME_THINGS,
        troubles=st.lists(
            TROUBLE, min_size=1, max_size=2, unique_by=lambda trouble: trouble["fault"] in TWICE_IS_BELIEVED
        ),
    )
    def sync_in_trouble(self, some, troubles):
        self.play([thing.watched_as for thing in some])
        self.spoil(troubles)
        self.run("sync", "alice", "--json")

    @rule(some=SOME_THINGS, instant=AN_INSTANT, full=st.booleans(), troubles=st.lists(TROUBLE, max_size=1))
    def sync_and_be_killed(self, some, instant, full, troubles):
        self.play([thing.watched_as for thing in some])
        self.spoil(troubles)
        self.dies(instant, lambda: self.command("sync", "alice", "--json", *(["--full"] if full else [])))

    @rule(instant=st.none() | AN_INSTANT)
    def be_revived(self, instant):
        """Let the dispatcher find the run that died; it goes on, or dies again."""
        if revive():
            self.explored.counts["revived"] += 1
            if instant is None:
                self.judged(self.work_queued)
            else:
                self.dies(instant, self.work_queued)

    @rule()
    def retry(self):
        self.run("retry", "alice", "--json")

    @rule()
    def preview(self):
        run = self.run("sync", "alice", "--json", "--dry-run")
        assert run["writes"] == 0

    @rule(which=st.integers(0, 100))
    def undo(self, which):
        if not (runs := self.undoable()):
            return
        self.standins.control("faults", method="DELETE")
        self.time_passes()
        before = self.shelf
        run = self.command("undo", str(runs[which % len(runs)]), "--json")
        self.shelf = self.look()
        self.explored.counts["undone"] += 1
        note(f"{run}")
        assert broken_by_undo(before, self.shelf, self.ours) == []
        self.undone |= {int(s) for s in before if before[s] != self.shelf[s]}
        self.undone |= set(SyncItem.objects.filter(reason=Reason.UNDONE).values_list("subject_id", flat=True))
        note_theirs(before, self.shelf, self.ours)

    def undoable(self):
        runs = SyncRun.objects.filter(writes__gt=0, undoes=None).exclude(status__in=SyncRun.ACTIVE)
        return list(runs.order_by("pk").values_list("pk", flat=True))

    def work_queued(self):
        run = SyncRun.objects.get(status=SyncRun.Status.QUEUED)
        work(run.pk)
        run.refresh_from_db()
        return as_data(run)

    def command(self, *arguments):
        if SyncRun.objects.filter(status=SyncRun.Status.RUNNING).exists():
            self.explored.counts["taken over"] += 1
        return json.loads(self.installation.manage(*arguments, ok=None))

    def dies(self, instant, act):
        before = self.shelf
        with dying_after(instant) as death:
            act()
        self.explored.counts["kills"] += death.came
        self.died |= death.came
        note("it died" if death.came else "it ended before")
        for model in (TraktConfig, BangumiAccount):
            model.objects.update(refresh_lease_until=None)  # what it held is free when its time is over
        self.keeps_promises(before)

    def run(self, *arguments):
        return self.judged(lambda: self.command(*arguments))

    def judged(self, act):
        """Let a run happen, and hold it to its word."""
        before = self.shelf
        run = act()
        self.explored.counts[run["status"]] += 1
        note(f"{run}")
        self.keeps_promises(before)
        if run["status"] != "succeeded":
            assert run["reason"] in TEXTS, f"no reason that a person understands: {run}"
        assert run["reasons"].keys() <= TEXTS.keys()
        stored = Counter(SyncItem.objects.values_list("kind", flat=True))
        assert all(counted["read"] <= stored[kind] for kind, counted in run["kinds"].items()), run
        if run["dry_run"]:
            assert self.shelf == before
        elif run["status"] == "succeeded":
            assert sum(run["items"].values()) == run["read"] == run["expected"]
        return run

    def keeps_promises(self, before):
        self.shelf = self.look()
        self.see_plays()
        note(f"{brief(self.shelf)}")
        assert broken_by_sync(before, self.shelf, self.watched, self.ours, self.rated) == []
        note_ours(before, self.shelf, self.ours)
        for subject, row in self.shelf.items():
            for episode in half_done(before.get(subject), row, self.watched):
                self.answered.pop(episode, None)  # what was begun is due

    @rule()
    def heal(self):
        """End the trouble: after two runs all is there, and a third one finds nothing to do."""
        self.standins.control("faults", method="DELETE")
        for _ in range(2):
            self.time_passes(weeks=1)
            run = self.run("sync", "alice", "--json")
            self.reconnect_what_was_lost()
        assert run["status"] == "succeeded", run
        left = SyncItem.objects.filter(state__in=UNFINISHED).values_list("source_key", "state", "reason")
        assert list(left) == []
        assert list(self.missing()) == []
        before = self.shelf
        last = self.run("sync", "alice", "--json")
        assert (last["status"], last["writes"]) == ("succeeded", 0)
        assert self.shelf == before

    def reconnect_what_was_lost(self):
        """A refresh token works once: who dies between using it and storing the next has lost it."""
        status = self.installation.status()
        for service in ("trakt", "bangumi"):
            if status[service]["state"] == "reconnect":
                assert self.died, status
                self.installation.connect_anew(service)
                self.run("sync", "alice", "--json")

    # what must be there in the end

    def missing(self):
        yield from self.missing_ticks()
        yield from self.missing_states()
        yield from self.missing_entries()

    def is_free(self, subject):
        return subject not in self.undone and subject not in self.was_private

    def due(self):
        """Name the things of which a play stands that no hand has answered."""
        for thing in scene.things():
            ids = {play["id"] for play in self.plays if thing.watched_as.items() <= play.items()}
            if ids - self.answered.get(thing.episode, set()) and self.is_free(thing.subject):
                yield thing

    def missing_ticks(self):
        for thing in self.due():
            row = self.shelf.get(str(thing.subject))
            if row is None or row["marks"].get(str(thing.episode)) != WATCHED:
                yield f"no tick for {thing}"

    def missing_states(self):
        for subject in {thing.subject for thing in self.due()} - self.state_by_hand:
            row = self.shelf.get(str(subject))
            if row is None:
                continue  # its missing ticks are told
            whole = {str(e) for e in scene.episodes_of(subject)} <= {e for e, s in row["marks"].items() if s == WATCHED}
            if row["type"] not in {DOING, DONE} or (
                whole and row["type"] != DONE and subject not in self.marked_by_hand
            ):
                yield f"{subject} is {row['type']}"

    def missing_entries(self):
        """What is rated, collected or on the watchlist has an entry; what is rated has its rating."""
        gone = {play["movie"] for play in self.plays}
        for subject in scene.HEARD_OF:
            if not self.is_free(subject) or subject in self.state_by_hand:
                continue
            rating = self.rows["ratings"].get(subject)
            row = self.shelf.get(str(subject))
            if rating and subject not in self.rating_by_hand and (row is None or row["rate"] != rating["rating"]):
                yield f"{subject} is rated {row and row['rate']}, not {rating['rating']}"
            listed = [self.rows[name].get(subject) for name in ("watchlist", "collection")]
            if row is None and any(one and one["movie"] not in gone for one in listed):
                yield f"{subject} is on no list"

    @invariant()
    def behaves(self):
        if hasattr(self, "standins"):
            assert self.installation.breaches() == []
            self.explored.counts["steps"] += 1
            self.explored.states.add(self.fingerprint())

    def fingerprint(self):
        items = Counter(SyncItem.objects.values_list("kind", "state", "reason"))
        return hash((json.dumps(brief(self.shelf), sort_keys=True), tuple(sorted(items.items()))))


def brief(shelf):
    return {s: (row["type"], row["rate"], row["private"], sorted(row["marks"].items())) for s, row in shelf.items()}


@pytest.fixture
def install(transactional_db, tmp_path, settings, monkeypatch):
    """``install(world)``: an installation as it is after connecting, in a database that really commits.

    Who dies in a transaction must find it rolled back, and the transaction around an ordinary test would swallow that.
    """
    if connection.vendor != "sqlite":
        pytest.skip("the database is put back by SQLite's own copy")
    short_timeouts(monkeypatch)
    connection.ensure_connection()
    ports = {}
    with closing(sqlite3.connect(":memory:")) as empty:
        connection.connection.backup(empty)

        def make(world):
            empty.backup(connection.connection)
            standins = StandIns(world, **ports).start()
            installation = InProcess(tmp_path, standins, more={"RETRY_SCALE": SCALE}, settings=settings)
            if not ports:  # later ones take the same addresses: pytest-django nests what is set again and again
                installation.configure()
                urls = {"trakt_port": standins.trakt_url, "bangumi_port": standins.bangumi_url}
                ports.update({name: urlsplit(url).port for name, url in urls.items()})
            return installation.connect()

        yield make


@pytest.mark.parametrize("number", SEEDS)
def test_any_sequence_of_lives_and_troubles_keeps_the_promises(install, record_property, number):
    explored = Explored()

    @seed(number)
    class Numbered(Lives):
        pass

    Numbered.install, Numbered.explored = staticmethod(install), explored
    try:
        run_state_machine_as_test(Numbered, settings=SETTINGS)
    finally:
        for name in ("sequences", "steps", "kills", "faults"):
            record_property(name, explored.counts[name])
        record_property("states", len(explored.states))
        print(dict(explored.counts))  # noqa: T201  # pytest shows it with -s, and where a test failed
