"""The admin's pages about syncing, a file a model."""

from __future__ import annotations

from sync.admin import account, config, item, override, run, subject

__all__ = ["account", "config", "item", "override", "run", "subject"]
