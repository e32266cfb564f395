"""Run a command with PostgreSQL and Redis at hand, and stop them afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers import postgres, redis


def main() -> int:
    with postgres.server() as databases, redis.server() as queues:
        env = os.environ | {"TEST_POSTGRES": databases, "TEST_REDIS": queues}
        return subprocess.run(sys.argv[1:], env=env, check=False).returncode


if __name__ == "__main__":
    missing = [*postgres.missing(), *redis.missing()]
    if missing:
        told = f"The tests on PostgreSQL and Redis are left out: there is no {', '.join(missing)}."
        sys.exit(told) if os.environ.get("CI") else sys.stderr.write(f"{told}\n")
    else:
        sys.exit(main())
