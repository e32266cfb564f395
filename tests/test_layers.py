from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_imports_go_one_way():
    """In a process of its own: called here, it would switch off every logger of the tests that come after it."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as go; go()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_two_files_import_the_queue():
    elsewhere = [
        path
        for package in ("bgmsync", "trakt", "sync")
        for path in (ROOT / package).rglob("*.py")
        if "import django_q" in (text := path.read_text()) or "from django_q" in text
    ]
    assert [path.relative_to(ROOT).as_posix() for path in sorted(elsewhere)] == [
        "sync/cluster.py",  # works off the jobs
        "sync/queue.py",  # hands them over
    ]
