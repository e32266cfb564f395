"""A backup in the place of the database, which is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from bgmsync.backup.errors import BackupError
from bgmsync.backup.restoring import Restored, restore
from bgmsync.shared.command import TAG, ProductCommand

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = (
        "Puts a backup in the place of the database, migrated to this version, and keeps the present one beside it. "
        "Stop the web server and the workers first. What can't be restored changes nothing."
    )
    requires_system_checks = (TAG,)  # not that of the schema: restoring is what mends a database that is too new

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, help="as `backup` wrote it; only from somebody you trust")
        parser.add_argument("--yes", action="store_true", help="replace a database that has users in it")
        parser.add_argument(
            "--force", action="store_true", help="the workers that were alive within the last minutes are dead for sure"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            done = restore(options["file"], replace=options["yes"], force=options["force"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        self.result(_data(done), _text(done), as_json=options["json"])


def _data(done: Restored) -> dict[str, Any]:
    manifest = done.manifest.model_dump(mode="json", include={"version", "made_at", "rows"})
    secrets = {
        "reconnect": done.secrets.connections,
        "lost_secrets": dict(done.secrets.others),
        "reencrypted": done.secrets.rewritten,
    }
    return {**manifest, "migrated": done.migrated, "kept": done.kept or None, **secrets}


def _text(done: Restored) -> str:
    manifest, secrets = done.manifest, done.secrets
    when = f"{manifest.made_at:%Y-%m-%d %H:%M:%S %Z}"
    lines = [
        f"Restored what bgmsync {manifest.version} held at {when}: {sum(manifest.rows.values()):,} rows, all there."
    ]
    if done.migrated:
        lines.append(f"Brought up to this version by {len(done.migrated)} migrations; no user, run or item was lost.")
    if secrets.rewritten:
        lines.append(f"{secrets.rewritten} tokens were encrypted anew, with the keys of this installation.")
    if secrets.connections:
        lines.append(
            f"{secrets.connections} connections can't be read with these keys: their users must reconnect. If you "
            "still have the old key, add it to TOKEN_KEYS and restore again."
        )
    if secrets.others:
        what = ", ".join(f"{count} of {name}" for name, count in secrets.others.items())
        lines.append(f"Other secrets can't be read with these keys and are empty now; enter them again: {what}.")
    if done.kept:
        lines.append(f"The database that was here before is kept: {done.kept}")
    return "\n".join([*lines, "Start the program again with: manage.py up"])
