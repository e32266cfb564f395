"""The admin's pages about syncing, a file a model."""

from __future__ import annotations

from sync.admin import account, channel, config, item, override, parity, run, snapshot, subject

__all__ = ["account", "channel", "config", "item", "override", "parity", "run", "snapshot", "subject"]
