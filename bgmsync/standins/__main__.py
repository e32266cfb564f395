"""Run the stand-ins in a process of their own: ``python -m bgmsync.standins --world FILE``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from bgmsync.standins import DEMO_WORLD, StandIns, World


def main() -> None:
    """Print the addresses as one line of JSON, then serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m bgmsync.standins", description="Stand-ins of Trakt and Bangumi.")
    parser.add_argument("--world", type=Path, default=DEMO_WORLD, help="a world's JSON file")
    parser.add_argument("--trakt-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--bangumi-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="milliseconds added to each answer")
    asked = parser.parse_args()
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before any thread starts: all of them leave these to sigwait
    standins = StandIns(
        World.load(asked.world),
        trakt_port=asked.trakt_port,
        bangumi_port=asked.bangumi_port,
        latency_ms=asked.latency,
    )
    with standins:
        sys.stdout.write(json.dumps(standins.urls) + "\n")
        sys.stdout.flush()
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
