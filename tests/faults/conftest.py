"""The fault suite drives the same installation as the end-to-end tests, and tells at the end how much it tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.conftest import connected, install, install_apart

if TYPE_CHECKING:
    import pytest

__all__ = ["connected", "install", "install_apart"]

COUNTED = ("faults", "kills", "sequences", "steps", "states")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many faults and kills were tried, and how many tests failed."""
    stats = terminalreporter.stats
    reports = [report for outcome in ("passed", "failed") for report in stats.get(outcome, [])]
    tried = {name: sum(n for r in reports for key, n in r.user_properties if key == name) for name in COUNTED}
    if any(tried.values()):
        counts = ", ".join(f"{name} tried: {number}" for name, number in tried.items())
        failed = len(stats.get("failed", [])) + len(stats.get("error", []))
        terminalreporter.write_line(f"{counts}, tests failed: {failed}")
