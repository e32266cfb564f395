"""Many users: how long the minute's dispatch takes, how many runs an hour go through, how long a run waits.

    make bench-users                         10, 10,000 and 1,000,000 users; 300 users through a real cluster
    make bench-users ARGS="--users 10 10000 --cluster 100"

Works on a database made for this and removed afterwards: SQLite in a temporary folder, or, when DATABASE_URL names
one, that PostgreSQL database, which must be empty. With REDIS_URL jobs go by Redis. Rates are lifted: what is measured
is this program, not the patience that the services ask for.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.tables import table  # noqa: E402  # found beside this script

DUE_AT_MOST = 10_000
"""Users due in one minute; more than live in this program's largest installation that is thought of."""

PLAYS_EACH = 24
LATENCY_MS = 100
SAMPLES = 20
PATIENCE = 900
BATCH = 5_000
HOUR = 3600
SCHEDULE_HOURS = 6


def prepare(folder: Path, **env: str) -> None:
    """Set Django up on a database of its own."""
    os.environ |= {"VAR_DIR": str(folder), "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "bgmsync.settings", **env}
    import django  # noqa: PLC0415  # the settings are read from the environment above

    django.setup()
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    if User.objects.exists():
        sys.exit("The database that DATABASE_URL names has users. This fills it with made-up ones: name an empty one.")


def batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(rows)
    while part := list(islice(source, BATCH)):
        yield part


# the minute's dispatch


def add_users(count: int) -> None:
    """Add users up to *count*, connected, none of them due."""
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from trakt.models import TraktConfig  # noqa: PLC0415

    known, later = User.objects.count(), timezone.now() + timedelta(days=1)
    for part in batches(range(known, count)):
        users = User.objects.bulk_create([User(username=f"user{n}", password="!") for n in part])  # noqa: S106  # none
        configs = [TraktConfig(user=user, state="connected", next_run_at=later) for user in users]
        TraktConfig.objects.bulk_create(configs)


def measure_dispatch(users: int) -> dict[str, Any]:
    """Let up to 10,000 of *users* come due together, and time the dispatch that hands their runs to the queue."""
    from django.utils import timezone  # noqa: PLC0415
    from django_q.models import OrmQ  # noqa: PLC0415

    from sync import dispatch  # noqa: PLC0415
    from sync.models import SyncRun  # noqa: PLC0415
    from trakt.models import TraktConfig  # noqa: PLC0415

    add_users(users)
    idle = seconds_of(dispatch.start_due)
    due = TraktConfig.objects.order_by("-pk").values_list("pk", flat=True)[:DUE_AT_MOST]
    moment = timezone.now() - timedelta(minutes=1)
    for part in batches(due):
        TraktConfig.objects.filter(pk__in=part).update(next_run_at=moment)
    busy = seconds_of(dispatch.start_due)
    made = SyncRun.objects.count()
    SyncRun.objects.all()._raw_delete("default")  # noqa: SLF001  # nothing hangs on them; one statement
    OrmQ.objects.all().delete()
    return {"users": users, "due together": made, "seconds": busy, "seconds when none is due": idle}


def seconds_of(work: Any) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


# a real cluster


def world_of(count: int) -> Any:
    """Return the demo's world with *count* members, each with the same few plays."""
    from bgmsync.standins import DEMO_WORLD, World  # noqa: PLC0415

    world = World.load(DEMO_WORLD)
    trakt, bangumi = world.trakt.users[0], world.bangumi.users[0]
    few = {"plays": trakt.plays[:PLAYS_EACH], "ratings": [], "collection": [], "watchlist": [], "hidden": []}
    for n in range(count):
        tokens = {"access_token": token(n), "refresh_token": None}
        world.trakt.users.append(trakt.model_copy(update={"slug": f"m{n}", **few, **tokens}))
        mine = {"username": f"m{n}", "id": bangumi.id + 1 + n, "collections": [], **tokens}
        world.bangumi.users.append(bangumi.model_copy(update=mine))
    return world


def token(number: int) -> str:
    return f"access-token-of-member-{number:06}"


def add_members(count: int) -> None:
    """Add *count* users of this program, connected to the members of the world and none of them due."""
    from django.contrib.auth.models import User  # noqa: PLC0415

    from sync.models import BangumiAccount  # noqa: PLC0415
    from trakt.models import TraktConfig  # noqa: PLC0415

    users = User.objects.bulk_create([User(username=f"m{n}", password="!") for n in range(count)])  # noqa: S106  # none
    kept: dict[str, Any] = {"state": "connected"}
    TraktConfig.objects.bulk_create(
        [TraktConfig(user=u, access_token=token(n), ask_first=False, **kept) for n, u in enumerate(users)]
    )
    BangumiAccount.objects.bulk_create(
        [BangumiAccount(user=u, access_token=token(n), **kept) for n, u in enumerate(users)]
    )


@contextmanager
def cluster() -> Generator[None]:
    """Run this machine's workers as `up` does, without a schedule of their own."""
    from django_q.models import Schedule  # noqa: PLC0415

    Schedule.objects.all().delete()  # what is due is dispatched here, at a moment that is known
    process = subprocess.Popen([sys.executable, "-m", "bgmsync", "qcluster"], cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def all_at_once(name: str) -> dict[str, Any]:
    """Let all users come due together, and time until the last of their runs is over."""
    from django.utils import timezone  # noqa: PLC0415

    from sync import dispatch  # noqa: PLC0415
    from sync.models import SyncRun  # noqa: PLC0415
    from trakt.models import TraktConfig  # noqa: PLC0415

    before = set(SyncRun.objects.values_list("pk", flat=True))
    TraktConfig.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))
    started = time.monotonic()
    dispatch.start_due()
    mine = SyncRun.objects.exclude(pk__in=before)
    wait_until(lambda: not mine.filter(status__in=SyncRun.ACTIVE).exists())
    seconds = time.monotonic() - started
    ended = list(mine.values_list("status", "started_at", "finished_at"))
    took = [(end - begin).total_seconds() for _status, begin, end in ended if begin and end]
    an_hour = len(ended) / seconds * HOUR
    return {
        "runs": name,
        "number": len(ended),
        "succeeded": sum(status == SyncRun.Status.SUCCEEDED for status, _begin, _end in ended),
        "seconds": seconds,
        "runs an hour": round(an_hour),
        f"users at a {SCHEDULE_HOURS}-hour schedule": round(an_hour * SCHEDULE_HOURS),
        "a run, median": statistics.median(took),
        "× one request": statistics.median(took) / (LATENCY_MS / 1000),
    }


def measure_waiting() -> dict[str, Any]:
    """Ask for single runs of an idle cluster, and see how long each waits for a worker, and takes."""
    from django.contrib.auth.models import User  # noqa: PLC0415

    from sync import runs  # noqa: PLC0415
    from sync.models import SyncRun  # noqa: PLC0415

    waited, took = [], []
    for user in User.objects.filter(username__startswith="m").order_by("pk")[:SAMPLES]:
        run, _new = runs.request(user, SyncRun.Trigger.BUTTON)
        wait_until(lambda run=run: not SyncRun.objects.filter(pk=run.pk, status__in=SyncRun.ACTIVE).exists())
        made, began, ended = SyncRun.objects.values_list("created_at", "started_at", "finished_at").get(pk=run.pk)
        waited.append((began - made).total_seconds())
        took.append((ended - began).total_seconds())
    ordered = sorted(waited)
    return {
        "single runs": len(waited),
        "waits, median s": statistics.median(waited),
        "waits, 95 %": ordered[int(len(ordered) * 0.95) - 1],
        "a run, median s": statistics.median(took),
        "× one request": statistics.median(took) / (LATENCY_MS / 1000),
    }


def wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit("The cluster did not end its runs.")
        time.sleep(0.02)


def measure_cluster(members: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    add_members(members)
    with cluster():
        first = all_at_once("first syncs")
        again = all_at_once("nothing new")
        return [first, again], measure_waiting()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, nargs="*", default=[10, 10_000, 1_000_000])
    parser.add_argument("--cluster", type=int, default=300, help="users whose runs go through a real cluster; 0: none")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    if options.cluster:
        from bgmsync.standins import StandIns  # noqa: PLC0415

        with (
            tempfile.TemporaryDirectory() as folder,
            StandIns(world_of(options.cluster), latency_ms=LATENCY_MS) as services,
        ):
            env = {f"{name.upper()}_URL": address for name, address in services.urls.items()}
            app = services.hub.world.trakt.apps[0].client_id
            prepare(Path(folder), TRAKT_CLIENT_ID=app, TRAKT_RATE="0", BANGUMI_RATE="0", **env)
            runs, waiting = measure_cluster(options.cluster)
            tell({"cluster": runs, "waiting": [waiting]}, as_json=options.json)
    elif options.users:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder))
            tell({"dispatch": [measure_dispatch(users) for users in options.users]}, as_json=options.json)


def tell(tables: dict[str, list[dict[str, Any]]], *, as_json: bool) -> None:
    print(json.dumps(tables) if as_json else "\n\n".join(table(rows) for rows in tables.values()))


if __name__ == "__main__":
    main()
