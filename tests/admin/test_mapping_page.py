"""The mapping data: refreshed once a week, never moving what was written, and shown with its licences."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from bgmsync.shared.models import Heartbeat
from sync import mappings, mappingsets
from sync.downloads import DownloadError
from sync.engine.index import current_index
from sync.matching import datasets
from sync.matching.datasets import load_datasets
from sync.models import MappingData, MappingSet, SyncItem
from trakt.models import Title

DATA = "/admin/sync/subject/data/"
CLANNAD, AFTER_STORY, CLANNAD_AT_TMDB = 51, 876, 24835


@dataclass
class Publisher:
    """Serves one file with an ETag, and notes who asked how."""

    payload: bytes
    etag: str = '"one"'
    status: int = 200
    asked: list[str | None] = field(default_factory=list)
    address: str = ""

    def answer(self, known: str | None) -> tuple[int, bytes]:
        self.asked.append(known)
        if self.status == 200 and known == self.etag:
            return 304, b""
        return self.status, self.payload


def handler_of(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, payload = publisher.answer(self.headers.get("If-None-Match"))
            self.send_response(status)
            self.send_header("ETag", publisher.etag)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format, *args):  # noqa: A002  # http.server names it
            pass

    return Handler


@lru_cache(maxsize=1)
def shipped() -> list[list]:
    return load_datasets()["bangumi-data"].rows


def published(change=None) -> bytes:
    """Return the shipped bangumi-data as its makers publish it, with the sites of one subject changed."""
    return _published(json.dumps(change or {}))


@cache
def _published(changed: str) -> bytes:
    change = {int(subject): sites for subject, sites in json.loads(changed).items()}
    items = []
    for subject, form, _begin, _end, tmdb, anilist, mal, title in shipped():
        sites = {"bangumi": str(subject), "tmdb": tmdb, "aniList": str(anilist or ""), "mal": str(mal or "")}
        sites |= change.get(subject, {})
        found = [{"site": site, "id": key} for site, key in sites.items() if key]
        items.append({"title": title, "type": form, "begin": "", "end": "", "sites": found})
    return gzip.compress(json.dumps({"items": items}).encode(), compresslevel=1)


@pytest.fixture
def publisher(settings, tmp_path, monkeypatch):
    """The one source of data; what it does not give stays as it shipped."""
    found = Publisher(published())
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(found))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.MAPPING_DIR = tmp_path / "mappings"
    found.address = f"http://127.0.0.1:{server.server_port}/data.json"
    for module in ("downloads", "mappings"):
        monkeypatch.setattr(f"sync.{module}.addresses", lambda: {"bangumi-data": found.address})
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.django_db
def test_what_was_not_changed_is_not_fetched_again(publisher):
    assert mappings.refresh()

    assert mappings.refresh() is None

    assert publisher.asked == [None, '"one"']


@pytest.mark.django_db
def test_a_set_that_was_lost_is_taken_from_the_database(publisher, settings):
    mappings.refresh()
    (settings.MAPPING_DIR / "current").unlink()

    mappings.refresh()

    assert publisher.asked == [None, '"one"']
    assert datasets.stamp(settings.MAPPING_DIR) == MappingData.objects.get().current != "snapshot"


@pytest.mark.django_db
def test_another_machine_uses_what_one_has_fetched_and_goes_back_with_it(publisher, settings, tmp_path):
    """Each machine has a folder of its own; they share the database."""
    here, there = settings.MAPPING_DIR, tmp_path / "another machine's"
    mappings.refresh()
    first = datasets.stamp(here)
    publisher.etag, publisher.payload = '"two"', published({AFTER_STORY: {"bangumi": "1000001"}})
    mappings.refresh()

    settings.MAPPING_DIR = there
    assert 1000001 in current_index().entries
    assert datasets.pointers(there) == datasets.pointers(here)
    assert mappings.status().etags == {publisher.address: '"two"'}
    assert mappings.refresh() is None

    mappings.roll_back()
    settings.MAPPING_DIR = here
    assert 1000001 not in current_index().entries
    assert datasets.stamp(here) == first


@pytest.mark.django_db
def test_a_set_in_the_database_that_cannot_be_read_leaves_what_is_there(publisher, settings, tmp_path, caplog):
    mappings.refresh()
    MappingSet.objects.update(packed=b"PK broken")
    settings.MAPPING_DIR = tmp_path / "another machine's"

    assert CLANNAD in current_index().entries
    assert datasets.stamp(settings.MAPPING_DIR) == "snapshot"
    assert "can't use the mapping data" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "payload"), [(500, b""), (200, b"<html>"), (200, b'{"items": []}')])
def test_a_failure_keeps_the_last_good_data_and_is_told_to_the_operator(publisher, root, client, status, payload):
    mappings.refresh()
    good = datasets.stamp(mappingsets.folder())
    publisher.etag, publisher.status, publisher.payload = '"two"', status, payload

    with pytest.raises((DownloadError, mappings.DataError)):
        mappings.refresh()

    client.force_login(root)
    assert datasets.stamp(mappingsets.folder()) == good
    assert "could not be refreshed" in client.get("/admin/").content.decode()
    assert publisher.address in client.get(DATA).content.decode()


@pytest.fixture
def written(alice):
    """Clannad's sequel, as it was written."""
    title = Title.objects.create(
        kind="show", trakt_id=7, tmdb_id=CLANNAD_AT_TMDB, title="Clannad", genres=["anime"], language="ja"
    )
    for number in (1, 2, 3):
        SyncItem.objects.create(
            user=alice, source_key=str(number), title=title, season=2, number=number, state="done",
            subject_id=AFTER_STORY, position=number,
        )  # fmt: skip
    return title


def test_new_data_moves_nothing_and_says_what_it_would(publisher, written, root, client):
    other = 1_000_001
    publisher.payload = published({AFTER_STORY: {"bangumi": str(other)}})

    mappings.refresh()

    change = mappings.status().changes[0]
    assert (change.season, change.first, change.last, change.before, change.now, change.items) == (
        2, 1, 3, AFTER_STORY, other, 3,
    )  # fmt: skip
    assert set(SyncItem.objects.values_list("state", "subject_id")) == {("done", AFTER_STORY)}
    client.force_login(root)
    assert "What the new data says otherwise" in client.get(DATA).content.decode()
    assert "3 written items would now go elsewhere" in client.get("/admin/").content.decode()


def test_what_a_person_decided_is_not_reported(publisher, written):
    SyncItem.objects.update(by_person=True)
    publisher.payload = published({AFTER_STORY: {"bangumi": "1000001"}})

    mappings.refresh()

    assert mappings.status().changes == []


def test_data_that_says_the_same_reports_nothing(publisher, written):
    publisher.payload = published({CLANNAD: {"mal": "1"}})

    mappings.refresh()

    assert mappings.status().changes == []


# when


def age(**ago) -> None:
    Heartbeat.objects.update_or_create(name=mappings.BEAT, defaults={"at": timezone.now() - timedelta(**ago)})


@pytest.mark.django_db
def test_it_is_refreshed_once_a_week_by_whoever_comes_first(publisher):
    age(days=8)

    assert [mappings.refresh_if_due(), mappings.refresh_if_due()] == [True, False]


@pytest.mark.django_db
def test_a_new_installation_does_not_fetch_at_once(publisher):
    assert not mappings.refresh_if_due()
    assert publisher.asked == []


@pytest.mark.django_db
def test_a_failure_is_tried_again_within_a_day(publisher):
    publisher.status = 503
    age(days=8)

    mappings.refresh_if_due()

    due_in = Heartbeat.objects.get(name=mappings.BEAT).at + mappings.WEEK - timezone.now()
    assert timedelta(hours=23) < due_in <= timedelta(days=1)
    assert "answered 503" in mappings.status().error


# pages


def test_members_see_sources_and_licences_and_no_buttons(alice, client):
    client.force_login(alice)

    page = client.get(DATA).content.decode()

    for text in ("bangumi-data", "BangumiExtLinker", "AniBridge", "CC BY 4.0", "MIT", "0.3.208"):
        assert text in page
    assert "Update now" not in page


def test_every_page_leads_to_the_sources(alice, client):
    client.force_login(alice)

    assert f'href="{DATA}"' in client.get("/admin/").content.decode()


def test_an_operator_asks_for_a_refresh_and_the_dispatcher_does_it(publisher, root, client):
    age(days=1)
    client.force_login(root)

    client.post(f"{DATA}update/")

    assert "A refresh was asked for" in client.get(DATA).content.decode()
    assert mappings.refresh_if_due()


def test_an_operator_can_go_back_and_it_stays_so_until_something_newer_comes(publisher, root, client):
    mappings.refresh()
    first = mappings.status().set
    publisher.etag, publisher.payload = '"two"', published({CLANNAD: {"mal": "1"}})
    mappings.refresh()
    client.force_login(root)

    client.post(f"{DATA}roll-back/")

    assert datasets.stamp(mappingsets.folder()) == first
    assert mappings.refresh() is None


def test_without_a_set_before_one_is_told_so(root, client, settings, tmp_path):
    settings.MAPPING_DIR = tmp_path
    client.force_login(root)

    page = client.post(f"{DATA}roll-back/", follow=True)

    assert "no previous set is kept" in page.content.decode()


@pytest.mark.django_db
def test_a_status_of_another_version_is_read_as_far_as_it_goes():
    MappingData.objects.create(pk=1, known={"error": "x", "of a later version": 5})

    assert mappings.status() == mappings.Status(error="x")
