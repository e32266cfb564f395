"""What somebody who helps needs to know, in one file that can be posted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.utils import timezone

from bgmsync.shared.command import SCHEMA, TAG, ProductCommand
from bgmsync.watching.support import bundle

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    requires_system_checks = (TAG, SCHEMA)  # not that of the keys: the bundle tells of them
    help = (
        "Writes a support bundle: versions, which settings are set, checks, migrations, counts, the last runs and log "
        "lines. It holds no secret, no name and no title, so that you can attach it where others read it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--output", type=Path, metavar="FILE.zip", help="a name that is still free (default: here, named by time)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        file = options["output"] or Path(f"bgmsync-support-{timezone.now():%Y%m%d-%H%M%S}.zip")
        try:
            with file.open("xb") as target:
                target.write(bundle())
        except FileExistsError:
            raise CommandError(f"{file} exists already; nothing was written. Choose another name.") from None
        except OSError as error:
            raise CommandError(f"{file} could not be written: {error.strerror}.") from None
        size = file.stat().st_size
        self.result({"file": str(file), "size": size}, f"{file}: {size:,} bytes.", as_json=options["json"])
