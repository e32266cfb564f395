"""What becomes of an entry on Bangumi, as tables that need no code to be read.

Each line: what it shows · the entry on the user's list (None: not on it) · what this program last wrote there · what is
asked · the user's rule · what is written (None: nothing) · what the fact is told.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sync.bangumi.schemas import CollectionType
from sync.engine.kinds.entry import Ask, Entry, Ours, Place, Rank, Seen, decide_entry
from trakt.rules import Rules

WISH, DONE, DOING, ON_HOLD, DROPPED = (CollectionType(n) for n in (1, 2, 3, 4, 5))
NOBODY = Ours()
LONG_AGO, THEN, NOW = (datetime(year, 5, 1, tzinfo=UTC) for year in (2020, 2024, 2026))


def on(kind, rate=0, *tags, changed=THEN):
    return Entry(kind, rate, tags, updated_at=changed)


def we(kind=None, rate=None, *tags):
    return Ours(kind, rate, frozenset(tags))


def rated(rate, at=NOW, rank=Rank.OWN):
    return Ask(1, at, rate=rate, rank=rank)


OWNED, WANTED, DROP = Ask(1, NOW, tag="owned"), Ask(1, NOW, wish=True), Ask(1, NOW, drop=True)
UNRATED, UNOWNED = Ask(1, NOW, unrate=True), Ask(1, NOW, untag="owned")
KEEP, NEWEST, TRAKT = (Rules(rating_conflict=rule) for rule in ("keep", "newest", "trakt"))


def decided(entry, ours, asks, rules=KEEP, **known):
    change = decide_entry(Place(entry, ours, **known), [asks] if isinstance(asks, Ask) else asks, rules)
    fate = change.fates[1]
    return (change.type, change.rate, change.tags) if change else None, fate.reason or fate.kind


RATINGS = [
    # on Bangumi           ours             rating      rule    → state, rating, tags          what the rating is told
    ("no entry: done, in one write", None, NOBODY, rated(8), KEEP, (DONE, 8, None), "write"),
    ("unrated: the rating alone", on(DOING), NOBODY, rated(8), KEEP, (None, 8, None), "write"),
    ("on hold stays on hold", on(ON_HOLD), NOBODY, rated(8), KEEP, (None, 8, None), "write"),
    ("dropped stays dropped", on(DROPPED), NOBODY, rated(2), KEEP, (None, 2, None), "write"),
    ("a wish can't keep a rating: done", on(WISH), NOBODY, rated(8), KEEP, (DONE, 8, None), "write"),
    ("the same already", on(DONE, 8), NOBODY, rated(8), KEEP, None, "already"),
    ("the same, by us", on(DONE, 8), we(DONE, 8), rated(8), KEEP, None, "ours"),
    ("changed on Trakt", on(DONE, 8), we(DONE, 8), rated(5), KEEP, (None, 5, None), "write"),
    ("set by hand: kept", on(DONE, 6), NOBODY, rated(8), KEEP, None, "rating_kept"),
    ("changed by hand since: kept", on(DONE, 6), we(DONE, 8), rated(9), KEEP, None, "rating_kept"),
    ("removed by hand since: kept", on(DONE, 0), we(DONE, 8), rated(9), KEEP, None, "rating_kept"),
    ("made a wish by hand since: kept", on(WISH, 0), we(DONE, 8), rated(9), KEEP, None, "rating_kept"),
    ("taken off the list by hand: kept off", None, we(DONE, 8), rated(9), KEEP, None, "taken_off_list"),
    ("newest: Trakt's is", on(DONE, 6, changed=THEN), NOBODY, rated(8, NOW), NEWEST, (None, 8, None), "write"),
    ("newest: the entry changed later", on(DONE, 6), NOBODY, rated(8, LONG_AGO), NEWEST, None, "rating_older"),
    ("newest: nobody knows when", on(DONE, 6, changed=None), NOBODY, rated(8), NEWEST, None, "rating_older"),
    ("Trakt wins", on(DONE, 6), NOBODY, rated(8), TRAKT, (None, 8, None), "write"),
    ("Trakt wins over a changed one", on(DONE, 6), we(DONE, 8), rated(9), TRAKT, (None, 9, None), "write"),
    ("Trakt wins, and nothing differs", on(DONE, 8), NOBODY, rated(8), TRAKT, None, "already"),
    ("removed on Trakt: ours is taken back", on(DONE, 8), we(DONE, 8), UNRATED, KEEP, (None, 0, None), "write"),
    ("removed on Trakt: the user's stays", on(DONE, 8), NOBODY, UNRATED, KEEP, None, "rating_kept"),
    ("removed on Trakt: changed since, stays", on(DONE, 7), we(DONE, 8), UNRATED, KEEP, None, "rating_kept"),
    ("removed on Trakt: gone already", on(DONE), we(DONE, 8), UNRATED, TRAKT, None, "ours"),
]

OTHERS = [
    ("owned: a wish with the tag", None, NOBODY, OWNED, KEEP, (WISH, None, ("owned",)), "write"),
    ("owned: beside other tags", on(DONE, 7, "校园"), NOBODY, OWNED, KEEP, (None, None, ("校园", "owned")), "write"),
    ("owned: tagged by hand", on(DONE, 7, "owned"), NOBODY, OWNED, KEEP, None, "already"),
    ("owned: tagged by us", on(DONE, 7, "owned"), we(None, None, "owned"), OWNED, KEEP, None, "ours"),
    ("owned: our tag was removed", on(DONE), we(None, None, "owned"), OWNED, KEEP, None, "tag_removed"),
    ("owned: ten tags are all there may be", on(DONE, 0, *"abcdefghij"), NOBODY, OWNED, KEEP, None, "tags_full"),
    (
        "owned no more: our tag",
        on(DONE, 0, "a", "owned"),
        we(None, None, "owned"),
        UNOWNED,
        KEEP,
        (None, None, ("a",)),
        "write",
    ),
    ("owned no more: the user's tag", on(DONE, 0, "owned"), NOBODY, UNOWNED, KEEP, None, "tag_kept"),
    ("wanted: a wish", None, NOBODY, WANTED, KEEP, (WISH, None, None), "write"),
    ("wanted: on the list already", on(DROPPED), NOBODY, WANTED, KEEP, None, "already"),
    ("wanted: our wish stands", on(WISH), we(WISH), WANTED, KEEP, None, "ours"),
    ("wanted: taken off the list by hand", None, we(WISH), WANTED, KEEP, None, "taken_off_list"),
    ("dropped: was doing", on(DOING), NOBODY, DROP, KEEP, (DROPPED, None, None), "write"),
    ("dropped: was a wish", on(WISH), NOBODY, DROP, KEEP, (DROPPED, None, None), "write"),
    ("dropped: not on the list", None, NOBODY, DROP, KEEP, (DROPPED, None, None), "write"),
    ("dropped: is already", on(DROPPED), NOBODY, DROP, KEEP, None, "already"),
    ("dropped: done stays done", on(DONE, 9), NOBODY, DROP, KEEP, None, "not_dropped"),
    ("dropped: taken up again by hand", on(DOING), we(DROPPED), DROP, KEEP, None, "changed_by_hand"),
]


@pytest.mark.parametrize(
    ("entry", "ours", "ask", "rules", "written", "told"), [c[1:] for c in RATINGS + OTHERS],
    ids=[c[0] for c in RATINGS + OTHERS],
)  # fmt: skip
def test_what_is_written_to_an_entry(entry, ours, ask, rules, written, told):  # noqa: PLR0917  # the table's columns
    assert decided(entry, ours, ask, rules) == (written, told)


NEW_ENTRIES = [
    # asked              how much was watched → the new entry's state
    ("rated, unwatched as far as Trakt tells: done", rated(8), Seen.NOTHING, DONE),
    ("rated and begun: doing", rated(8), Seen.SOME, DOING),
    ("rated and watched to the end: done", rated(8), Seen.ALL, DONE),
    ("owned and unwatched: a wish", OWNED, Seen.NOTHING, WISH),
    ("owned and begun: doing", OWNED, Seen.SOME, DOING),
    ("owned and watched to the end: done", OWNED, Seen.ALL, DONE),
    ("wanted and unwatched: a wish", WANTED, Seen.NOTHING, WISH),
    ("wanted, but begun: none", WANTED, Seen.SOME, None),
    ("dropped and begun: dropped", DROP, Seen.SOME, DROPPED),
    ("dropped, but watched to the end: none", DROP, Seen.ALL, None),
]


@pytest.mark.parametrize(("ask", "seen", "state"), [c[1:] for c in NEW_ENTRIES], ids=[c[0] for c in NEW_ENTRIES])
def test_the_state_of_a_new_entry(ask, seen, state):
    assert decide_entry(Place(seen=seen), [ask], KEEP).type == state


def ratings(*given):
    return [Ask(n, NOW, rate=rate, rank=rank) for n, (rank, rate) in enumerate(given, start=1)]


OWN, SHOW, EPISODES = Rank.OWN, Rank.SHOW, Rank.EPISODES
SEVERAL = [
    # ratings of one subject on Trakt                            → its rating on Bangumi
    ("a season's goes before its show's", ratings((SHOW, 5), (OWN, 8)), 8),
    ("a show's goes before its episodes'", ratings((EPISODES, 2), (EPISODES, 2), (SHOW, 9)), 9),
    ("the mean of enough episodes", ratings((EPISODES, 7), (EPISODES, 8), (EPISODES, 9)), 8),
    ("halves are rounded up", ratings((EPISODES, 7), (EPISODES, 8)), 8),
    ("one episode is too few", ratings((EPISODES, 7)), None),
    (
        "a rating that stands goes first as well",
        [Ask(1, NOW, rate=8, stands=True), Ask(2, NOW, rate=3, rank=SHOW)],
        None,
    ),
]


@pytest.mark.parametrize(("asks", "rate"), [c[1:] for c in SEVERAL], ids=[c[0] for c in SEVERAL])
def test_which_of_several_ratings_counts(asks, rate):
    assert decide_entry(Place(), asks, Rules(rating_episodes_least=2)).rate == rate


TOGETHER = [
    ("rated and owned: one write", None, [rated(8), OWNED_TOO := Ask(2, tag="owned")], None, (DONE, 8, ("owned",))),
    ("rated and wanted: no wish", None, [rated(8), Ask(2, wish=True)], None, (DONE, 8, None)),
    ("owned and wanted: a wish with the tag", None, [OWNED_TOO, WANTED], None, (WISH, None, ("owned",))),
    ("rated and played: the state that the plays give", None, [rated(8)], DOING, (None, 8, None)),
    ("wanted and played: no wish", None, [WANTED], DOING, (None, None, None)),
    ("rated and dropped: dropped with its rating", on(DOING), [rated(3), Ask(2, drop=True)], None, (DROPPED, 3, None)),
    ("a wish that is rated, owned and played", on(WISH), [rated(8), OWNED_TOO], DOING, (None, 8, ("owned",))),
]


@pytest.mark.parametrize(("entry", "asks", "joins", "written"), [c[1:] for c in TOGETHER], ids=[c[0] for c in TOGETHER])
def test_what_several_kinds_ask_is_written_at_once(entry, asks, joins, written):
    change = decide_entry(Place(entry), asks, KEEP, joins=joins)
    assert (change.type, change.rate, change.tags) == written


def test_a_show_that_was_watched_after_it_was_dropped_is_not_dropped():
    change = decide_entry(Place(on(DOING), played_at=NOW), [Ask(1, THEN, drop=True)], KEEP)
    assert not change
    assert change.fates[1].reason == "played_since"


def test_of_a_dropped_show_a_season_that_was_never_begun_stays_as_it_is():
    ask = Ask(1, NOW, drop=True, if_begun=True)
    assert not decide_entry(Place(None), [ask], KEEP)
    assert not decide_entry(Place(on(WISH)), [ask], KEEP)
    assert decide_entry(Place(on(DOING)), [ask], KEEP).type == DROPPED
