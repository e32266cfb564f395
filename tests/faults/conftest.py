"""The fault suite drives the same installation as the end-to-end tests."""

from __future__ import annotations

from tests.e2e.conftest import connected, install, install_apart

__all__ = ["connected", "install", "install_apart"]
