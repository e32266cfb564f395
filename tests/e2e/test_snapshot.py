"""The user's whole Bangumi list is kept before the first write, as the API shows it."""

from __future__ import annotations

import json

import httpx
import pytest

from sync.engine.snapshot import snapshot_due
from sync.models import BangumiAccount, Snapshot, SubjectPlan, SyncRun
from tests.e2e.small import BANGUMI_TOKENS, BLACK_LAGOON, CLANNAD, MUSHISHI, entry, main_ids, small_world, strangers

pytestmark = pytest.mark.e2e

WISH, DONE, DOING = 1, 2, 3
BOOK = 1


@pytest.fixture
def world():
    listed = [
        *strangers(120),
        entry(CLANNAD, WISH, comment="later", tags=["key"]),
        entry(MUSHISHI, DOING, rate=8, marks={main_ids(small_world(), MUSHISHI, 1)[0]: 3}),
        entry(BLACK_LAGOON, DOING, rate=9, private=True),
    ]
    world = small_world("Clannad 1x1-5", "Mushi-Shi 1x1-4", listed=listed)
    (book,) = [s for s in world.bangumi.subjects if s.id == listed[0].subject_id]
    book.type = listed[0].subject_type = BOOK
    return world


def rows_of_api(installation):
    """Return the user's list as the service itself answers it."""
    rows, total = [], 1
    while len(rows) < total:
        page = httpx.get(
            f"{installation.standins.bangumi_url}/v0/users/alice/collections",
            params={"limit": 100, "offset": len(rows)},
            headers={
                "Authorization": f"Bearer {BANGUMI_TOKENS[0]}",
                "User-Agent": "someone/test (https://example.org)",
            },
        ).json()
        rows, total = rows + page["data"], page["total"]
    return rows


def test_the_snapshot_is_the_list_as_it_was_before_the_run(install, world):
    installation = install(world)
    before = rows_of_api(installation)
    installation.sync()
    snapshot = Snapshot.objects.get()
    assert json.loads(json.dumps(snapshot.rows)) == before
    assert (snapshot.entries, snapshot.username) == (len(before), "alice")
    assert rows_of_api(installation) != before


def test_it_asks_for_nothing_besides_the_pages_that_the_run_reads_anyway(install, world):
    installation = install(world)
    installation.sync()
    pages = [r for r in installation.requests() if r["path"].endswith("/alice/collections")]
    assert len(pages) == 2


def test_later_runs_leave_it_as_it_is(install, world):
    installation = install(world)
    installation.sync()
    first = Snapshot.objects.get()
    play = {"episode": next(s for s in world.trakt.shows if s.title == "Black Lagoon").seasons[0].episodes[0].trakt}
    installation.standins.control("plays", {"user": "alice", "plays": [play | {"watched_at": "2026-01-01T00:00:00Z"}]})
    installation.sync("--full")
    assert Snapshot.objects.get().taken_at == first.taken_at


def test_a_preview_keeps_none(install, world):
    install(world).sync("--dry-run")
    assert not Snapshot.objects.exists()


def test_until_the_first_write_it_is_taken_anew(install, world):
    installation = install(world)
    installation.sync()
    SubjectPlan.objects.update(status="planned")
    assert snapshot_due(SyncRun.objects.get(), BangumiAccount.objects.get())
    SubjectPlan.objects.filter(subject_id=CLANNAD).update(status="applying")
    assert not snapshot_due(SyncRun.objects.get(), BangumiAccount.objects.get())


def test_another_account_gets_a_snapshot_of_its_own(install, world):
    installation = install(world)
    installation.sync()
    Snapshot.objects.update(bangumi_id=77)  # what was connected before was another account
    BangumiAccount.objects.update(bangumi_id=77)
    play = {"episode": next(s for s in world.trakt.shows if s.title == "Black Lagoon").seasons[0].episodes[0].trakt}
    installation.standins.control("plays", {"user": "alice", "plays": [play | {"watched_at": "2026-01-01T00:00:00Z"}]})
    before = rows_of_api(installation)
    installation.sync("--full")
    assert set(Snapshot.objects.values_list("bangumi_id", flat=True)) == {77, 1_000_002}
    assert Snapshot.objects.get(bangumi_id=1_000_002).rows == before
