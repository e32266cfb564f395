"""What the first page says to a user: is it working, what comes next, what waits for them. A handful of queries."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from bgmsync.shared.html import Look, ago
from bgmsync.shared.models import ConnectionState, Service
from sync.admin import looks, plots
from sync.admin.channel import broken_of
from sync.admin.figures import ON_BANGUMI, days_between, weeks_until
from sync.admin.followers import what_followers_see
from sync.admin.remedies import Button, remedy_of
from sync.admin.report import in_seconds
from sync.models import BangumiAccount, SyncItem, SyncRun
from sync.reasons import text_of
from trakt.admin import CONNECTION_LOOKS
from trakt.connect import saved_by_person
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sync.admin.plots import Plot
    from sync.reasons import Text

State = SyncItem.State
PLAYS = SyncItem.Kind.HISTORY
Status = SyncRun.Status
GOOD, WARN = Look("good", "check"), Look("warn", "half")
BAD, NEW = Look("bad", "alert"), Look("info", "arrow")
LAST_RUNS = 5
MOST_REASONS = 6
WEEKS = 26
A_YEAR = timedelta(days=364)
EXPIRES = Look("warn", "clock")
SOON = 14
"""Days before the end of a token that nothing renews, from which on it is shown as a warning."""
OPEN_STATES = (State.REVIEW, State.FAILED, State.WAITING)


class Verdict(NamedTuple):
    """Whether it works, in one line and a look."""

    look: Look
    text: str
    since: str = ""


class Step(NamedTuple):
    """One of a newcomer's first steps. ``trigger`` is set where it is a run to start."""

    title: str
    text: str
    done: bool
    address: str = ""
    trigger: str = ""


class Ending(NamedTuple):
    """A connection that soon ends by itself, and where that is mended."""

    text: str
    remedy: Button


@dataclass(slots=True)
class Home:
    config: TraktConfig
    account: BangumiAccount
    verdict: Verdict
    runs: list[dict[str, Any]]
    active: SyncRun | None
    awaiting: SyncRun | None
    paused: SyncRun | None
    review: int
    troubles: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    done: int
    connections: list[dict[str, Any]]
    year: Plot | None
    weeks: Plot | None
    steps: list[Step]
    ending: list[Ending]
    broken: list[Any]
    """Channels of notifications that do not deliver."""

    @property
    def is_new(self) -> bool:
        return any(not step.done for step in self.steps)

    @property
    def has_connections(self) -> bool:
        """Tell whether there is anything to say of them; before that, the first steps say it."""
        return any(one.state != ConnectionState.NONE for one in (self.config, self.account))

    @property
    def can_run(self) -> bool:
        return bool(self.config.access_token and self.account.access_token)


def home_of(user: Any) -> Home:
    config, account = _sides(user)
    last = list(SyncRun.objects.filter(user=user)[:LAST_RUNS])
    counts = _counts(user)
    states: Counter[str] = Counter()
    for (_kind, state, _reason), count in counts.items():
        states[state] += count
    done = sum(n for (kind, state, _reason), n in counts.items() if kind == PLAYS and state in ON_BANGUMI)
    today = timezone.localdate()
    return Home(
        config=config,
        account=account,
        verdict=_verdict(config, account, last),
        runs=[_line(run) for run in last],
        active=next((run for run in last if run.status in SyncRun.ACTIVE), None),
        awaiting=next((run for run in last if run.status == Status.AWAITING), None),
        paused=next((run for run in last if run.status == Status.PAUSED), None),
        review=states[State.REVIEW],
        troubles=_reasons(counts, OPEN_STATES),
        left_out=_reasons(counts, (State.SKIPPED,)),
        done=done,
        connections=[_connection("Trakt", config), _connection("Bangumi", account)],
        year=_year(user, today) if done else None,
        weeks=plots.weeks_plot(weeks_until(user, today, WEEKS)) if last else None,
        steps=_steps(config, account, last),
        ending=[ending for one in (config, account) if (ending := _ending(one))],
        broken=broken_of(user),
    )


def _sides(user: Any) -> tuple[TraktConfig, BangumiAccount]:
    """Return the user's two connections, by one query once both are there."""
    config = TraktConfig.objects.select_related("user__bangumi").filter(user=user).first()
    if config is None:
        config, _made = TraktConfig.objects.get_or_create(user=user)
    account = getattr(config.user, "bangumi", None)
    if account is None:
        account, _made = BangumiAccount.objects.get_or_create(user=user)
    return config, account


def _year(user: Any, today: date) -> Plot | None:
    first = today - A_YEAR
    return plots.calendar_plot(days_between(user, first, today), first, today)


def _verdict(config: TraktConfig, account: BangumiAccount, last: list[SyncRun]) -> Verdict:
    for connection, name in ((config, "Trakt"), (account, "Bangumi")):
        if connection.state not in {ConnectionState.NONE, ConnectionState.CONNECTED}:
            return Verdict(BAD, gettext("%(name)s: %(state)s") % {"name": name, "state": connection.state_text()})
    if not (_has_source(config, last) and account.access_token):
        return Verdict(NEW, gettext("Not set up yet. A few steps, and it runs by itself."))
    if any(run.status == Status.AWAITING for run in last):
        return Verdict(WARN, gettext("A plan waits for your yes. Nothing is written before that."))
    if any(run.status == Status.PAUSED for run in last):
        return Verdict(WARN, gettext("A run is paused. Nothing more is written until you let it go on."))
    return _verdict_of_runs(config, last)


def _has_source(config: TraktConfig, last: list[SyncRun]) -> bool:
    """Tell whether there is something to read from: Trakt itself, or an export that was imported lately."""
    return bool(config.access_token) or any(run.archive for run in last)


def _verdict_of_runs(config: TraktConfig, last: list[SyncRun]) -> Verdict:
    ended = next((run for run in last if run.is_final and not run.dry_run), None)
    if ended is None:
        return Verdict(NEW, gettext("Ready. Nothing has been synced yet."))
    good = ago(config.last_good_at)
    if ended.status == Status.SUCCEEDED:
        return Verdict(GOOD, gettext("It works. Everything was up to date"), good)
    if ended.status == Status.FAILED:
        return Verdict(BAD, gettext("The last run failed. The last good one was"), good)
    return Verdict(WARN, gettext("The last run left something over. The last good one was"), good)


def _line(run: SyncRun) -> dict[str, Any]:
    done = run.counts.get(State.DONE, 0)
    return {
        "run": run,
        "badge": looks.run_badge(run),
        "duration": in_seconds(run.seconds),
        "text": ngettext("%(n)s play carried over", "%(n)s plays carried over", done) % {"n": done} if done else "",
    }


def _counts(user: Any) -> dict[tuple[str, str, str], int]:
    """Count the user's items by kind, state and reason: one walk over an index that holds all three."""
    rows = SyncItem.objects.filter(user=user).order_by().values_list("kind", "state", "reason")
    return {(kind, state, reason): count for kind, state, reason, count in rows.annotate(n=Count("*"))}


def _reasons(counts: Mapping[tuple[str, str, str], int], states: tuple[State, ...]) -> list[dict[str, Any]]:
    """Return why items are in *states*, the most frequent reasons first, each with what to do about it."""
    found: Counter[str] = Counter()
    for (_kind, state, reason), count in counts.items():
        if state in states and reason:
            found[reason] += count
    return [_cause(reason, count) for reason, count in found.most_common(MOST_REASONS)]


def _cause(reason: str, count: int) -> dict[str, Any]:
    text: Text = text_of(reason)
    remedy: Button | None = remedy_of(reason)
    address = f"{reverse('admin:sync_syncitem_changelist')}?reason__exact={reason}"
    return {"text": text, "count": count, "remedy": remedy, "address": address}


def _connection(name: str, connection: TraktConfig | BangumiAccount) -> dict[str, Any]:
    """Return how a connection stands, and until when. It goes bad by itself where nothing renews its token."""
    look = CONNECTION_LOOKS[ConnectionState(connection.state)]
    if _days_left(connection) < SOON:
        look = EXPIRES
    return {"name": name, "look": look, "account": connection.username, "text": connection.state_text()}


def _days_left(connection: TraktConfig | BangumiAccount) -> float:
    """Return the whole days until the connection ends by itself; infinitely many where it does not."""
    return max((connection.ends_at - timezone.now()).days, 0) if connection.ends_at else math.inf


def _ending(connection: TraktConfig | BangumiAccount) -> Ending | None:
    days = _days_left(connection)
    if days >= SOON:
        return None
    text = gettext("%(name)s: the access token ends today")
    if days:
        text = ngettext(
            "%(name)s: the access token ends in %(days)s day",
            "%(name)s: the access token ends in %(days)s days",
            int(days),
        )
    return Ending(text % {"name": connection.service.label, "days": int(days)}, _way_on(connection.service))


def _way_on(service: Service) -> Button:
    if service == Service.BANGUMI:
        return Button(gettext("Paste a new token"), reverse("bangumi:token"))
    return Button(gettext("Reconnect Trakt"), reverse("admin:trakt_traktconfig_mine") + "#trakt")


def _steps(config: TraktConfig, account: BangumiAccount, last: list[SyncRun]) -> list[Step]:
    settings = reverse("admin:trakt_traktconfig_mine")
    synced = config.last_good_at is not None
    awaiting = next((run for run in last if run.status == Status.AWAITING), None)
    previewed = synced or awaiting is not None or any(run.dry_run and run.is_final for run in last)
    return [
        Step(
            gettext("Connect Trakt"),
            gettext(
                "This program only reads there. A free Trakt account can have one connected community app at a time, "
                "so Trakt may ask you to remove another one first."
            ),
            _has_source(config, last),
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
            gettext("Reads everything and shows what would be ticked. Nothing is written before you approve it."),
            previewed,
            trigger=SyncRun.Trigger.BUTTON,
        ),
        Step(
            gettext("Approve it"),
            gettext("Writes what you ticked and reads it back to prove it. Later runs come by themselves.")
            + f" {what_followers_see(config)}",
            synced,
            address=reverse("admin:sync_syncrun_change", args=[awaiting.pk]) if awaiting else "",
            trigger="" if awaiting else SyncRun.Trigger.BUTTON,
        ),
    ]
