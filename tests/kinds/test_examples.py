"""Before a rule is changed, its choices are shown on the user's own data, and what they would write."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync

from sync.engine.index import current_index
from sync.engine.kinds.examples import examples
from sync.engine.kinds.preview import preview
from sync.models import BangumiAccount, SyncItem
from tests.e2e.small import AFTER_STORY, BLACK_LAGOON, CLANNAD, PAPRIKA, SECOND_BARRAGE, entry
from tests.kinds.lists import DONE, world_of
from trakt.models import TraktConfig
from trakt.rules import Rules

pytestmark = pytest.mark.e2e


def test_each_choice_of_a_rule_says_what_it_would_make_of_a_rating_of_the_users_own(install):
    installation = install(world_of(ratings={"Black Lagoon 1": 7, "Clannad": 8, "Paprika": 9}))
    installation.sync()
    found = examples(TraktConfig.objects.get(), current_index())
    split = found["rating_split"]
    assert (str(split.item), split.item.told["rating"]) == ("Black Lagoon S01", 7)
    assert [(w.choice, w.subjects, w.reason) for w in split.choices] == [
        ("all", (BLACK_LAGOON, SECOND_BARRAGE), ""),
        ("first", (BLACK_LAGOON,), ""),
        ("ask", (), "several_subjects"),
    ]
    assert [w.subjects for w in found["rating_show"].choices] == [(), (CLANNAD,), (CLANNAD, AFTER_STORY), ()]


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
