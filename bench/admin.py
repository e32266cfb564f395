"""What the admin's lists, its first page and its statistics cost when the tables are large.

    make bench-admin                         1,000 users, 100,000 runs, 1,000,000 items; one user has a tenth of all
    make bench-admin ARGS="--users 50 --runs 1000 --items 20000"

Fills a database that is made for this and removed afterwards: SQLite in a temporary folder, and, when DATABASE_URL
names a PostgreSQL server, one beside that database (``test_…``). Prints for every page the queries, and the medians of
the milliseconds that its answer took by the clock and of this process's own time. Exit status 1 when a page is over the
bounds.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

MOST_QUERIES = 15
MOST_MS = 300.0
MANY_YEARS, FEW_YEARS = 10, 3
BATCH = 2_000
NOW = datetime.now(UTC)


class Sizes(NamedTuple):
    users: int
    runs: int
    items: int


class Row(NamedTuple):
    who: str
    page: str
    queries: int
    ms: float
    cpu: float
    """Milliseconds of processor time of this process alone: what a busy machine does not change."""

    @property
    def is_over(self) -> bool:
        return self.queries > MOST_QUERIES or self.ms > MOST_MS


def batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(rows)
    while part := list(islice(source, BATCH)):
        yield part


def shares(total: int, users: int) -> list[int]:
    """Share *total* out: the first user has a tenth, the others the same each."""
    heavy = total // 10 if users > 1 else total
    each = (total - heavy) // max(users - 1, 1)
    return [heavy, *[each] * (users - 1)]


def insert(rows: Iterable[Any]) -> None:
    """Insert *rows* of one model as they are: bulk_create, which resolves every value, takes ten times as long."""
    from django.db import connection  # noqa: PLC0415  # Django is set up by now

    for part in batches(rows):
        meta = part[0]._meta  # noqa: SLF001  # Django's documented API
        fields = [field for field in meta.concrete_fields if not field.primary_key]
        columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
        sql = f"INSERT INTO {meta.db_table} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"  # noqa: S608  # names of ours
        with connection.cursor() as cursor:
            values = [
                [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in part
            ]
            cursor.executemany(sql, values)


class Filling:
    """Fills the tables, always with the same rows."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.dice = random.Random(1)  # noqa: S311  # made-up rows, the same each time

    def fill(self) -> None:
        from django.db import transaction  # noqa: PLC0415  # Django is set up by now

        for what in (self.users, self.titles, self.subjects, self.runs, self.items, self.others):
            begun = time.monotonic()
            with transaction.atomic():
                what()
            print(f"  {what.__name__}: {time.monotonic() - begun:.0f} s", file=sys.stderr)

    def users(self) -> None:
        from django.contrib.auth.models import Group, User  # noqa: PLC0415

        from sync.models import BangumiAccount  # noqa: PLC0415
        from trakt.models import TraktConfig  # noqa: PLC0415

        names = [f"member{number}" for number in range(self.sizes.users)]
        User.objects.bulk_create(User(username=name, is_staff=True) for name in names)
        self.members = list(User.objects.order_by("pk"))
        group = Group.objects.get(name="members")
        User.groups.through.objects.bulk_create(User.groups.through(user=user, group=group) for user in self.members)
        common = {
            "access_token": "token",
            "refresh_token": "token",
            "state": "connected",
            "connected_at": ago(days=900),
        }
        common["token_expires_at"] = ago(days=-5)
        TraktConfig.objects.bulk_create(
            TraktConfig(
                user=user, timezone="Asia/Shanghai", next_run_at=ago(hours=-2), last_good_at=ago(hours=4), **common
            )
            for user in self.members
        )
        BangumiAccount.objects.bulk_create(BangumiAccount(user=user, **common) for user in self.members)

    def titles(self) -> None:
        from trakt.models import Title  # noqa: PLC0415

        Title.objects.bulk_create(
            Title(kind="show", trakt_id=number, title=f"A show, number {number}", year=2000 + number % 25)
            for number in range(1, 5_001)
        )
        self.title_ids = list(Title.objects.values_list("pk", flat=True))

    def subjects(self) -> None:
        from sync.models import Subject  # noqa: PLC0415

        episodes = [[number, 0, number, number, "2020-01-01", "", ""] for number in range(1, 25)]
        Subject.objects.bulk_create(
            (
                Subject(
                    id=number,
                    name=f"作品{number}",
                    date=f"{2000 + number % 26}-{number % 12 + 1:02}-05",
                    episodes=episodes,
                )
                for number in range(1, 5_001)
            ),
            batch_size=500,
        )

    def runs(self) -> None:
        from sync.models import SyncRun  # noqa: PLC0415

        statuses = ["succeeded"] * 17 + ["incomplete", "failed", "deferred"]
        plan = [user for user, count in self.shared(self.sizes.runs) for _number in range(count)]
        self.dice.shuffle(plan)
        step = timedelta(days=365) / max(len(plan), 1)
        insert(self.run(user, self.dice.choice(statuses), ago(days=365) + n * step) for n, user in enumerate(plan))
        self.run_of = dict(SyncRun.objects.order_by("pk").values_list("user_id", "pk"))

    def run(self, user: Any, status: str, at: datetime) -> Any:
        from sync.models import SyncRun  # noqa: PLC0415

        return SyncRun(
            user=user,
            trigger="schedule",
            status=status,
            stage="over",
            read=12,
            expected=12,
            counts={"done": 10, "skipped": 2},
            reasons={"live_action": 2},
            created_at=at,
            by_kind={"history": {"read": 12, "expected": 12, "items": {"done": 10, "skipped": 2}}},
            requests={"trakt": 3, "bangumi": 9},
            started_at=at,
            heartbeat_at=at,
            finished_at=at + timedelta(seconds=20),
            worked=timedelta(seconds=20),
        )

    def items(self) -> None:
        for place, (user, count) in enumerate(self.shared(self.sizes.items)):
            years = MANY_YEARS if place == 0 else FEW_YEARS
            insert(self.item(user.pk, number, count, years) for number in range(count))

    FATES = (
        [("done", "", 3)] * 60
        + [("done", "", 2)] * 12
        + [("already", "", 3)] * 8
        + [("skipped", "live_action", 0)] * 8
        + [("skipped", "not_anime", 0)] * 4
        + [("review", "ambiguous", 1)] * 4
        + [("failed", "not_confirmed", 3)] * 2
        + [("waiting", "bangumi_server_trouble", 3)] * 2
    )
    EVIDENCE = [{"code": "rank", "supports": True, "detail": {"number": 3, "position": 3, "of": 28}}]

    def item(self, user_id: int, number: int, count: int, years: int) -> Any:
        from sync.models import SyncItem  # noqa: PLC0415

        state, reason, confidence = self.dice.choice(self.FATES)
        kind = "ratings" if number % 12 == 0 else "watchlist" if number % 50 == 1 else "history"
        matched = state not in {"skipped", "review"}
        return SyncItem(
            user_id=user_id,
            kind=kind,
            source_key=f"{kind}:{number}",
            told={"rating": number % 10 + 1} if kind == "ratings" else {},
            title_id=self.title_ids[number // 12 % len(self.title_ids)],
            season=1,
            number=number % 12 + 1,
            episode_title="An episode",
            first_aired=ago(days=3000),
            runtime=24,
            watched_at=NOW - timedelta(days=365.25 * years) * (1 - number / count),
            state=state,
            reason=reason,
            confidence=confidence,
            subject_id=number // 12 % 5_000 + 1 if matched else None,
            episode_id=number if matched else None,
            position=number % 12 + 1 if matched else None,
            by_person=number % 97 == 0,
            evidence=self.EVIDENCE,
            run_id=self.run_of.get(user_id),
            created_at=NOW,
            updated_at=NOW,
        )

    def others(self) -> None:
        from bgmsync.shared.models import Heartbeat, HostBudget  # noqa: PLC0415
        from sync.models import MappingOverride, ParityReport, Snapshot  # noqa: PLC0415
        from sync.models.snapshot import pack  # noqa: PLC0415

        Heartbeat.beat("dispatch")
        HostBudget.objects.bulk_create([HostBudget(key="trakt"), HostBudget(key="bangumi", failures=2)])
        packed = pack([{"subject_id": number, "rate": 7} for number in range(300)])
        Snapshot.objects.bulk_create(Snapshot(user=user, bangumi_id=user.pk, packed=packed) for user in self.members)
        ParityReport.objects.bulk_create(ParityReport(user=user, status="done") for user in self.members)
        MappingOverride.objects.bulk_create(
            MappingOverride(user=user, trakt_id=number, subject_id=number)
            for user in self.members
            for number in range(1, 4)
        )

    def shared(self, total: int) -> Iterator[tuple[Any, int]]:
        yield from zip(self.members, shares(total, len(self.members)), strict=True)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def pages(*, operator: bool) -> Iterator[tuple[str, str]]:
    """Name every list there is, the first page, the statistics, and the lists' dearest filters."""
    from django.contrib import admin  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415

    yield "home", reverse("admin:index")
    yield "statistics", reverse("admin:sync_syncitem_statistics")
    yield f"statistics of {NOW.year - 1}", reverse("admin:sync_syncitem_year", args=[NOW.year - 1])
    yield "review", reverse("admin:sync_syncitem_review")
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):  # noqa: SLF001  # Django's documented API
        meta = model._meta  # noqa: SLF001  # Django's documented API
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        if operator or meta.app_label in {"sync", "trakt"}:
            yield f"{meta.label_lower}", address
    items = reverse("admin:sync_syncitem_changelist")
    yield "… in review", f"{items}?state__exact=review"
    yield "… done", f"{items}?state__exact=done"
    yield "… for one reason", f"{items}?reason__exact=not_confirmed"
    yield "… ratings", f"{items}?kind__exact=ratings"
    yield "… found by title", f"{items}?q=number+77"
    yield "… last page", f"{items}?p=100"
    yield "… runs that failed", f"{reverse('admin:sync_syncrun_changelist')}?status__exact=failed"


def measure(sizes: Sizes, repeat: int) -> list[Row]:
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    operator = User.objects.create_superuser("operator", email=None, password=None)
    who = {
        "member": User.objects.get(username=f"member{sizes.users - 1}"),
        "member with a tenth": User.objects.get(username="member0"),
        "operator": operator,
    }
    found = []
    for name, user in who.items():
        client = Client()
        client.force_login(user)
        for page, address in pages(operator=user == operator):
            answer = client.get(address)  # warms up what a process keeps: templates, translations, mapping data
            if answer.status_code not in {200, 302, 403}:
                sys.exit(f"{address} answered {answer.status_code}")
            if answer.status_code != 200:
                continue
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            found.append(Row(name, page, len(queries), *timed(client, address, repeat)))
    return found


def timed(client: Any, address: str, repeat: int) -> tuple[float, float]:
    """Return the medians of the milliseconds that *address* took, by the clock and of processor time."""
    spans, worked = [], []
    for _time in range(repeat):
        begun, cpu = time.perf_counter(), time.process_time()
        client.get(address)
        spans.append(1000 * (time.perf_counter() - begun))
        worked.append(1000 * (time.process_time() - cpu))
    return statistics.median(spans), statistics.median(worked)


def bench(sizes: Sizes, repeat: int) -> bool:
    """Fill and measure in this process, which was told its database by the environment; tell whether all is well."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgmsync.settings")
    logging.disable(logging.CRITICAL)  # pages that refuse a member are expected, and left out
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    connection.settings_dict["TEST"]["NAME"] = (
        str(Path(settings.VAR_DIR) / "bench.sqlite3") if connection.vendor == "sqlite" else None
    )
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        Filling(sizes).fill()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")  # as autovacuum does within minutes
        rows = measure(sizes, repeat)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    show(f"{connection.vendor}: {sizes.users:,} users, {sizes.runs:,} runs, {sizes.items:,} items", rows)
    return not any(row.is_over for row in rows)


def show(title: str, rows: list[Row]) -> None:
    print(f"\n{title}\n\n| as | page | queries | median ms | CPU ms | |\n|---|---|---:|---:|---:|---|")
    for row in rows:
        over = "**over**" if row.is_over else ""
        print(f"| {row.who} | {row.page} | {row.queries} | {row.ms:.0f} | {row.cpu:.0f} | {over} |")
    print(f"\nThe bounds: {MOST_QUERIES} queries, {MOST_MS:.0f} ms.", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=7, help="times that a page is asked for (default: %(default)s)")
    parser.add_argument("--here", action="store_true", help="in this process, with DATABASE_URL as it is")
    options = parser.parse_args()
    if options.here:
        sys.exit(not bench(Sizes(options.users, options.runs, options.items), options.repeat))
    codes = [_beside(sys.argv[1:], "")]
    if os.environ.get("DATABASE_URL"):
        codes.append(_beside(sys.argv[1:], os.environ["DATABASE_URL"]))
    sys.exit(max(codes))


def _beside(arguments: list[str], database: str) -> int:
    """Bench one database in a process and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bgmsync-bench-") as folder:
        env = {**os.environ, "VAR_DIR": folder, "DATABASE_URL": database or f"sqlite:///{folder}/db.sqlite3"}
        return subprocess.run([sys.executable, __file__, *arguments, "--here"], env=env, check=False).returncode  # noqa: S603  # this very script


if __name__ == "__main__":
    main()
