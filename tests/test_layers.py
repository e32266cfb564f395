from __future__ import annotations

from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent


def test_imports_go_one_way(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0


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
