from __future__ import annotations

from tests.admin.conftest import alice, app, bob, olga, queued, root, rows

__all__ = ["alice", "app", "bob", "olga", "queued", "root", "rows"]
