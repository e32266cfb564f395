from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, User

from bgmsync.shared.http import TokenGrant
from bgmsync.shared.models import HostBudget, ServiceApp
from bgmsync.standins import DEMO_WORLD, StandIns, World
from sync import queue
from sync.models import BangumiAccount, MappingOverride, Subject, SyncItem, SyncRun
from trakt.models import Title, TraktConfig

TRAKT_TOKEN = "AT-trakt-that-nobody-may-see"
TRAKT_REFRESH = "RT-trakt-that-nobody-may-see"
BANGUMI_TOKEN = "AT-bangumi-that-nobody-may-see"
APP_SECRET = "app-secret-that-nobody-may-see"
SECRETS = (TRAKT_TOKEN, TRAKT_REFRESH, BANGUMI_TOKEN, APP_SECRET)
TRIP_SUBJECT = 400602


def member(name: str) -> User:
    user = User.objects.create_user(name, password=name, is_staff=True)
    user.groups.add(Group.objects.get(name="members"))
    return user


@pytest.fixture
def alice(db):
    return member("alice")


@pytest.fixture
def bob(db):
    return member("bob")


@pytest.fixture
def olga(db):
    """An operator: helps others, and is no superuser."""
    user = User.objects.create_user("olga", password="olga", is_staff=True)
    user.groups.add(Group.objects.get(name="operators"))
    return user


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root", email=None, password="root")


@pytest.fixture
def app(db):
    """The operator's app at Trakt, with a secret."""
    return ServiceApp.objects.create(service="trakt", client_id="the-app", client_secret=APP_SECRET)


@pytest.fixture
def queued(monkeypatch):
    """The runs handed to the queue, which no worker takes here."""
    found: list[int] = []
    monkeypatch.setattr(queue, "enqueue", lambda *keys: found.extend(keys))
    return found


@pytest.fixture
def rows(alice, app):
    """One of everything, all of it alice's."""
    config = TraktConfig.objects.create(user=alice)
    config.keep(TokenGrant(access_token=TRAKT_TOKEN, refresh_token=TRAKT_REFRESH, expires_in=604800))
    account = BangumiAccount.objects.create(user=alice)
    account.keep(TokenGrant(access_token=BANGUMI_TOKEN))
    title = Title.objects.create(kind="show", trakt_id=7, slug="frieren", title="Frieren", year=2023)
    run = SyncRun.objects.create(
        user=alice, trigger="button", status="incomplete", stage="over", counts={"failed": 1}, reasons={"internal": 1}
    )
    run.log("A line of the log.")
    evidence = [{"code": "rank", "supports": True, "detail": {"number": 3, "position": 3, "of": 28}}]
    item = SyncItem.objects.create(
        user=alice,
        source_key="1",
        title=title,
        season=1,
        number=3,
        state="review",
        reason="ambiguous",
        run=run,
        candidates=[
            {"subject_id": TRIP_SUBJECT, "position": 3, "episode_id": 12, "confidence": 2, "evidence": evidence}
        ],
    )
    return SimpleNamespace(
        config=config,
        account=account,
        run=run,
        item=item,
        title=title,
        override=MappingOverride.objects.create(user=alice, trakt_id=9, subject_id=1),
        subject=Subject.objects.create(pk=TRIP_SUBJECT, name="葬送のフリーレン"),
        app=app,
        host=HostBudget.objects.create(key="trakt"),
    )


@pytest.fixture
def standins(settings):
    """Trakt and Bangumi on loopback, and this installation pointed at them."""
    world = World.load(DEMO_WORLD)
    with StandIns(world) as running:
        settings.TRAKT_API_URL = settings.TRAKT_AUTH_URL = running.trakt_url
        settings.BANGUMI_API_URL = settings.BANGUMI_AUTH_URL = running.bangumi_url
        settings.TRAKT_CLIENT_ID = world.trakt.apps[0].client_id
        settings.TRAKT_CLIENT_SECRET = world.trakt.apps[0].client_secret or ""
        settings.BANGUMI_CLIENT_ID = world.bangumi.apps[0].client_id
        settings.BANGUMI_CLIENT_SECRET = world.bangumi.apps[0].client_secret or ""
        yield running
