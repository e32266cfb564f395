from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha256

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bgmsync.people import export
from bgmsync.shared import audit
from bgmsync.shared.people import language_of
from sync.models import MappingOverride, NotificationChannel, ParityReport, ParityRow, Snapshot, SyncItem
from sync.models.snapshot import pack
from tests.admin.conftest import SECRETS


def chosen(**more):
    return {"language": "", "timezone": "UTC", **more}


def test_the_language_of_the_profile_goes_before_that_of_the_browser(alice):
    client = Client(headers={"accept-language": "en"})
    client.force_login(alice)

    client.post(reverse("people:profile"), chosen(language="zh-hans"))

    assert 'lang="zh-hans"' in client.get(reverse("admin:index")).content.decode()
    assert language_of(alice) == "zh-hans"


def test_the_switch_is_kept_in_the_profile_and_holds_in_another_browser(alice):
    one, other = Client(), Client()
    one.force_login(alice)
    other.force_login(alice)

    one.post(reverse("set_language"), {"language": "zh-hans"})

    assert 'lang="zh-hans"' in other.get(reverse("admin:index")).content.decode()


def test_a_language_that_there_is_not_is_not_kept(alice, client):
    client.force_login(alice)
    client.post(reverse("set_language"), {"language": "tlh"})

    assert language_of(alice) == "en"


def test_who_leaves_the_language_to_the_browser_is_written_to_in_the_one_they_logged_in_with(alice):
    client = Client(headers={"accept-language": "zh-CN"})
    client.post(reverse("admin:login"), {"username": "alice", "password": "alice"})

    assert alice.profile.language == ""
    assert language_of(alice) == "zh-hans"


def test_who_never_logged_in_is_written_to_in_the_installations_language(bob):
    assert language_of(bob) == "en"


def test_going_back_to_the_browsers_language_forgets_the_switch(alice):
    client = Client(headers={"accept-language": "en"})
    client.force_login(alice)
    client.post(reverse("set_language"), {"language": "zh-hans"})

    client.post(reverse("people:profile"), chosen())

    assert 'lang="en"' in client.get(reverse("admin:index")).content.decode()


def test_the_time_zone_of_the_profile_is_the_one_of_the_schedule(rows, alice, client):
    client.force_login(alice)

    client.post(reverse("people:profile"), chosen(timezone="Asia/Shanghai"))

    before = rows.config.access_token
    rows.config.refresh_from_db()
    assert rows.config.timezone == "Asia/Shanghai"
    assert rows.config.next_run_at is not None
    assert rows.config.access_token == before


def test_a_time_zone_that_is_none_is_refused(alice, client):
    client.force_login(alice)

    assert client.post(reverse("people:profile"), chosen(timezone="Nowhere")).status_code == 400


def test_the_log_shows_what_one_did_and_what_was_done_for_one(rows, alice, olga, client, queued):
    client.force_login(olga)
    client.post(reverse("people:start", args=[alice.pk]), {"trigger": "button"})
    client.force_login(alice)
    client.post(reverse("people:profile"), chosen())

    lines = client.get(reverse("people:own_log")).context["lines"]

    assert [(line.who, line.whom, line.what.split(" #")[0]) for line in lines] == [
        ("alice", "", "changed the profile"),
        ("olga", "alice", "started a run"),
    ]


def test_the_log_of_another_is_not_shown(rows, alice, bob, client):
    audit.write(alice, audit.Act.EXPORTED)
    client.force_login(bob)

    assert not client.get(reverse("people:own_log")).context["lines"]


def archive_of(user, **lang):
    client = Client(**lang)
    client.force_login(user)
    answer = client.post(reverse("people:export"))
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def test_the_export_holds_ones_rows_and_no_others(rows, alice, bob):
    SyncItem.objects.create(user=bob, source_key="bobs")
    MappingOverride.objects.create(trakt_id=77)

    packed = archive_of(alice)

    assert packed.testzip() is None
    items = json.loads(packed.read("items.json"))
    assert [(item["source_key"], item["title"]) for item in items] == [("1", str(rows.title))]
    assert len(json.loads(packed.read("runs.json"))) == 1
    assert [rule["trakt_id"] for rule in json.loads(packed.read("rules.json"))] == [9]
    assert "bobs" not in "".join(packed.read(name).decode() for name in packed.namelist())


def test_the_export_holds_no_secret(rows, alice):
    NotificationChannel.objects.create(user=alice, name="phone", address="tgram://secret-address", label="tgram")
    packed = archive_of(alice)

    text = "".join(packed.read(name).decode() for name in packed.namelist())

    assert not [secret for secret in (*SECRETS, "secret-address", alice.password) if secret in text]
    assert "phone" in text


def test_the_export_holds_the_list_as_it_was(rows, alice):
    Snapshot.objects.create(user=alice, bangumi_id=5, packed=pack([{"subject_id": 400602}]))

    assert json.loads(archive_of(alice).read("list_before_first_write.json"))[0]["list"] == [{"subject_id": 400602}]


def test_who_has_nothing_gets_empty_tables(bob):
    packed = archive_of(bob)

    assert json.loads(packed.read("items.json")) == []
    assert set(packed.namelist()) == {"README.txt", "what_was_done.json", *(f"{name}.json" for name in export.FILES)}


def leads_to_a_person(model, seen=()):
    """Tell whether rows of *model* belong to somebody, by themselves or by what they point at."""
    targets = [field.related_model for field in model._meta.concrete_fields if field.is_relation]
    return User in targets or any(leads_to_a_person(t, (*seen, model)) for t in targets if t not in (*seen, model))


def test_every_table_that_belongs_to_somebody_is_exported():
    personal = {model for model in apps.get_models() if model is User or leads_to_a_person(model)}

    assert {ParityRow, ParityReport, LogEntry} <= personal
    assert personal == export.MODELS


def test_a_large_export_is_sent_in_pieces(alice):
    SyncItem.objects.bulk_create(
        SyncItem(user=alice, source_key=f"{n}", detail=sha256(str(n).encode()).hexdigest() * 4) for n in range(3000)
    )

    pieces = list(export.archive(alice))

    assert len(pieces) > 2
    assert len(json.loads(zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read("items.json"))) == 3000


@pytest.mark.parametrize("page", ["profile", "own_log", "export", "delete"])
def test_pages_about_oneself_name_nobody_else(page, rows, bob, client):
    client.force_login(bob)

    assert "alice" not in client.get(reverse(f"people:{page}")).content.decode()
