"""The user's rules for plays, as a table: what on-hold, dropped and finished subjects become."""

from __future__ import annotations

import pytest

from sync.bangumi.schemas import CollectionType, EpisodeStatus
from sync.engine.rules import Change, Found, decide
from trakt.rules import Rules

WISH, DONE, DOING, ON_HOLD, DROPPED = (CollectionType(n) for n in (1, 2, 3, 4, 5))
LEAVE, BACK, OPEN = Rules(resumed="leave"), Rules(resumed="doing"), Rules(finished="doing")


def found(listed, *seen):
    return Found(listed, dict.fromkeys(seen, EpisodeStatus.WATCHED), (1, 2, 3))


CASES = [
    # on Bangumi, episodes seen there                  watched  rule    → what is written
    ("on hold, left so", found(ON_HOLD), {1}, LEAVE, Change(mark=(1,))),
    ("on hold, back to doing", found(ON_HOLD), {1}, BACK, Change(DOING, mark=(1,))),
    ("dropped, back to doing", found(DROPPED, 1), {2}, BACK, Change(DOING, mark=(2,))),
    ("dropped, and the last one finishes it", found(DROPPED, 1, 2), {3}, BACK, Change(DOING, mark=(3,), complete=True)),
    ("dropped, and nothing new was watched", found(DROPPED, 1), {1}, BACK, Change()),
    ("done is not taken back to doing", found(DONE), {1}, BACK, Change(mark=(1,))),
    ("finished, left as doing", found(DOING, 1, 2), {3}, OPEN, Change(mark=(3,))),
    ("new and finished, left as doing", found(None), {1, 2, 3}, OPEN, Change(DOING, mark=(1, 2, 3))),
]  # fmt: skip


@pytest.mark.parametrize(("found", "watched", "rules", "change"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_a_play_changes_by_the_users_rules(found, watched, rules, change):
    assert decide(found, watched, ended=True, film=False, rules=rules) == change


@pytest.mark.parametrize(
    ("listed", "rules", "becomes"), [(DROPPED, BACK, DONE), (DROPPED, LEAVE, None), (None, OPEN, DONE)]
)
def test_a_film_that_was_watched_is_done_unless_it_was_set_aside(listed, rules, becomes):
    film = Found(listed, {}, (7,))
    assert decide(film, {7}, ended=True, film=True, rules=rules) == Change(becomes, mark=(7,))
