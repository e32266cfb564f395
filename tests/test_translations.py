"""Whoever reads the program in Chinese reads Chinese: every string is translated, and no page shows one that is not."""

from __future__ import annotations

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bgmsync.people import two_step
from bgmsync.people.models import TwoStep
from bgmsync.shared.http import TokenGrant
from bgmsync.shared.models import Heartbeat, HostBudget, ServiceApp
from sync import queue
from sync.admin.evidence import SENTENCES
from sync.models import BangumiAccount, MappingOverride, Subject, SubjectPlan, SyncItem, SyncRun
from sync.reasons import TEXTS
from trakt.models import Title, TraktConfig

ROOT = Path(__file__).parent.parent
LANGUAGE = "zh_Hans"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%s|%s")
READ_ALOUD = ("alt", "aria-label", "data-done", "data-use", "placeholder", "title")
"""Attributes that a person reads or hears."""
UNREAD = {"script", "style", "svg", "option"}
"""Elements without text of ours; the options of a list of time zones are names."""
LETTERS = 3
"""Words of so few letters, such as "ID", are found by chance in what is no text of ours."""


def _messages():
    spec = importlib.util.spec_from_file_location("messages", ROOT / ".ci" / "messages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


messages = _messages()
CATALOG = messages.load(LANGUAGE)


def _forms(text):
    return text if isinstance(text, tuple | list) else (text,)


def _wanted(catalog):
    return {(message.context, message.id) for message in messages.messages_of(catalog)}


def test_every_string_of_the_sources_is_in_the_catalogue_and_no_other():
    assert _wanted(CATALOG) == _wanted(messages.extract(LANGUAGE)), "run: make messages"


def test_every_string_has_a_translation_that_is_not_a_guess():
    left = [m.id for m in messages.messages_of(CATALOG) if m.fuzzy or not messages.is_translated(m)]
    assert not left


def test_translations_quote_what_their_originals_quote():
    wrong = {
        message.id: message.string
        for message in messages.messages_of(CATALOG)
        for string in _forms(message.string)
        # The plural form quotes the number in any case; Chinese has no other.
        if sorted(PLACEHOLDER.findall(string)) != sorted(PLACEHOLDER.findall(_forms(message.id)[-1]))
    }
    assert not wrong


def test_what_the_program_reads_is_what_the_translator_wrote():
    path = messages.po_path(LANGUAGE)
    assert path.with_suffix(".mo").read_bytes() == messages.compiled(CATALOG), "run: make messages"
    assert path.read_bytes() == messages.written(CATALOG), "run: make messages"


def test_the_chinese_readme_says_what_the_english_one_says():
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    for what in (r"^\| (`.+?`) \|", r"^##+ ", r"^```.*", r"^- "):  # commands, headings, examples, points
        assert len(re.findall(what, chinese, re.MULTILINE)) == len(re.findall(what, english, re.MULTILINE)), what
    links = r"\]\((?!README)([^)]+)\)"
    assert sorted(re.findall(links, chinese)) == sorted(re.findall(links, english))
    assert re.findall(r"^\| (`.+?`) \|", chinese, re.MULTILINE) == re.findall(r"^\| (`.+?`) \|", english, re.MULTILINE)


class Visible(HTMLParser):
    """Collects what a page says, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.within: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        names = (*READ_ALOUD, "value") if tag == "input" and given.get("type") == "submit" else READ_ALOUD
        self.said += [given[name] for name in names if given.get(name)]
        if tag in UNREAD:
            self.within.append(tag)

    def handle_endtag(self, tag):
        if self.within and self.within[-1] == tag:
            self.within.pop()

    def handle_data(self, data):
        if not self.within and data.strip():
            self.said.append(" ".join(data.split()))


def _pattern(text: str) -> re.Pattern[str]:
    if text.isalpha():  # one word may be part of a sentence of Django's that Django has not translated
        return re.compile(rf"\A[^A-Za-z]*{text}[^A-Za-z]*\Z")
    parts = [re.escape(part.replace("%%", "%")) for part in re.split(r"%\(\w+\)[sd]", text)]
    # A word inside of an address, such as bgm.tv/subject/1, is no text of ours.
    return re.compile(r"(?<![\w/.-])" + ".+?".join(parts) + r"(?![\w/.=-])")


def _own_english():
    """Return a pattern for each of our strings, save those that Chinese leaves as they are: Trakt, OVA."""
    found = {}
    for message in messages.messages_of(CATALOG):
        for text in _forms(message.id):
            letters = re.sub(r"[^A-Za-z]", "", PLACEHOLDER.sub("", text))
            if len(letters) > LETTERS and not any(text in string for string in _forms(message.string)):
                found[text] = _pattern(text)
    return found


ENGLISH = _own_english()


def left_in_english(html: str) -> set[str]:
    page = Visible()
    page.feed(html)
    said = {piece for piece in page.said if re.search(r"[A-Za-z]{4}", piece)}
    return {text for text, pattern in ENGLISH.items() for piece in said if pattern.search(piece)}


def test_a_string_in_english_would_be_found():
    assert left_in_english("<p>Run sync now</p>") == {"Run sync now"}
    assert left_in_english('<input type="submit" value="Save">') == {"Save"}
    assert not left_in_english("<p>立即同步</p><a>bgm.tv/subject/1</a><script>Save</script>")


def _run(user, status, **more):
    run = SyncRun.objects.create(user=user, status=status, started_at=timezone.now(), **{"trigger": "button", **more})
    run.log("The run ended: %(status)s (%(reason)s) %(detail)s", status="failed", reason="internal", detail="")
    run.log("Rows of %(kind)s on Trakt: %(n)s.", kind="ratings", n=1)
    return run


def _awaiting(user):
    run = _run(user, "awaiting")
    for subject, before, more in ((400602, {"list": None}, {"collect": 3}), (2, {"list": 3, "rate": 1}, {"rate": 8})):
        SubjectPlan.objects.create(run=run, user=user, subject_id=subject, before=before, mark=[1], **more)
    return run


def _item(user, title, key, **more):
    return SyncItem.objects.create(
        **{"user": user, "title": title, "source_key": key, "season": 1, "number": 3, "kind": "history", **more}
    )


@pytest.fixture
def world(db, monkeypatch):
    """Something of everything: every state, every reason, every kind of evidence."""
    monkeypatch.setattr(queue, "enqueue", lambda *_runs: None)
    user = User.objects.create_superuser("小明", email=None, password="x")
    ServiceApp.objects.create(service="trakt", client_id="1")
    Heartbeat.objects.create(name="dispatch", at=timezone.now())
    HostBudget.objects.create(key="bangumi", put_off_until=9e9)
    config = TraktConfig.objects.create(user=user, cron="30 4 * * *", last_good_at=timezone.now())
    config.plan_next()
    config.keep(TokenGrant(access_token="1", refresh_token="2", expires_in=604800))
    BangumiAccount.objects.create(user=user).keep(TokenGrant(access_token="1"))
    title = Title.objects.create(kind="show", trakt_id=7, title="葬送的芙莉莲", year=2023)
    Subject.objects.create(pk=400602, name="葬送のフリーレン", name_cn="葬送的芙莉莲")
    evidence = [{"code": code, "supports": n % 2 == 0, "detail": {}} for n, code in enumerate(SENTENCES)]
    one = {"subject_id": 400602, "position": 3, "confidence": 2, "evidence": evidence}
    candidates = [one, {**one, "position": 4}, {**one, "subject_id": 2, "confidence": 1}]
    ended = _run(
        user, "incomplete", counts=dict.fromkeys(SyncItem.State.values, 1), reasons=dict.fromkeys(TEXTS, 1), writes=1
    )
    SubjectPlan.objects.create(run=ended, user=user, subject_id=400602, mark=[1], complete=True, status="done")
    told = {"evidence": evidence, "candidates": candidates, "run": ended, "confidence": 2}
    failed = {"reason": "internal", "attempts": 2, "next_try_at": timezone.now()}
    items = {
        "review": _item(user, title, "review", state="review", reason="ambiguous", **told),
        "special": _item(user, title, "special", state="review", reason="special_unknown", **{**told, "season": 0}),
        "done": _item(user, title, "done", state="done", subject_id=400602, position=3, **told),
        "failed": _item(user, title, "failed", state="failed", **failed, **told),
        "skipped": _item(user, title, "skipped", state="skipped", reason="live_action"),
        "rating": _item(user, title, "rating", state="already", number=None, **{**told, "kind": "ratings"}),
    }
    MappingOverride.objects.create(user=user, trakt_id=9, subject_id=1, season=1, first_episode=2)
    MappingOverride.objects.create(trakt_id=9, season=0)
    runs = {
        "ended": ended,
        "running": _run(user, "running", heartbeat_at=timezone.now(), owner="elsewhere|1", step=1, steps=2),
        "preview": _run(user, "succeeded", dry_run=True, trigger="preview"),
        "undo": _run(user, "succeeded", trigger="undo"),
        "awaiting": _awaiting(user),
        "paused": _run(user, "paused"),
        "deferred": _run(user, "deferred", reason="trakt_unreachable", not_before=timezone.now()),
    }
    chinese = Client(headers={"accept-language": "zh-CN,zh;q=0.9"})
    chinese.force_login(user)
    return SimpleNamespace(
        client=chinese, user=user, config=config, items=items, runs=runs, ended=ended, item=items["review"]
    )


def _get(name, *args):
    return lambda world: world.client.get(reverse(name, args=[arg(world) for arg in args]))


def _post(name, *args, **data):
    return lambda world: world.client.post(reverse(name, args=[arg(world) for arg in args]), data)


def _new_user(world):
    client = Client(headers={"accept-language": "zh-CN"})
    client.force_login(User.objects.create_user("小红", password="x", is_staff=True, is_superuser=True))
    return client.get(reverse("admin:index"))


def _second_step(world, name, **data):
    two_step.begin(world.user)
    TwoStep.objects.update(on_since=timezone.now(), recovery=["x"])
    return world.client.post(reverse(name), data) if data else world.client.get(reverse(name))


def _asked_for_code(world, **data):
    _second_step(world, "people:two_step")
    client = Client(headers={"accept-language": "zh-CN"})
    client.post(reverse("admin:login"), {"username": "小明", "password": "x"})
    return client.post(reverse("people:code"), data) if data else client.get(reverse("people:code"))


def _of_somebody_else(world):
    other = User.objects.create_user("小红", is_staff=True)
    two_step.begin(other)
    TwoStep.objects.update(on_since=timezone.now())
    return world.client.get(reverse("people:person", args=[other.pk]))


def _anonymous(_world):
    return Client(headers={"accept-language": "zh-CN"}).get(reverse("admin:login"))


def _wrong_settings(world):
    data = {"cron": "61 * * * *", "timezone": "Nowhere", "interval_minutes": 1, "scope": "all", "threshold": 9}
    return world.client.post(reverse("admin:trakt_traktconfig_change", args=[world.config.pk]), data)


PAGES = {
    "home": _get("admin:index"),
    "home of a new user": _new_user,
    "log-in": _anonymous,
    "settings": _get("admin:trakt_traktconfig_change", lambda world: world.config.pk),
    "settings that are wrong": _wrong_settings,
    "import of settings": _get("admin:trakt_traktconfig_import", lambda world: world.config.pk),
    "all settings": _get("admin:trakt_traktconfig_changelist"),
    "runs": _get("admin:sync_syncrun_changelist"),
    **{
        f"run: {name}": _get("admin:sync_syncrun_change", lambda world, name=name: world.runs[name].pk)
        for name in ("ended", "running", "preview", "undo", "deferred", "awaiting", "paused")
    },
    "full resync?": _post("admin:sync_syncrun_start", trigger="full"),
    "undo since?": _get("admin:sync_syncrun_undo_since"),
    "what would this change?": _post("admin:trakt_traktconfig_what_if", lambda world: world.config.pk, collected="tag"),
    "import of an archive": _get("admin:trakt_traktconfig_upload"),
    "both sides": _get("admin:sync_parityreport_changelist"),
    "snapshots": _get("admin:sync_snapshot_changelist"),
    "channels": _get("admin:sync_notificationchannel_changelist"),
    "a channel": _get("admin:sync_notificationchannel_add"),
    "statistics": _get("admin:sync_syncitem_statistics"),
    "items": _get("admin:sync_syncitem_changelist"),
    **{
        f"item: {name}": _get("admin:sync_syncitem_change", lambda world, name=name: world.items[name].pk)
        for name in ("review", "special", "done", "failed", "skipped", "rating")
    },
    "review": _get("admin:sync_syncitem_review"),
    "this subject?": _post("admin:sync_syncitem_choose", lambda world: world.item.pk, subject_id=400602, position=3),
    "leave it out?": _post("admin:sync_syncitem_leave_out", lambda world: world.item.pk, scope="season"),
    "rules": _get("admin:sync_mappingoverride_changelist"),
    "new rule": _get("admin:sync_mappingoverride_add"),
    "rule that is wrong": _post("admin:sync_mappingoverride_add", first_episode=3, last_episode=2),
    "subjects": _get("admin:sync_subject_changelist"),
    "subject": _get("admin:sync_subject_change", lambda _world: 400602),
    "Bangumi accounts": _get("admin:sync_bangumiaccount_changelist"),
    "apps": _get("admin:shared_serviceapp_changelist"),
    "new app": _get("admin:shared_serviceapp_add"),
    "hosts": _get("admin:shared_hostbudget_changelist"),
    "leaving for Trakt": _post("trakt:authorize"),
    "leaving for Bangumi without an app": _post("bangumi:authorize"),
    "coming back too late": _get("trakt:callback"),
    "disconnecting": _get("trakt:disconnect"),
    "a token for Bangumi": _get("bangumi:token"),
    "a token that is none": _post("bangumi:token", token="短", days=0),
    **{
        f"people: {name}": _get(f"people:{name}")
        for name in ("profile", "own_log", "export", "delete", "list", "log", "invitations", "two_step", "sessions")
    },
    "a profile that is wrong": _post("people:profile", timezone="Nowhere"),
    "a link that was made": _post("people:invitations", uses=1, days=1),
    "a person": _get("people:person", lambda world: world.user.pk),
    "a run of a person": _get("people:run", lambda world: world.ended.pk),
    "a second step with a wrong code": _post("people:two_step", code="1", password="x"),
    "a second step that is on": lambda world: _second_step(world, "people:two_step"),
    "a password that is not one's own": lambda world: _second_step(world, "people:two_step", password="?"),
    "recovery codes": lambda world: _second_step(world, "people:two_step", password="x", do="codes"),
    "a code is asked for": _asked_for_code,
    "a code that is wrong": lambda world: _asked_for_code(world, code="1"),
    "a second step of somebody else": _of_somebody_else,
    "nobody can join": lambda _world: Client(headers={"accept-language": "zh-CN"}).get(reverse("people:register")),
}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_english_of_ours_to_a_chinese_reader(page, world):
    answer = PAGES[page](world)
    html = answer.content.decode()
    assert 'lang="zh-hans"' in html, answer.status_code
    assert not left_in_english(html)
