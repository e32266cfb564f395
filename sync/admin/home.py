"""What the first page says to a user: is it working, what comes next, what waits for them. A handful of queries."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from bgmsync.shared.html import Look
from bgmsync.shared.models import ConnectionState, Heartbeat, HostBudget, Service, ServiceApp
from bgmsync.views import LATE
from sync import mappings
from sync.admin import looks
from sync.admin.remedies import Button, remedy_of
from sync.admin.report import in_seconds
from sync.models import BangumiAccount, SyncItem, SyncRun
from sync.reasons import text_of
from trakt.connect import saved_by_person
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from datetime import datetime

    from sync.reasons import Text

State = SyncItem.State
Status = SyncRun.Status
GOOD, WARN = Look("good", "check"), Look("warn", "half")
BAD, NEW = Look("bad", "alert"), Look("info", "arrow")
LAST_RUNS = 5
MOST_REASONS = 6
OPEN_STATES = (State.REVIEW, State.FAILED, State.WAITING)


class Verdict(NamedTuple):
    """Whether it works, in one line and a look."""

    look: Look
    text: str
    since: datetime | None = None


class Step(NamedTuple):
    """One of a newcomer's first steps. ``trigger`` is set where it is a run to start."""

    title: str
    text: str
    done: bool
    address: str = ""
    trigger: str = ""


@dataclass(slots=True)
class Home:
    config: TraktConfig
    account: BangumiAccount
    verdict: Verdict
    runs: list[dict[str, Any]]
    active: SyncRun | None
    review: int
    troubles: list[dict[str, Any]]
    done: int
    steps: list[Step]

    @property
    def is_new(self) -> bool:
        return any(not step.done for step in self.steps)

    @property
    def can_run(self) -> bool:
        return bool(self.config.access_token and self.account.access_token)


def home_of(user: Any) -> Home:
    config, _made = TraktConfig.objects.get_or_create(user=user)
    account, _made = BangumiAccount.objects.get_or_create(user=user)
    last = list(SyncRun.objects.filter(user=user)[:LAST_RUNS])
    counts = dict(SyncItem.objects.filter(user=user).order_by().values_list("state").annotate(n=Count("pk")))
    return Home(
        config=config,
        account=account,
        verdict=_verdict(config, account, last),
        runs=[_line(run) for run in last],
        active=next((run for run in last if run.status in SyncRun.ACTIVE), None),
        review=counts.get(State.REVIEW, 0),
        troubles=_troubles(user) if any(counts.get(state) for state in OPEN_STATES) else [],
        done=counts.get(State.DONE, 0) + counts.get(State.ALREADY, 0),
        steps=_steps(config, account, last),
    )


def _verdict(config: TraktConfig, account: BangumiAccount, last: list[SyncRun]) -> Verdict:
    for connection, name in ((config, "Trakt"), (account, "Bangumi")):
        if connection.state not in {ConnectionState.NONE, ConnectionState.CONNECTED}:
            return Verdict(BAD, gettext("%(name)s: %(state)s") % {"name": name, "state": connection.state_text()})
    if not (config.access_token and account.access_token):
        return Verdict(NEW, gettext("Not set up yet. A few steps, and it runs by itself."))
    ended = next((run for run in last if run.is_final and not run.dry_run), None)
    if ended is None:
        return Verdict(NEW, gettext("Ready. Nothing has been synced yet."))
    if ended.status == Status.SUCCEEDED:
        return Verdict(GOOD, gettext("It works. Everything was up to date"), config.last_good_at)
    if ended.status == Status.FAILED:
        return Verdict(BAD, gettext("The last run failed. The last good one was"), config.last_good_at)
    return Verdict(WARN, gettext("The last run left something over. The last good one was"), config.last_good_at)


def _line(run: SyncRun) -> dict[str, Any]:
    done = run.counts.get(State.DONE, 0)
    return {
        "run": run,
        "badge": looks.run_badge(run),
        "duration": in_seconds(run.seconds),
        "text": ngettext("%(n)s play carried over", "%(n)s plays carried over", done) % {"n": done} if done else "",
    }


def _troubles(user: Any) -> list[dict[str, Any]]:
    """Return what failed, waits or is in review, by its cause, each with what to do about it."""
    rows = SyncItem.objects.filter(user=user, state__in=OPEN_STATES).order_by()
    counts = rows.values_list("reason").annotate(n=Count("pk"))
    found = sorted(((n, reason) for reason, n in counts if reason), reverse=True)[:MOST_REASONS]
    return [_trouble(reason, count) for count, reason in found]


def _trouble(reason: str, count: int) -> dict[str, Any]:
    text: Text = text_of(reason)
    remedy: Button | None = remedy_of(reason)
    address = f"{reverse('admin:sync_syncitem_changelist')}?reason__exact={reason}"
    return {"text": text, "count": count, "remedy": remedy, "address": address}


def _steps(config: TraktConfig, account: BangumiAccount, last: list[SyncRun]) -> list[Step]:
    settings = reverse("admin:trakt_traktconfig_mine")
    synced = config.last_good_at is not None
    previewed = synced or any(run.dry_run and run.is_final for run in last)
    return [
        Step(
            gettext("Connect Trakt"),
            gettext(
                "This program only reads there. A free Trakt account can have one connected community app at a time, "
                "so Trakt may ask you to remove another one first."
            ),
            bool(config.access_token),
            f"{settings}#trakt",
        ),
        Step(
            gettext("Connect Bangumi"),
            gettext(
                "This is where your plays are ticked. If this installation has no app at Bangumi, "
                "paste an access token; it takes a minute."
            ),
            bool(account.access_token),
            f"{settings}#bangumi",
        ),
        Step(
            gettext("Choose what and when"),
            gettext("Your time zone, how often, and how sure it must be before it writes. Save, and it is planned."),
            synced or saved_by_person(config),
            f"{settings}#settings",
        ),
        Step(
            gettext("Preview the first sync"),
            gettext("Reads everything and shows what would be ticked. Nothing is written."),
            previewed,
            trigger=SyncRun.Trigger.PREVIEW,
        ),
        Step(
            gettext("Run it"),
            gettext("Writes the ticks and reads them back to prove them. Later runs come by themselves."),
            synced,
            trigger=SyncRun.Trigger.BUTTON,
        ),
    ]


def operator_view() -> dict[str, Any]:
    """Return what an operator must know: does a worker live, is a host put off, are the apps there."""
    beat = Heartbeat.objects.filter(name="dispatch").first()
    now = time.time()
    return {
        "beat": beat,
        "alive": beat is not None and timezone.now() - beat.at < LATE,
        "hosts": [host for host in HostBudget.objects.order_by("key")[:20] if host.put_off_until > now],
        "mapping": mappings.status(),
        "apps": [(service, bool(ServiceApp.for_service(service).client_id)) for service in Service],
    }
