"""Measure all that docs/performance.md tells, and write its tables anew.

    make bench-performance                            about half an hour on two cores
    make bench-performance ARGS="--plays 100 1000 --users 10 10000 --members 50"

Each part runs as a program of its own, one after the other, so that none shares memory or processor with another.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.tables import put, table  # noqa: E402  # found beside this script

PAGE = ROOT / "docs" / "performance.md"


def measured(*arguments: str) -> Any:
    """Run another program of this folder and return what it found."""
    done = subprocess.run(  # noqa: S603  # our own programs
        [sys.executable, *arguments, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plays", nargs="*", default=["100", "1000", "5000", "10000", "100000"])
    parser.add_argument("--users", nargs="*", default=["10", "10000", "1000000"])
    parser.add_argument("--members", default="300")
    options = parser.parse_args()
    first, users = "bench/first_sync.py", "bench/many_users.py"
    tables = {
        "first-sync": lambda: measured(first, "--plays", *options.plays),
        "other-ways": lambda: measured(first, "--plays", "1000", "--compare"),
        "dispatch": lambda: measured(users, "--cluster", "0", "--users", *options.users)["dispatch"],
    }
    for name, measure in tables.items():
        keep(name, measure())
    through = measured(users, "--cluster", options.members)
    keep("cluster", through["cluster"])
    keep("waiting", through["waiting"])


def keep(name: str, rows: list[dict[str, Any]]) -> None:
    print(f"{name}\n\n{table(rows)}\n", flush=True)
    put(PAGE, name, rows)


if __name__ == "__main__":
    main()
