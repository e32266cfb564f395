"""From the end of a run to the note that arrives: once, to those who want it, and never at the run's expense."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string
from pydantic import SecretStr

from bgmsync.shared.http import TokenGrant
from bgmsync.shared.models import ConnectionState
from sync import dispatch, queue, tasks
from sync.models import BangumiAccount, Note, NotificationChannel, SubjectPlan, SyncItem, SyncRun, Told
from sync.models.channel import Event, Signal
from sync.notifying import outbox, sending, telling
from sync.notifying.handing import hand_over
from sync.notifying.words import word
from tests.e2e.small import small_world
from tests.notifying.conftest import KEY, deliver_all, told
from trakt.models import Title, TraktConfig


@pytest.fixture
def sent(monkeypatch):
    """What would be sent, and how that goes: ``sent.outcome`` may be set."""

    class Sent(list):
        outcome = sending.Outcome()

    found = Sent()

    def send(channel, message, signal=""):
        found.append((channel.name, message, signal))
        return found.outcome

    monkeypatch.setattr(sending, "send", send)
    return found


def review_of(user, title="Frieren", key="1"):
    named = Title.objects.get_or_create(kind="show", trakt_id=hash(title) % 10_000, title=title)[0]
    return SyncItem.objects.create(user=user, source_key=key, title=named, season=1, number=1, state="review")


# what is told


def test_a_failure_is_told_once_and_so_is_the_recovery(channel, ended):
    channel()

    for status in ("failed", "failed", "succeeded", "succeeded", "failed"):
        ended(status, reason="internal")

    assert told() == ["failing", "recovered", "failing"]


def test_a_run_that_is_looked_at_twice_is_told_once(channel, ended):
    channel()
    run = ended("failed", reason="internal")

    telling.after_run(run.pk)

    assert told() == ["failing"]


def test_what_is_put_off_is_told_after_a_day(channel, ended):
    channel()
    ended("deferred", reason="trakt_unreachable", finished_at=timezone.now() - timedelta(hours=20))
    assert told() == []

    SyncRun.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    ended("deferred", reason="trakt_unreachable", finished_at=timezone.now())

    assert told() == ["failing"]


@pytest.mark.parametrize("more", [{"dry_run": True}, {"trigger": "undo"}])
def test_previews_and_undos_say_nothing_of_whether_syncing_works(channel, ended, more):
    channel()

    ended("failed", reason="internal", **more)

    assert told() == []


def test_a_plan_that_waits_is_told_with_its_size(alice, channel, ended):
    channel()
    run = SyncRun.objects.create(user=alice, trigger="schedule", status="awaiting")
    SubjectPlan.objects.create(run=run, user=alice, subject_id=1, mark=[1], status="planned")

    telling.after_run(run.pk)

    assert Note.objects.get().facts == {"run": run.pk, "n": 1}


def test_a_lost_connection_is_told_by_the_dispatcher_as_well(alice, channel):
    channel()
    BangumiAccount.objects.create(user=alice).lose(ConnectionState.RECONNECT, "invalid_grant")

    telling.follow_up()
    telling.follow_up()

    assert [(note.about, note.facts) for note in Note.objects.all()] == [("reconnect", {"services": ["bangumi"]})]


def pasted(user, days, **more):
    """Store a token for Bangumi that ends in so many days."""
    account, _made = BangumiAccount.objects.get_or_create(user=user)
    account.keep(TokenGrant(access_token=SecretStr("a-token"), expires_in=days * 86_400, **more))


def test_a_token_that_nothing_renews_is_told_a_week_before_its_end_and_once(alice, channel):
    channel()
    pasted(alice, 8)
    telling.follow_up()
    assert told() == []

    pasted(alice, 6)
    telling.follow_up()
    telling.follow_up()
    assert [(note.about, note.facts) for note in Note.objects.all()] == [("ending", {"services": ["bangumi"]})]

    pasted(alice, 365)
    telling.look_at(alice)
    pasted(alice, 6)
    telling.follow_up()
    assert told() == ["ending", "ending"]


def test_a_token_that_renews_itself_ends_for_nobody(alice, channel):
    channel()

    pasted(alice, 1, refresh_token=SecretStr("renews-it"))
    telling.follow_up()

    assert told() == []


@pytest.mark.parametrize("state", [ConnectionState.NONE, ConnectionState.CONNECTED])
def test_a_connection_that_works_or_was_taken_away_is_no_news(alice, channel, state):
    channel()
    TraktConfig.objects.update(state=state)

    telling.follow_up()

    assert told() == []


def test_a_channel_is_told_what_it_wants_to_know_and_no_more(channel, ended):
    channel(name="quiet", events=["recovered"])
    channel(name="off", enabled=False)
    wants = channel(name="wants", events=["failing"])

    ended("failed", reason="internal")

    assert [note.channel for note in Note.objects.all()] == [wants]


def test_titles_are_named_only_where_the_user_wants_them(alice, channel, ended):
    open_one, closed = channel(name="open", with_titles=True), channel(name="closed")
    review_of(alice)

    ended("succeeded")

    assert "Frieren" in str(Note.objects.get(channel=open_one).facts)
    assert "Frieren" not in str(Note.objects.get(channel=closed).facts)


def test_another_user_is_told_nothing(channel, ended):
    bob = User.objects.create_user("bob")
    other = NotificationChannel.objects.create(user=bob, name="bob's", address="json://example.com", events=["failing"])

    channel()
    ended("failed", reason="internal")

    assert not Note.objects.filter(channel=other).exists()


def test_the_digest_is_sent_once_a_week_to_those_who_want_it(alice, channel, ended):
    channel(events=["digest"])
    channel(events=["failing"])
    run = ended("succeeded", finished_at=timezone.now())
    SyncItem.objects.create(user=alice, source_key="2", state="done", run=run)
    Told.objects.update(digest_due_at=timezone.now())

    assert telling.send_digests() == 1
    assert telling.send_digests() == 0

    assert Note.objects.get().facts == {"done": 1, "runs": 1, "good": 1, "review": 0, "waiting": 0}
    assert Told.objects.filter(digest_due_at__gt=timezone.now()).exists()


def test_the_dispatcher_does_all_of_this(monkeypatch, db):
    seen = []
    monkeypatch.setattr(telling, "follow_up", lambda: seen.append(True))

    dispatch.dispatch()

    assert seen


# monitors


def test_a_monitor_is_told_when_each_run_begins_and_how_it_ends(alice, channel, sent):
    channel(kind="ping")
    run = SyncRun.objects.create(user=alice, trigger="schedule", status="running")
    telling.after_run(run.pk)
    deliver_all()
    SyncRun.objects.update(status="succeeded", counts={"done": 3})
    telling.after_run(run.pk)
    telling.after_run(run.pk)
    deliver_all()

    assert [signal for _name, _message, signal in sent] == ["start", "success"]
    assert sent[-1][1].body == "succeeded done=3"


def test_a_monitor_is_told_of_a_failure_each_time(channel, ended, sent):
    channel(kind="ping")

    for _time in range(2):
        ended("failed", deliver=True, reason="internal")

    assert [signal for _name, _message, signal in sent] == ["fail", "fail"]


def test_what_a_monitor_was_to_be_told_is_dropped_when_there_is_something_newer(channel, ended, sent):
    channel(kind="ping")
    sent.outcome = sending.Outcome("unreachable")
    ended("failed", deliver=True, reason="internal")
    sent.clear()

    ended("succeeded")
    deliver_all()

    assert [signal for _name, _message, signal in sent] == ["success"]
    assert set(Note.objects.values_list("state", flat=True)) == {"dropped", "waiting"}


# delivering


def test_a_note_that_is_delivered_twice_arrives_once(channel, ended, sent):
    channel()
    ended("failed", reason="internal")
    note = Note.objects.get()

    outbox.deliver(note.pk)
    outbox.deliver(note.pk)

    assert len(sent) == 1
    assert NotificationChannel.objects.get().last_sent_at


def test_a_note_that_does_not_arrive_is_tried_again_after_growing_pauses_and_then_given_up(
    channel, ended, sent, settings
):
    settings.RETRY_SCALE = 1
    channel()
    sent.outcome = sending.Outcome("refused", 500)
    ended("failed", reason="internal")
    pauses = []
    for _try in range(outbox.TRIES):
        deliver_all()
        pauses.append(Note.objects.get().next_try_at - timezone.now())

    assert Note.objects.get().state == "given_up"
    assert pauses[:-1] == sorted(pauses[:-1])
    assert len(sent) == outbox.TRIES


def test_the_dispatcher_hands_over_again_what_is_due_or_was_lost(channel, ended, queued):
    channel()
    ended("failed", reason="internal")
    note = Note.objects.get()
    queued.clear()
    outbox.follow_up()
    assert not queued

    Note.objects.update(state="sending", next_try_at=timezone.now())
    outbox.follow_up()

    assert queued == [("note", note.pk)]
    assert Note.objects.get().state == "waiting"


def test_a_channel_is_broken_from_the_first_failure_until_a_delivery(channel, sent):
    made = channel()
    sent.outcome = sending.Outcome("refused", 500)
    outbox.try_now(made, Event.TEST, {})
    since = NotificationChannel.objects.get().failing_since
    outbox.try_now(made, Event.TEST, {})

    broken = NotificationChannel.objects.get()
    assert broken.failing_since == since
    assert broken.trouble_text() == "the service refused it (HTTP 500)"

    sent.outcome = sending.Outcome()
    outbox.try_now(broken, Event.TEST, {})
    assert not NotificationChannel.objects.get().is_broken


def test_an_address_whose_key_is_lost_breaks_its_channel_alone(channel, ended, settings):
    channel()
    ended("failed", reason="internal")
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    deliver_all()

    assert NotificationChannel.objects.defer("address").get().trouble == "lost_key"


def test_notes_that_are_over_are_forgotten_after_a_while(channel, ended, sent):
    channel()
    ended("failed", deliver=True, reason="internal")
    Note.objects.update(created_at=timezone.now() - timedelta(days=31))

    outbox.forget_old()

    assert not Note.objects.exists()


def test_the_address_is_encrypted_in_the_database(channel):
    channel()
    with connection.cursor() as cursor:
        cursor.execute("SELECT address, label FROM sync_notificationchannel")
        stored = str(cursor.fetchall())

    assert KEY not in stored


# words


FACTS = {
    Event.FAILING: {"reason": "internal", "run": 5},
    Event.RECOVERED: {"run": 5},
    Event.RECONNECT: {"services": ["trakt"]},
    Event.ENDING: {"services": ["bangumi"]},
    Event.REVIEW: {"n": 2, "titles": ["甲", "乙"]},
    Event.AWAITING: {"run": 5, "n": 2},
    Event.DIGEST: {"done": 3, "runs": 7, "good": 6, "review": 1, "waiting": 1, "titles": ["甲"]},
    Event.TEST: {},
}


@pytest.mark.parametrize("event", FACTS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_note_is_short_and_leads_to_the_page_that_says_more(settings, event, language):
    settings.BASE_URL = "https://sync.example"

    said = word(event, FACTS[event], language)

    assert "https://sync.example/admin/" in said.body
    assert len(said.body) < 400
    assert "%(" not in said.title + said.body


def test_a_note_speaks_the_language_it_is_asked_for():
    assert "测试" in word(Event.TEST, {}, "zh-hans").title
    assert "test" in word(Event.TEST, {}, "en").title
    assert "甲、乙" in word(Event.REVIEW, FACTS[Event.REVIEW], "zh-hans").body


# the run itself


def test_the_queue_calls_what_tells_and_what_delivers(monkeypatch):
    handed = []
    monkeypatch.undo()
    monkeypatch.setattr(queue, "async_task", lambda name, pk, **_options: handed.append((name, pk)))
    queue.enqueue_news(1)
    queue.enqueue_note(2)

    assert [(import_string(name), pk) for name, pk in handed] == [(tasks.tell, 1), (tasks.deliver, 2)]


def test_only_users_with_a_channel_cost_a_job(alice, channel, queued):
    run = SyncRun.objects.create(user=alice, trigger="schedule", status="succeeded")
    hand_over(run)
    assert queued == []

    channel()
    hand_over(run)
    assert queued == [("news", run.pk)]


def test_the_beginning_of_a_run_is_for_monitors_alone(alice, channel, queued):
    run = SyncRun.objects.create(user=alice, trigger="schedule", status="running")
    channel()
    hand_over(run)
    assert queued == []

    channel(kind="ping")
    hand_over(run)
    assert queued == [("news", run.pk)]


def test_a_queue_that_is_broken_does_not_reach_the_run(alice, channel, monkeypatch, caplog):
    channel()

    def fail(_pk):
        raise ConnectionError(KEY)

    monkeypatch.setattr(queue, "enqueue_news", fail)
    hand_over(SyncRun.objects.create(user=alice, trigger="schedule", status="succeeded"))

    assert KEY not in caplog.text


@pytest.mark.parametrize("answer", ["200", "500"])
def test_a_real_run_succeeds_whatever_becomes_of_its_notes(install, receiver, queued, answer):
    here = install(small_world("Clannad 1x1-2"))
    alice = User.objects.get(username="alice")
    monitor = NotificationChannel.objects.create(
        user=alice, name="monitor", kind="ping", address=f"http://{receiver.host}/{KEY}/{answer}"
    )

    here.manage("sync", "alice")
    for _kind, run in [entry for entry in queued if entry[0] == "news"]:
        telling.after_run(run)
        deliver_all()

    run = SyncRun.objects.get()
    assert run.status == "succeeded"
    assert queued[:2] == [("news", run.pk), ("news", run.pk)]
    assert receiver.paths[0] == f"/{KEY}/{answer}"
    monitor.refresh_from_db()
    assert monitor.trouble_status == (500 if answer == "500" else None)


def test_what_a_channel_that_is_off_waited_for_is_dropped(channel, ended, sent):
    made = channel()
    ended("failed", reason="internal")
    NotificationChannel.objects.filter(pk=made.pk).update(enabled=False)

    deliver_all()

    assert not sent
    assert Note.objects.get().state == "dropped"


def test_a_signal_of_a_monitor_is_no_event_of_a_message():
    assert not {event.value for event in Event} & {signal.value for signal in Signal} - {"test"}
