"""No sequence of syncs and hand edits ever downgrades or overwrites, and syncing twice is syncing once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.bangumi.schemas import CollectionType
from sync.engine.kinds.entry import WRITE, Ask, Entry, Ours, Place, Rank, Seen, decide_entry
from trakt.rules import Rules

START = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = st.sampled_from(list(CollectionType))
UPGRADES = {None: 0, CollectionType.WISH: 1, CollectionType.DOING: 2, CollectionType.ON_HOLD: 2}
"""States that a rating or a list may change, by how far along they are."""


@dataclass
class Service:
    """Bangumi as far as one entry goes, and what this program remembers of it."""

    entry: Entry | None = None
    ours: Ours = field(default_factory=Ours)
    clock: int = 0
    hand_set: set[int] = field(default_factory=set)
    """Ratings that the user gave here."""

    def now(self) -> datetime:
        self.clock += 1
        return START + timedelta(hours=self.clock)

    @property
    def row(self) -> Entry:
        assert self.entry is not None
        return self.entry

    def write(self, change) -> None:
        """Change the entry as the service does: a wish loses its rating, tags are replaced whole."""
        before = self.entry or Entry(CollectionType.DOING)
        kind = before.type if change.type is None else change.type
        rate = before.rate if change.rate is None else change.rate
        tags = before.tags if change.tags is None else change.tags
        had = set(before.tags)
        rate = 0 if kind == CollectionType.WISH else rate
        self.entry = replace(before, type=kind, rate=rate, tags=tuple(tags), updated_at=self.now())
        self.ours = Ours(
            type=self.ours.type if change.type is None else int(change.type),
            rate=self.ours.rate if change.rate is None else change.rate,
            tags=(self.ours.tags | (set(tags) - had)) - (had - set(tags)),
        )

    def sync(self, asks, rules, seen):
        change = decide_entry(Place(self.entry, self.ours, seen), asks, rules)
        before = self.entry
        if change:
            self.write(change)
        return before, change


ASKS = st.lists(
    st.one_of(
        st.builds(lambda rate, rank: {"rate": rate, "rank": rank}, st.integers(1, 10), st.sampled_from(Rank)),
        st.just({"wish": True}),
        st.just({"tag": "owned"}),
        st.just({"drop": True}),
        st.just({"unrate": True}),
        st.just({"untag": "owned"}),
    ),
    min_size=1,
    max_size=4,
)
HAND = st.fixed_dictionaries(
    {"type": TYPES, "rate": st.integers(0, 10), "tags": st.sets(st.sampled_from(["owned", "校园", "神作"]))}
)
RULES = st.builds(
    Rules, rating_conflict=st.sampled_from(["keep", "newest", "trakt"]), rating_episodes_least=st.integers(1, 3)
)
SEEN = st.sampled_from(Seen)


def asks_of(wanted, at):
    return [Ask(item=n, at=at, **want) for n, want in enumerate(wanted, start=1)]


def edit(service, hand):
    rate = 0 if hand["type"] == CollectionType.WISH else hand["rate"]
    service.entry = Entry(hand["type"], rate, tuple(sorted(hand["tags"])), updated_at=service.now())


@given(st.lists(st.one_of(st.tuples(st.just("sync"), ASKS, SEEN), st.tuples(st.just("hand"), HAND))), RULES)
def test_no_sequence_of_syncs_and_hand_edits_downgrades_or_loses_a_tag(steps, rules):
    service = Service()
    for step in steps:
        if step[0] == "hand":
            edit(service, step[1])
            continue
        before, change = service.sync(asks_of(step[1], service.now()), rules, step[2])
        old = before.type if before else None
        if change.type == CollectionType.DROPPED:
            assert old != CollectionType.DONE
        elif change.type is not None:
            assert UPGRADES.get(old, 9) < UPGRADES.get(change.type, 3)
        lost = set(before.tags if before else ()) - set(service.entry.tags if service.entry else ())
        assert lost <= {"owned"}


@given(HAND, ASKS, RULES, SEEN)
def test_what_a_hand_gave_is_never_overwritten_by_default(hand, wanted, rules, seen):
    service = Service()
    edit(service, hand)
    before, _change = service.sync(asks_of(wanted, service.now()), replace(rules, rating_conflict="keep"), seen)
    assert before.rate in {0, service.row.rate}
    assert set(before.tags) <= set(service.row.tags)


@given(st.none() | HAND, ASKS, RULES, SEEN)
def test_syncing_twice_is_syncing_once(hand, wanted, rules, seen):
    service = Service()
    if hand:
        edit(service, hand)
    asks = asks_of(wanted, service.now())
    service.sync(asks, rules, seen)
    once = service.entry
    _before, change = service.sync(asks, rules, seen)
    assert not change
    assert service.entry == once


@given(st.none() | HAND, ASKS, RULES, SEEN)
def test_a_wish_is_never_written_with_a_rating_and_no_rating_is_ever_lost_to_the_service(hand, wanted, rules, seen):
    service = Service()
    if hand:
        edit(service, hand)
    _before, change = service.sync(asks_of(wanted, service.now()), rules, seen)
    if change.rate:
        assert service.row.rate == change.rate


@given(st.none() | HAND, ASKS, RULES, SEEN)
def test_every_ask_is_answered_and_nothing_is_written_that_nobody_asked_for(hand, wanted, rules, seen):
    service = Service()
    if hand:
        edit(service, hand)
    asks = asks_of(wanted, service.now())
    _before, change = service.sync(asks, rules, seen)
    assert set(change.fates) == {ask.item for ask in asks}
    assert bool(change) == (WRITE in change.fates.values())
