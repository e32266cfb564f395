"""What a first sync costs: requests, seconds and memory, against the least time that its own requests need.

    make bench-sync                          1,000 and 5,000 plays, 100 ms latency on both services
    make bench-sync ARGS="--plays 1000 --latency 0"
    make bench-sync ARGS="--compare"         and two other ways of doing the first of them

The worlds are made of real anime (../shared/data); the services are the stand-ins on loopback, so the floor is
requests × latency ÷ 8, with 8 requests in flight. Quote the ratio: seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.baselines import compare  # noqa: E402
from bench.tables import table  # noqa: E402
from bgmsync.standins import StandIns, World  # noqa: E402  # found beside this script
from tests.e2e.installation import Installation, adds_up  # noqa: E402
from tests.worlds import Truth, make_world  # noqa: E402

IN_FLIGHT = 8
SUBJECTS = {1_000: 100, 5_000: 451}
"""How many subjects so many plays are of, as in the target that was set; elsewhere as many as the last of these."""
SHOWS_PER_SUBJECT = 0.34
"""Several subjects come of a show, and films besides."""


def world_of(plays: int, seed: int) -> tuple[World, Truth]:
    subjects = SUBJECTS.get(plays, max(plays * SUBJECTS[5_000] // 5_000, 4))
    return make_world(seed, shows=max(int(subjects * SHOWS_PER_SUBJECT), 2), plays=plays)


def measure(plays: int, latency_ms: int, seed: int) -> dict[str, Any]:
    """Make a world, sync it once and then again, and return what that cost."""
    world, truth = world_of(plays, seed)
    with tempfile.TemporaryDirectory() as folder, StandIns(world, latency_ms=latency_ms) as standins:
        installation = Installation(Path(folder), standins).connect()
        before = installation.marks()
        first, peak = _timed_sync(installation)
        marks = {s: episodes - before.get(s, set()) for s, episodes in installation.marks().items()}
        again, _peak = _timed_sync(installation)
        stored = sum(file.stat().st_size for file in Path(folder).glob("db.sqlite3*"))
    requests = sum(first["requests"].values())
    floor = requests * latency_ms / 1000 / IN_FLIGHT
    return {
        "plays": plays,
        "subjects": sum(1 for episodes in marks.values() if episodes),
        "right": f"{truth.share_right({s: marks.get(s, set()) | before.get(s, set()) for s in marks}):.2%}",
        "wrong": len(truth.wrong(marks)),
        "adds up": adds_up(first),
        "trakt": first["requests"]["trakt"],
        "bangumi": first["requests"]["bangumi"],
        "seconds": first["seconds"],
        "least seconds": round(floor, 1),
        "× least": round(first["seconds"] / floor, 2) if floor else None,
        "MB of memory": peak,
        "MB of database": round(stored / 1e6, 1),
        "again": f"{again['requests']['trakt']} + {again['requests']['bangumi']} requests, {again['writes']} writes",
    }


def compare_ways(plays: int, latency_ms: int, seed: int) -> list[dict[str, Any]]:
    """Carry the same world over by this program and by two clients that know every match beforehand."""
    world, truth = world_of(plays, seed)
    ours = measure(plays, latency_ms, seed)
    rows = [{"way": "bgmsync", "requests": ours["trakt"] + ours["bangumi"], "seconds": ours["seconds"]}]
    for way, at_once, batches in (
        ("knows every answer, in batches, 8 at once", IN_FLIGHT, True),
        ("one request an episode, 8 at once", IN_FLIGHT, False),
        ("in batches, one at a time", 1, True),
    ):
        with StandIns(world, latency_ms=latency_ms) as standins:
            rows.append({"way": way} | compare(world, truth, standins, at_once=at_once, batches=batches))
    return [row | {"× bgmsync": row["seconds"] / ours["seconds"]} for row in rows]


def _timed_sync(installation: Installation) -> tuple[dict[str, Any], int]:
    """Sync once; return the summary and the peak of resident memory, in MB."""
    process = installation.start("sync", installation.user, "--json")
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
    watcher.start()
    out, _err = process.communicate()
    return json.loads(out), peak[0]


def _watch(pid: int, peak: list[int]) -> None:
    """Note the high-water mark as long as the process lives; getrusage would count this script's own memory in."""
    while True:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        if not found:
            return
        peak[0] = max(peak[0], int(found[0]) // 1024)
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plays", type=int, nargs="*", default=[1000, 5000])
    parser.add_argument("--latency", type=int, default=100, help="milliseconds (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compare", action="store_true", help="carry the first over in two other ways as well")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if not (ROOT.parent / "shared" / "data").exists():
        sys.exit("This needs ../shared/data beside the project; it is not there.")
    if options.compare:
        rows = compare_ways(options.plays[0], options.latency, options.seed)
    else:
        rows = [measure(plays, options.latency, options.seed) for plays in options.plays]
    print(json.dumps(rows) if options.json else table(rows))


if __name__ == "__main__":
    main()
