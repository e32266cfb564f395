"""The pages of notification channels: add one, test it, see that it is broken, and never see its address again."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from sync.models import Note, NotificationChannel, Told
from sync.notifying import sending
from sync.notifying.sending import Outcome

KEY = "bot-key-that-nobody-may-see"
ADDRESS = f"tgram://123456789:{KEY}/42/"
FORM = {"name": "my phone", "kind": "message", "new_address": ADDRESS, "events": ["failing", "review"], "enabled": "on"}
LIST = "admin:sync_notificationchannel_changelist"
ADD = "admin:sync_notificationchannel_add"


@pytest.fixture(autouse=True)
def service(monkeypatch):
    """The process that sends: what it was asked, and what it answers."""

    class Service:
        sent: list = []
        outcome = Outcome(service="Telegram")

    found = Service()
    found.sent = []
    monkeypatch.setattr(sending, "look", lambda _address: found.outcome)

    def send(channel, message, signal=""):
        found.sent.append((channel.address, message.title, signal))
        return found.outcome

    monkeypatch.setattr(sending, "send", send)
    return found


@pytest.fixture
def channel(alice):
    label = "Telegram · tgram://…"
    return NotificationChannel.objects.create(user=alice, name="my phone", address=ADDRESS, label=label)


def change_of(channel) -> str:
    return reverse("admin:sync_notificationchannel_change", args=[channel.pk])


def press_test(client, channel) -> str:
    where = reverse("admin:sync_notificationchannel_test", args=[channel.pk])
    return client.post(where, follow=True).content.decode()


def test_a_member_adds_a_channel_of_their_own(alice, client):
    client.force_login(alice)

    answer = client.post(reverse(ADD), FORM)

    made = NotificationChannel.objects.get()
    assert (made.user, made.address, made.label) == (alice, ADDRESS, "Telegram · tgram://…")
    assert answer.url == change_of(made)
    assert Told.objects.filter(user=alice, digest_due_at__gt=timezone.now()).exists()


def test_no_page_and_no_record_shows_the_address(alice, root, client):
    client.force_login(alice)
    client.post(reverse(ADD), FORM)
    made = NotificationChannel.objects.get()
    client.post(change_of(made), {**FORM, "new_address": f"tgram://123456789:{KEY}2/42/"})
    pages = [reverse(LIST), change_of(made), f"/admin/sync/notificationchannel/{made.pk}/history/"]
    pages += [f"/admin/sync/notificationchannel/{made.pk}/delete/", reverse("admin:index")]

    for user in (alice, root):
        client.force_login(user)
        assert not [page for page in pages if KEY in client.get(page).content.decode()]
    assert not [entry for entry in LogEntry.objects.all() if KEY in f"{entry.object_repr}{entry.change_message}"]


def test_a_form_that_is_refused_does_not_show_the_address_either(alice, client):
    client.force_login(alice)

    assert KEY not in client.post(reverse(ADD), {**FORM, "name": ""}).content.decode()


def test_the_address_stays_when_its_field_is_left_empty(channel, client):
    client.force_login(channel.user)
    NotificationChannel.objects.update(trouble="refused", failing_since=timezone.now())

    client.post(change_of(channel), {**FORM, "name": "tablet", "new_address": ""})

    channel.refresh_from_db()
    assert (channel.name, channel.address, channel.is_broken) == ("tablet", ADDRESS, True)


def test_a_new_address_is_not_broken_until_it_is_tried(channel, client):
    client.force_login(channel.user)
    NotificationChannel.objects.update(trouble="refused", failing_since=timezone.now())

    client.post(change_of(channel), FORM)

    channel.refresh_from_db()
    assert not channel.is_broken


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"new_address": ""}, "new_address"),
        ({"new_address": "json://127.0.0.1/x"}, "new_address"),
        ({"new_address": "jsons://[::1]/x"}, "new_address"),
        ({"kind": "ping"}, "new_address"),
        ({"kind": "ping", "new_address": "http://169.254.169.254/latest"}, "new_address"),
        ({"events": []}, "events"),
        ({"events": ["test"]}, "events"),
    ],
)
def test_a_channel_that_could_not_work_is_refused(alice, client, changed, field):
    client.force_login(alice)

    page = client.post(reverse(ADD), {**FORM, **changed})

    assert field in page.context["adminform"].form.errors
    assert not NotificationChannel.objects.exists()


def test_an_address_of_no_known_service_is_refused(alice, client, service):
    client.force_login(alice)
    service.outcome = Outcome("invalid")

    page = client.post(reverse(ADD), {**FORM, "new_address": "syslog://"})

    assert "No service is known for this address" in page.content.decode()


def test_the_operator_may_allow_private_addresses(alice, client, settings):
    settings.NOTIFY_PRIVATE = True
    client.force_login(alice)

    client.post(reverse(ADD), {**FORM, "kind": "ping", "new_address": "http://127.0.0.1:8000/ping/x"})

    assert NotificationChannel.objects.get().label == "http://…"


def test_another_kind_wants_another_address(channel, client):
    client.force_login(channel.user)

    page = client.post(change_of(channel), {**FORM, "kind": "ping", "new_address": ""})

    assert "new_address" in page.context["adminform"].form.errors


def test_a_test_is_sent_at_once_and_its_end_is_told(channel, client, service):
    client.force_login(channel.user)

    page = press_test(client, channel)

    assert "The service took it." in page
    assert service.sent == [(ADDRESS, "bgmsync: this is a test", "")]


def test_a_test_of_a_monitor_says_what_it_was_told(channel, client, service):
    NotificationChannel.objects.update(kind="ping")
    client.force_login(channel.user)

    assert "The monitor was told that a run succeeded" in press_test(client, channel)
    assert [signal for _address, _title, signal in service.sent] == ["test"]


def test_a_channel_that_is_broken_is_marked_on_its_page_on_the_list_and_on_the_first_page(channel, client, service):
    client.force_login(channel.user)
    service.outcome = Outcome("refused", 401)

    assert "the service refused it (HTTP 401)" in press_test(client, channel)
    for page in (change_of(channel), reverse(LIST)):
        assert "broken" in client.get(page).content.decode()
    home = client.get(reverse("admin:index")).content.decode()
    assert "Notifications by “my phone” do not arrive" in home
    assert change_of(channel) in home


def test_a_channel_that_is_off_is_not_looked_at_any_more(channel, client):
    client.force_login(channel.user)
    NotificationChannel.objects.update(enabled=False, trouble="refused", failing_since=timezone.now())

    assert "do not arrive" not in client.get(reverse("admin:index")).content.decode()


def test_an_address_whose_key_is_lost_stops_no_page(channel, client, settings):
    client.force_login(channel.user)
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    for page in (reverse(LIST), change_of(channel), f"/admin/sync/notificationchannel/{channel.pk}/delete/"):
        assert client.get(page).status_code == 200
    assert "enter it again" in press_test(client, channel)


def test_another_member_can_neither_see_nor_change_nor_test_it(channel, bob, client, service):
    client.force_login(bob)

    assert "my phone" not in client.get(reverse(LIST)).content.decode()
    assert client.get(change_of(channel)).status_code == 302
    assert client.post(change_of(channel), {**FORM, "name": "bob's"}).status_code == 302
    assert client.post(reverse("admin:sync_notificationchannel_test", args=[channel.pk])).status_code == 404
    assert client.post(f"/admin/sync/notificationchannel/{channel.pk}/delete/", {"post": "yes"}).status_code == 302
    channel.refresh_from_db()
    assert channel.name == "my phone"
    assert not service.sent


def test_an_operator_who_mends_a_channel_leaves_it_to_its_user(channel, root, client):
    client.force_login(root)

    client.post(change_of(channel), {**FORM, "name": "mended", "new_address": ""})

    channel.refresh_from_db()
    assert (channel.name, channel.user.username) == ("mended", "alice")


def test_deleting_a_channel_deletes_its_notes(channel, client):
    client.force_login(channel.user)
    Note.objects.create(channel=channel, about="failing", next_try_at=timezone.now())

    client.post(f"/admin/sync/notificationchannel/{channel.pk}/delete/", {"post": "yes"})

    assert not NotificationChannel.objects.exists()
