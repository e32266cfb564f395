"""``bgmsync …`` is ``manage.py …`` for those who installed the package."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from bgmsync import __version__


def main() -> None:
    if sys.argv[1:] == ["--version"]:  # Django would say its own
        sys.stdout.write(f"bgmsync {__version__}\n")
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgmsync.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
