"""Says at the end what the machines did."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("passed", []):
        for name, told in report.user_properties:
            if name == "machines":
                terminalreporter.write_line(told)
