"""What other rules would write is told before they are saved, and told as the next run would write it."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync

from sync.engine.index import current_index
from sync.engine.kinds.preview import difference, preview
from sync.models import BangumiAccount, Subject, SyncItem
from tests.e2e.small import AFTER_STORY, CLANNAD, MUSHISHI, PAPRIKA, entry
from tests.kinds.lists import DOING, DONE, DROPPED, ON_HOLD, WISH, by_hand, on_list, world_of
from trakt.models import TraktConfig
from trakt.rules import Rules

pytestmark = pytest.mark.e2e


def told(**changed):
    """Return what the settings would write that differ from the saved ones in *changed*."""
    saved, config = TraktConfig.objects.get(), TraktConfig.objects.get()
    for name, value in changed.items():
        setattr(config, name, value)
    return async_to_sync(difference)(config, saved, BangumiAccount.objects.get(), current_index())


def written(would):
    return [(w.subject_id, w.change.type, w.change.rate, w.ticks) for w in would]


def test_a_preview_of_other_rules_says_what_they_would_write_and_writes_nothing(install):
    listed = (entry(PAPRIKA, DONE, rate=5),)
    installation = install(world_of(ratings={"Clannad": 8, "Paprika": 9}, listed=listed))
    installation.sync()
    before, states = installation.shelf(), list(SyncItem.objects.order_by("pk").values())
    config, account = TraktConfig.objects.get(), BangumiAccount.objects.get()
    rules = Rules(rating_show="every", rating_conflict="trakt")
    would = async_to_sync(preview)(config, account, current_index(), rules)
    assert [(w.subject_id, w.entry and w.entry.rate, w.change.rate) for w in would] == [
        (CLANNAD, None, 8),
        (PAPRIKA, 5, 9),
        (AFTER_STORY, None, 8),
    ]
    assert installation.shelf() == before
    assert list(SyncItem.objects.order_by("pk").values()) == states


CHANGES = [
    {"rating_show": "every"},
    {"rating_conflict": "trakt"},
    {"rating_episodes": "mean", "rating_episodes_least": 2},
    {"collected": "tag"},
    {"resumed": "doing"},
    {"mark_private": "allow"},
]


@pytest.mark.parametrize("changed", CHANGES, ids=lambda changed: next(iter(changed)))
def test_what_was_told_is_what_the_next_run_writes(install, changed):
    world = world_of(
        "Mushi-Shi 1x1-3",
        "Black Lagoon 1x1-2",
        ratings={"Clannad": 8, "Paprika": 9, "One-Punch Man 1x1": 9, "One-Punch Man 1x2": 6},
        owned=("A Silent Voice",),
        listed=(entry(PAPRIKA, DONE, rate=5), entry(MUSHISHI, ON_HOLD), entry(979, DOING, private=True)),
    )
    installation = install(world)
    TraktConfig.objects.update(resumed="skip")
    installation.sync()
    before, ticked = on_list(installation), sum(map(len, installation.marks().values()))
    found = told(**changed)
    TraktConfig.objects.update(**changed)
    installation.sync()
    after = on_list(installation)
    differs = {s for s in after if after[s] != before.get(s)}
    assert differs <= {w.subject_id for w in found.would}
    assert {w.subject_id for w in found.would if w.change.type or w.change.rate} == differs
    assert sum(w.ticks for w in found.would) == sum(map(len, installation.marks().values())) - ticked
    assert found.would


def test_with_no_change_nothing_is_told_and_what_is_due_anyway_is_marked(install):
    installation = install(world_of(ratings={"Clannad 1": 8, "Paprika": 9}))
    installation.sync()
    assert told().would == []
    SyncItem.objects.filter(title__title="Paprika").update(state="new")
    by_hand(installation, PAPRIKA, remove=True)
    from sync.models import Written  # noqa: PLC0415  # as if it had never been written

    Written.objects.all().delete()
    found = told(hidden="dropped")
    assert written(found.would) == [(PAPRIKA, DONE, 9, 0)]
    assert found.anyway == {PAPRIKA}


def test_what_was_settled_is_not_judged_anew_as_long_as_the_rules_are_the_same(install):
    installation = install(world_of(ratings={"Paprika": 9}))
    TraktConfig.objects.update(rating_conflict="trakt")
    installation.sync()
    by_hand(installation, PAPRIKA, rate=3)
    assert told(interval_minutes=60).would == []
    assert [w.subject_id for w in told(rating_show="every").would] == [PAPRIKA]


def test_what_the_next_run_would_no_longer_write_is_told(install):
    installation = install(world_of(wanted=("Clannad",)))
    installation.sync("--dry-run")
    found = told(watchlisted="nothing")
    assert found.would == []
    assert written(found.no_more) == [(CLANNAD, WISH, None, 0)]


def test_a_kind_that_is_switched_off_is_not_told(install):
    installation = install(world_of(ratings={"Paprika": 9}, listed=(entry(PAPRIKA, DONE, rate=5),)))
    installation.sync()
    assert told(rating_conflict="trakt", ratings=False).would == []


def test_what_was_undone_stays_undone(install):
    installation = install(world_of(ratings={"Paprika": 9}))
    installation.sync()
    by_hand(installation, PAPRIKA, rate=0)
    assert written(told(rating_conflict="trakt").would) == [(PAPRIKA, None, 9, 0)]
    SyncItem.objects.update(state="skipped", reason="undone")
    assert told(rating_conflict="trakt").would == []


def test_plays_that_were_left_out_are_told_with_the_state_they_would_give(install):
    listed = (entry(MUSHISHI, DROPPED),)
    installation = install(world_of("Mushi-Shi 1x1-3", listed=listed))
    TraktConfig.objects.update(resumed="skip")
    installation.sync()
    assert written(told(resumed="doing").would) == [(MUSHISHI, DOING, None, 3)]
    assert written(told(resumed="leave").would) == [(MUSHISHI, None, None, 3)]
    assert told(finished="doing").would == []


def test_a_subject_that_is_known_to_be_for_adults_is_not_told_unless_it_is_wanted(install):
    installation = install(world_of(ratings={"Clannad": 8}))
    installation.sync()
    Subject.objects.update_or_create(pk=AFTER_STORY, defaults={"nsfw": True})
    assert [w.subject_id for w in told(rating_show="every").would] == [CLANNAD]
    assert [w.subject_id for w in told(rating_show="every", adult=True).would] == [CLANNAD, AFTER_STORY]


def test_a_preview_costs_the_pages_of_the_list_and_who_one_is(install):
    installation = install(world_of(ratings={"Clannad": 8, "Paprika": 9}))
    installation.sync()
    installation.forget_requests()
    told(rating_show="every")
    assert [r["path"].partition("?")[0] for r in installation.requests()] == ["/v0/me", "/v0/users/alice/collections"]
