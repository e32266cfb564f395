"""Keep the database of the present version, so that later ones are tried on it: `make freeze-schema`, at a release.

Run as a program it migrates an empty database, adds a few rows by the models of this version, and writes all of it as
SQL; ``--to FILE`` writes it elsewhere. :func:`thaw` makes a database of such a file again, without any of today's code.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

SCHEMAS = Path(__file__).parent / "schemas"
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
"""Encrypts the tokens of frozen databases; it guards nothing."""
TOKEN = "frozen-token"  # likewise


def frozen() -> list[Path]:
    """Return the databases of the released versions."""
    return sorted(SCHEMAS.glob("*.sql.gz"))


def thaw(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(target)) as database:
        database.executescript(gzip.decompress(source.read_bytes()).decode())


def multiply(path: Path, items: int) -> None:
    """Make the items of a thawed database many, by copying those that it has, whatever columns the version had."""
    with closing(sqlite3.connect(path)) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(sync_syncitem)") if row[1] != "id"]
        values = [f"{name} || '-' || n" if name == "source_key" else name for name in columns]
        (few,) = database.execute("SELECT count(*) FROM sync_syncitem").fetchone()
        database.execute(
            f"""
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {items // few + 1})
            INSERT INTO sync_syncitem ({", ".join(columns)})
            SELECT {", ".join(values)} FROM sync_syncitem, numbers LIMIT {items - few}
            """  # noqa: S608  # its own columns
        )


def freeze(target: Path) -> None:
    """Write the present version's database to *target*; Django must be set up on an empty one."""
    from django.core.management import call_command  # noqa: PLC0415  # once Django is set up
    from django.db import connection  # noqa: PLC0415  # likewise

    call_command("migrate", verbosity=0)
    add_rows()
    name = connection.settings_dict["NAME"]
    connection.close()
    with closing(sqlite3.connect(name)) as database:
        text = "\n".join(database.iterdump())
    target.write_bytes(gzip.compress(text.encode(), mtime=0))


def add_rows() -> None:
    """Add a user with connections, runs, and an item of each kind in each state."""
    from django.contrib.auth.models import User  # noqa: PLC0415  # once Django is set up

    from bgmsync.shared.models import ConnectionState  # noqa: PLC0415  # likewise
    from sync.models import BangumiAccount, Subject, SubjectPlan, SyncItem, SyncRun, Written  # noqa: PLC0415  # likewise
    from trakt.models import Title, TraktConfig  # noqa: PLC0415  # likewise

    user = User.objects.create_user("mia")
    for model in (TraktConfig, BangumiAccount):
        row, _made = model.objects.get_or_create(user=user)
        row.access_token, row.state = TOKEN, ConnectionState.CONNECTED
        row.save()
    run = SyncRun.objects.create(user=user, trigger=SyncRun.Trigger.BUTTON, status=SyncRun.Status.SUCCEEDED)
    run.log("Read %(count)s plays.", count=1)
    Subject.objects.create(id=51, name="CLANNAD")
    SubjectPlan.objects.create(run=run, user=user, subject_id=51)
    Written.objects.create(user=user, subject_id=51, type=3)
    title = Title.objects.create(kind=Title.Kind.SHOW, trakt_id=1, title="Clannad", genres=["anime"])
    for kind in SyncItem.Kind:
        for state in SyncItem.State:
            key = f"{kind}-{state}"
            SyncItem.objects.create(
                user=user, run=run, title=title, kind=kind, state=state, source_key=key, season=1, number=2
            )


def main() -> int:
    from bgmsync import __version__  # noqa: PLC0415  # of use here alone

    parser = argparse.ArgumentParser(description="Keep the database of this version, at its release.")
    parser.add_argument("--to", type=Path, default=SCHEMAS / f"{__version__}.sql.gz")
    target = parser.parse_args().to
    if target.exists():
        print(f"{target} exists. What was released is never frozen anew.", file=sys.stderr)  # noqa: T201  # a program
        return 1
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "TOKEN_KEYS": KEY, "DJANGO_SETTINGS_MODULE": "bgmsync.settings"}
        os.environ.pop("DATABASE_URL", None)
        import django  # noqa: PLC0415  # once the environment says which database

        django.setup()
        freeze(target)
    print(target)  # noqa: T201  # a program
    return 0


if __name__ == "__main__":
    sys.exit(main())
