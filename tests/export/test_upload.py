"""The upload in the admin: what is taken, what is refused, and that a run sees it through whatever happens."""

from __future__ import annotations

import json
import os
import stat
from io import BytesIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bgmsync.shared.http import TokenGrant
from bgmsync.shared.models import ConnectionState
from sync import dispatch, queue, runs, uploads
from sync.admin import upload
from sync.engine import importing
from sync.engine.run import work
from sync.models import ArchivePart, BangumiAccount, SyncItem, SyncRun
from tests.e2e.small import small_world
from tests.export.making import history_files, play, zipped
from trakt import export
from trakt.models import TraktConfig

pytestmark = pytest.mark.django_db

PAGE = "/admin/trakt/traktconfig/trakt-export/"
FILES = {"watched-history-1.json": [play(1), play(2)]}


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    yield tmp_path / "uploads"
    assert not [path for path in tmp_path.rglob("*.zip") if path.parent != tmp_path], "an archive has a name on disk"


@pytest.fixture
def queued(monkeypatch):
    """The runs handed to the queue, which no worker takes here."""
    found: list[int] = []
    monkeypatch.setattr(queue, "enqueue", lambda *keys: found.extend(keys))
    return found


def member(name):
    user, _made = User.objects.update_or_create(username=name, defaults={"is_staff": True})
    user.groups.add(Group.objects.get(name="members"))
    return user


@pytest.fixture
def alice():
    """A member who never connected Trakt."""
    user = member("alice")
    BangumiAccount.objects.create(user=user).keep(TokenGrant(access_token="bangumi"))
    return user


@pytest.fixture
def page(alice, client):
    client.force_login(alice)
    return client


def file_of(files, name="trakt-export.zip"):
    content = files if isinstance(files, bytes) else zipped(files).getvalue()
    return SimpleUploadedFile(name, content, content_type="application/zip")


def send(client, files, **more):
    return client.post(PAGE, {"archive": file_of(files), **more})


def errors_of(answer):
    return " ".join(answer.context["form"].errors.get("archive", []))


def kept():
    """The runs whose archive waits."""
    return sorted(set(ArchivePart.objects.values_list("run", flat=True)))


# what is taken


def test_an_archive_makes_a_run_and_the_queue_is_told_the_run_alone(page, alice, queued):
    answer = send(page, FILES)
    run = SyncRun.objects.get()
    assert (run.user, run.trigger, run.only_retry, run.archive) == (alice, "import", True, {"name": "trakt-export.zip"})
    assert answer.headers["Location"].endswith(f"/syncrun/{run.pk}/change/")
    assert queued == kept() == [run.pk]


def test_it_waits_in_pieces_that_any_machine_can_put_together(page, queued, monkeypatch, folder):
    monkeypatch.setattr(uploads, "PIECE", 100)
    send(page, FILES)
    folder.rmdir()  # nothing is kept on the machine that took it
    assert ArchivePart.objects.count() > 2
    with uploads.opened(SyncRun.objects.get().pk) as archive:
        assert [file.name for file in archive.files] == list(FILES)


def test_it_goes_to_disk_while_it_comes_in_and_nobody_else_can_read_it(page, queued, monkeypatch, folder):
    """Seen from inside: the file behind the form lies on the folder's disk, however small it is, without a name."""
    seen = []

    def look(stream):
        found = os.fstat(stream.fileno())
        seen.append((found.st_dev, found.st_nlink, stat.S_IMODE(folder.stat().st_mode), list(folder.iterdir())))

    monkeypatch.setattr(export, "preview", look)
    send(page, FILES)
    assert seen == [(folder.stat().st_dev, 0, 0o700, [])]


def test_with_trakt_connected_its_api_is_asked_as_well(page, alice, queued):
    TraktConfig.objects.create(user=alice).keep(TokenGrant(access_token="trakt"))
    send(page, FILES)
    assert SyncRun.objects.get().only_retry is False


# what is refused


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (b"hello", "not a ZIP"),
        ({"letter.txt": b"hello"}, "none of the files of a Trakt export"),
        ({"watched-history-3.json": b'[{"id": 1}, 2]'}, "watched-history-3.json, row 2: not a JSON object"),
        ({"../watched-history-3.json": []}, "its name leads out of the archive"),
    ],
)
def test_a_bad_archive_is_refused_with_its_place_before_the_queue_sees_it(page, queued, files, told):
    answer = send(page, files)
    assert answer.status_code == 400
    assert told in errors_of(answer)
    assert queued == kept() == []
    assert not SyncRun.objects.exists()


def test_the_refusal_is_in_the_readers_language(page, queued):
    page.cookies["django_language"] = "zh-hans"
    told = errors_of(send(page, {"watched-history-3.json": b'[{"id": 1}, 2]'}))
    assert "watched-history-3.json" in told
    assert "not a JSON object" not in told


def test_a_file_beyond_the_limit_is_not_kept(page, queued, monkeypatch):
    monkeypatch.setattr(upload, "limit_in_bytes", lambda: 1000)
    answer = send(page, b"PK" + b"x" * 3000)
    assert answer.status_code == 400
    assert "larger than" in errors_of(answer)
    assert kept() == []


def test_a_body_far_beyond_the_limit_is_not_even_read(page, queued, monkeypatch):
    monkeypatch.setattr(upload, "limit_in_bytes", lambda: 1000)
    read = []
    monkeypatch.setattr("django.http.multipartparser.exhaust", read.append)
    assert "larger than" in errors_of(send(page, b"PK" + b"x" * 300_000))
    assert read == []


def test_the_operators_limit_counts(settings):
    settings.EXPORT_LIMIT_MB = 3
    assert upload.limit_in_bytes() == 3 << 20
    settings.EXPORT_LIMIT_MB = 100_000
    assert upload.limit_in_bytes() == export.LARGEST_ARCHIVE


def test_two_files_are_refused(page, queued):
    answer = page.post(PAGE, {"archive": [file_of(FILES), file_of(FILES)]})
    assert "More than one file" in errors_of(answer)
    assert kept() == []


def test_a_form_without_a_file_is_refused(page, queued):
    assert page.post(PAGE).status_code == 400
    assert send(page, b"").status_code == 400
    assert queued == []


def test_a_full_disk_is_told(page, queued, monkeypatch):
    class Full:
        def write(self, _data):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr(uploads, "coming", Full)
    assert "no room" in errors_of(send(page, FILES))


def test_another_site_can_not_upload(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert send(client, FILES).status_code == 403
    assert not SyncRun.objects.exists()


def test_with_the_pages_own_token_it_is_taken(alice, queued):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    client.get(PAGE)
    assert send(client, FILES, csrfmiddlewaretoken=client.cookies["csrftoken"].value).status_code == 302
    assert len(queued) == 1


def test_without_bangumi_the_page_says_what_to_do_and_takes_nothing(client, queued):
    client.force_login(member("bob"))
    assert "Connect Bangumi" in client.get(PAGE).content.decode()
    send(client, FILES)
    assert queued == []


def test_while_a_run_is_under_way_nothing_is_taken(page, alice, queued):
    run = SyncRun.objects.create(user=alice, trigger="button", status="running")
    answer = send(page, FILES)
    assert answer.headers["Location"].endswith(f"/syncrun/{run.pk}/change/")
    assert queued == kept() == []
    run.refresh_from_db()
    assert not run.retry_asked


def test_another_member_sees_nothing_of_the_run(page, queued, client):
    send(page, FILES)
    client.force_login(member("bob"))
    assert client.get(f"/admin/sync/syncrun/{SyncRun.objects.get().pk}/change/").status_code == 404


# how it is seen through


def finished(run: SyncRun) -> SyncRun:
    """Let a worker take the run, and return it as it ended."""
    done = work(run.pk)
    assert done is not None, "somebody else has the run"
    return done


@pytest.fixture
def sent(without_trakt, settings, tmp_path, queued):
    """``sent(files)``: a run in the queue of a user who has Bangumi alone, on stand-ins; and what stands there."""

    def send_it(files, world=None):
        world = world or small_world("Clannad 1x1-10", "Mushi-Shi 1x1-5")
        installation = without_trakt(world)
        TraktConfig.objects.update_or_create(user=member("alice"), defaults={"ask_first": False})
        client = Client()
        client.force_login(User.objects.get(username="alice"))
        answer = send(client, files if files is not None else history_files(world))
        assert answer.status_code == 302, errors_of(answer)
        return installation, SyncRun.objects.latest("pk"), client

    return send_it


def test_a_worker_takes_it_over_writes_it_and_removes_it(sent):
    installation, run, client = sent(None)
    done = finished(run)
    assert (done.status, done.counts) == ("succeeded", {"done": 15})
    assert sum(map(len, installation.marks().values())) == 15
    assert kept() == []
    text = client.get(f"/admin/sync/syncrun/{run.pk}/change/").content.decode()
    assert "trakt-export.zip" in text
    assert "watched-history-2.json" in text


def test_it_stops_for_the_users_approval_like_any_other_run_and_needs_the_file_no_more(sent):
    _installation, run, _client = sent(None)
    TraktConfig.objects.update(ask_first=True)
    assert finished(run).status == "awaiting"
    assert kept() == []


def test_the_progress_is_told_in_rows(sent, monkeypatch):
    _installation, run, client = sent(None)
    monkeypatch.setattr(export, "BATCH_ROWS", 4)
    seen = []
    store = importing._store

    def watched(run, *arguments):
        SyncRun.objects.filter(pk=run.pk).update(step=run.step, steps=run.steps)
        seen.append(json.loads(client.get(f"/admin/sync/syncrun/{run.pk}/progress/").content)["html"])
        return store(run, *arguments)

    monkeypatch.setattr(importing, "_store", watched)
    assert finished(run).status == "succeeded"
    assert "row 15" in seen[0]
    assert "8 / 15 rows of the archive" in seen[2]


def test_it_can_be_cancelled_between_two_batches(sent, monkeypatch):
    installation, run, _client = sent(None)
    monkeypatch.setattr(export, "BATCH_ROWS", 4)
    from sync.engine.context import Context  # noqa: PLC0415  # only this test looks at it

    check = Context.check

    def cancelled(ctx):
        if ctx.run.step == 8:
            ctx.stopping = "cancelled"
        check(ctx)

    monkeypatch.setattr(Context, "check", cancelled)
    done = finished(run)
    assert done.status == "cancelled"
    assert "not taken over" in str(list(done.events.all()))
    assert installation.marks() == {}
    assert kept() == []


def test_a_run_that_is_cancelled_in_the_queue_leaves_no_file(page, queued):
    send(page, FILES)
    runs.cancel(SyncRun.objects.get())
    uploads.tidy()
    assert kept() == []


def test_a_worker_that_is_killed_half_way_goes_on_and_nothing_is_lost_or_doubled(sent, monkeypatch):
    installation, run, _client = sent(None)
    store, calls = importing._store, []

    class Killed(BaseException):
        """Nothing of ours catches it, as with a signal."""

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return store(*arguments)

    monkeypatch.setattr(importing, "_store", killed)
    with pytest.raises(Killed):
        finished(run)
    assert kept() == [run.pk]
    monkeypatch.setattr(importing, "_store", store)
    SyncRun.objects.filter(pk=run.pk).update(owner="elsewhere|1|1", heartbeat_at=None)
    uploads.tidy()
    dispatch.revive()
    done = finished(run)
    assert (done.status, done.attempts, done.counts) == ("succeeded", 2, {"done": 15})
    assert importing.totals(done.archive) == {"files": 2, "rows": 15, "new": 15, "rejected": 0}
    assert sum(map(len, installation.marks().values())) == 15
    assert SyncItem.objects.count() == 15


def test_when_the_file_is_gone_the_run_says_that_the_upload_is_to_be_repeated(sent):
    _installation, run, client = sent(None)
    uploads.remove(run.pk)
    done = finished(run)
    assert (done.status, done.reason) == ("failed", "archive_lost")
    text = client.get(f"/admin/sync/syncrun/{run.pk}/change/").content.decode()
    assert "import the archive again" in text
    assert PAGE in text


def test_what_is_left_from_an_archive_is_tried_again_by_the_schedule_without_trakt(sent, queued):
    installation, run, _client = sent(None)
    finished(run)
    SyncItem.objects.filter(number=1).update(state="waiting", next_try_at="2020-01-01T00:00Z")
    TraktConfig.objects.update(next_run_at="2020-01-01T00:00Z")
    assert dispatch.start_due() == 1
    done = finished(SyncRun.objects.latest("pk"))
    assert (done.only_retry, done.status) == (True, "succeeded")
    TraktConfig.objects.update(next_run_at="2020-01-01T00:00Z")
    assert dispatch.start_due() == 0
    assert installation.status()["trakt"]["state"] == ConnectionState.NONE


def test_running_it_again_takes_up_what_is_left_without_asking_trakt(sent, queued):
    _installation, run, client = sent(None)
    finished(run)
    client.post(f"/admin/sync/syncrun/{run.pk}/rerun/")
    assert finished(SyncRun.objects.latest("pk")).status == "succeeded"


# tidying up


def test_only_the_archives_of_runs_that_are_not_over_are_kept(alice):
    over = SyncRun.objects.create(user=alice, trigger="import", status="failed")
    waits = SyncRun.objects.create(user=alice, trigger="import", status="awaiting")
    for run in (over, waits):
        uploads.give(run, BytesIO(b"PK"), "x.zip")
    uploads.tidy()
    assert kept() == [waits.pk]


def test_the_report_names_files_in_the_order_of_their_numbers(alice):
    names = [f"watched-history-{n}.json" for n in (10, 9, 1)]
    told = {"name": "x.zip", "files": {name: {"rows": 1, "new": 1, "rejected": 0} for name in names}}
    files = (upload.archive_of(SyncRun(user=alice, archive=told)) or {})["files"]
    assert [name for name, _told in files] == names[::-1]


# where it is offered


def test_a_member_whom_trakt_denies_an_app_is_offered_it(alice, page):
    for address in ("/admin/", "/admin/trakt/traktconfig/mine/"):
        assert PAGE in page.get(address, follow=True).content.decode()


def test_the_page_on_which_a_connection_fails_offers_it(page, settings):
    settings.TRAKT_CLIENT_ID = "app"
    answer = page.get("/trakt/callback?error=access_denied&state=x")
    assert PAGE in answer.content.decode()


def test_home_knows_a_user_who_lives_on_archives(sent):
    _installation, run, client = sent(None)
    finished(run)
    assert "It works" in client.get("/admin/").content.decode()
