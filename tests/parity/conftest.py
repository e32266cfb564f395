"""The same installations as those of the other end-to-end tests."""

from __future__ import annotations

from tests.e2e.conftest import install

__all__ = ["install"]
